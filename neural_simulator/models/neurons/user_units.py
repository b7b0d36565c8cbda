"""Units of a user's equations: what is added, compared, assigned or handed to a function must agree.

A unit is a power of ten and powers of mV, ms, pA, um, mM, degrees and steps; nS is pA/mV, pF is pA ms/mV. A plain
number is a factor without a unit in products and quotients, and takes the unit of what it is added to or compared with,
as in `v + 40`. A unit's name stands for 1 of it: `0.04 / (mV * ms)` is a constant with a unit, and `v / mV` is a number
that a published fit may do anything with.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

BASE = ("mV", "ms", "pA", "um", "mM", "C", "steps")
Unit = tuple[Fraction, ...]              # exponents of 10, then of BASE
Found = Unit | None                      # None: a plain number, which may still take any unit


def _unit(tens: int = 0, **powers: int) -> Unit:
    return tuple(Fraction(p) for p in (tens, *(powers.get(name, 0) for name in BASE)))


PLAIN = _unit()
UNITS: dict[str, Unit] = {
    "1": PLAIN, "mV": _unit(mV=1), "ms": _unit(ms=1), "pA": _unit(pA=1), "nA": _unit(3, pA=1), "uA": _unit(6, pA=1),
    "nS": _unit(pA=1, mV=-1), "mS": _unit(6, pA=1, mV=-1), "pF": _unit(pA=1, ms=1, mV=-1),
    "uF": _unit(6, pA=1, ms=1, mV=-1), "MOhm": _unit(-3, mV=1, pA=-1), "Hz": _unit(-3, ms=-1), "um": _unit(um=1),
    "cm": _unit(4, um=1), "mM": _unit(mM=1), "uM": _unit(-3, mM=1), "C": _unit(C=1), "degC": _unit(C=1),
    "steps": _unit(steps=1)}
# Those that may stand in equations, where "C" is everybody's capacitance.
WORDS = frozenset(UNITS) - {"1", "C", "steps"}


def times(a: Unit, b: Unit, power: int | Fraction = 1) -> Unit:
    """The unit of x y^power."""
    return tuple(p + power * q for p, q in zip(a, b, strict=True))


def read(text: str) -> Unit:
    """The unit that a declaration names, such as 'nS/mV', '1/ms' or 'uA/cm2'."""
    found = PLAIN
    for place, part in enumerate(text.split("/") if text else ()):
        power = int(part[-1]) if part[-1:] in ("2", "3") else 1
        name = part[:-1] if power > 1 else part
        found = times(found, UNITS[name], power if place == 0 else -power)
    return found


def name_of(unit: Found) -> str:
    """What a unit is called in a sentence."""
    if unit is None or unit == PLAIN:
        return "a plain number"
    for name, known in UNITS.items():
        if known == unit:
            return name
    if unit[0]:
        return f"10^{unit[0]} {name_of((Fraction(0), *unit[1:]))}"
    plain = [(name, known) for name, known in UNITS.items() if not known[0]]
    for name, known in plain:
        over = next((other for other, under in plain if other != "1" and times(known, under, -1) == unit), None)
        if over:
            return f"{name}/{over}"
    parts = [f"{base}{'' if abs(p) == 1 else abs(p)}" for base, p in zip(BASE, unit[1:], strict=True) if p > 0]
    under = [f"{base}{'' if abs(p) == 1 else abs(p)}" for base, p in zip(BASE, unit[1:], strict=True) if p < 0]
    return "/".join([" ".join(parts) or "1", *under])


@dataclass(frozen=True)
class Mismatch(Exception):
    """Where units do not agree, and how."""

    node: ast.AST
    reason: str


# ---- the words of the grammar ---------------------------------------------------------------------------
# Of each word: the units of its arguments and of its result. A letter is any unit, the same wherever it stands again.
_SIGNATURES: dict[str, tuple[tuple[str, ...], str]] = {
    **{word: (("1",), "1") for word in ("exp", "log", "tanh", "exprel_inverse", "share", "f32")},
    **{word: (("a",), "a") for word in ("fabs", "flush")},
    **{word: (("a", "a"), "a") for word in ("fmin", "fmax")},
    "boltzmann": (("a", "a", "a"), "1"), "gate": (("1", "a", "a", "1/a"), "1"), "relax": (("a", "a", "1"), "a"),
    "bounded": (("mV",), "mV"), "membrane": (("mV", "a", "a*mV", "1/a"), "mV"),
    "curved_membrane": (("mV", "a", "a*mV", "a", "1/a"), "mV")}


class Units:
    """Follows the units through the functions of one text."""

    def __init__(self, functions: Mapping[str, Any], constants: Mapping[str, Found], words: Mapping[str, Callable]):
        self._functions, self._constants, self._words = functions, constants, words
        self._done: dict[tuple[str, tuple[Found, ...]], tuple[Found, ...]] = {}

    def results(self, name: str, given: tuple[Found, ...]) -> tuple[Found, ...]:
        """The units of what function `name` returns for arguments in these units; raises Mismatch."""
        key = name, given
        if key not in self._done:
            self._done[key] = _Walk(self, self._functions[name], given).results()
        return self._done[key]

    def constant(self, name: str) -> Found:
        return self._constants[name]

    def has_constant(self, name: str) -> bool:
        return name in self._constants

    def is_own(self, name: str) -> bool:
        return name in self._functions

    def argument_names(self, word: str) -> list[str]:
        """What a word of the grammar calls its arguments."""
        return list(inspect.signature(self._words[word]).parameters)


class _Walk:
    """One way through a function: the unit of every name, statement by statement."""

    def __init__(self, units: Units, function: Any, given: tuple[Found, ...]):
        self.units, self.function = units, function
        self.of: dict[str, Found] = dict(zip(function.arguments, given, strict=True))
        self.returned: list[Found] | None = None

    def results(self) -> tuple[Found, ...]:
        self._block(self.function.node.body)
        return tuple(self.returned or ())

    # ---- statements
    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for node in statements:
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self._assign(node)
        elif isinstance(node, ast.AugAssign):
            assert isinstance(node.target, ast.Name)
            self._give(node, node.target.id, self._operation(node, node.op, node.target, node.value))
        elif isinstance(node, ast.Return):
            self._return(node)
        elif isinstance(node, ast.If):
            self._expression(node.test)
            before = dict(self.of)
            self._block(node.body)
            first, self.of = self.of, before
            self._block(node.orelse)
            for name, unit in first.items():
                self._give(node, name, unit)
        elif isinstance(node, ast.For):
            seen: dict[str, Found] | None = None
            while seen != self.of:           # what a turn leaves is what the next one begins with
                seen = dict(self.of)
                self._block(node.body)

    def _assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            return self._give(node, target.id, self._expression(node.value))
        assert isinstance(target, ast.Tuple)
        found = self._several(node.value)
        for name, unit in zip(target.elts, found, strict=False):
            assert isinstance(name, ast.Name)
            self._give(node, name.id, unit)

    def _several(self, node: ast.expr) -> Sequence[Found]:
        if isinstance(node, ast.Tuple):
            return [self._expression(each) for each in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and self.units.is_own(node.func.id):
            return self._own(node, node.func.id)
        return [self._expression(node)]

    def _give(self, node: ast.AST, name: str, unit: Found) -> None:
        """A name keeps its unit; a plain number fits any, until it has met one."""
        now = self.of.get(name)
        if now is not None and unit is not None and now != unit:
            raise Mismatch(node, f"{name} is in {name_of(now)} above, but gets a value in {name_of(unit)} here")
        self.of[name] = now if unit is None else unit

    def _return(self, node: ast.Return) -> None:
        assert node.value is not None
        found = list(self._several(node.value))
        if self.returned is None:
            self.returned = found
            return
        for place, (now, unit) in enumerate(zip(self.returned, found, strict=False)):
            if now is not None and unit is not None and now != unit:
                raise Mismatch(node, f"result {place + 1} of {self.function.name} is in {name_of(now)} above, but in "
                                     f"{name_of(unit)} here")
            self.returned[place] = unit if now is None else now

    # ---- expressions
    def _expression(self, node: ast.expr) -> Found:
        if isinstance(node, ast.Constant):
            return None
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.BinOp):
            return self._operation(node, node.op, node.left, node.right)
        if isinstance(node, ast.UnaryOp):
            return self._expression(node.operand)
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                self._expression(value)
            return None
        if isinstance(node, ast.Compare):
            self._same(node, node.left, node.comparators[0], "compared")
            return None
        if isinstance(node, ast.IfExp):
            self._expression(node.test)
            return self._same(node, node.body, node.orelse, "chosen from")
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        own = self.units.is_own(node.func.id)
        return self._own(node, node.func.id)[0] if own else self._word(node, node.func.id)

    def _name(self, name: str) -> Found:
        if name in self.of:
            return self.of[name]
        return self.units.constant(name) if self.units.has_constant(name) else UNITS[name]

    def _operation(self, node: ast.AST, operator: ast.operator, left: ast.expr, right: ast.expr) -> Found:
        if isinstance(operator, (ast.Add, ast.Sub)):
            return self._same(node, left, right, "added" if isinstance(operator, ast.Add) else "subtracted")
        a = self._expression(left)
        if isinstance(operator, ast.Pow):
            power = _literal(right)
            return None if a is None or power is None else times(PLAIN, a, power)
        b = self._expression(right)
        if a is None and b is None:
            return None
        return times(a or PLAIN, b or PLAIN, 1 if isinstance(operator, ast.Mult) else -1)

    def _same(self, node: ast.AST, left: ast.expr, right: ast.expr, what: str) -> Found:
        a, b = self._expression(left), self._expression(right)
        if a is not None and b is not None and a != b:
            raise Mismatch(node, f"{_shown(left)} is {_in(a)}, but {_shown(right)} is {_in(b)}; what is {what} must "
                                 f"have the same unit: {_shown(node)}")
        return b if a is None else a

    def _own(self, node: ast.Call, name: str) -> tuple[Found, ...]:
        try:
            return self.units.results(name, tuple(self._expression(argument) for argument in node.args))
        except Mismatch as error:
            called = f"(called from line {node.lineno})"
            if "called from line" in error.reason:
                raise
            raise Mismatch(error.node, f"{error.reason} {called}") from None

    def _word(self, node: ast.Call, word: str) -> Found:
        if word in ("sqrt", "power"):
            return self._root(node, word)
        wanted, result = _SIGNATURES[word]
        found: dict[str, Unit] = {}
        given = [None if isinstance(argument, ast.Name) and argument.id not in self.of and word == "f32"
                 else self._expression(argument) for argument in node.args]
        for pattern, unit in sorted(zip(wanted, given, strict=True), key=lambda each: len(each[0])):
            if pattern == "a" and unit is not None:
                found.setdefault("a", unit)
        names = self.units.argument_names(word)
        for place, (pattern, unit) in enumerate(zip(wanted, given, strict=True)):
            must = _expected(pattern, found)
            if unit is not None and must is not None and unit != must:
                raise Mismatch(node, f"{_shown(node.args[place])} is {_in(unit)}, but the {names[place]} of {word} "
                                     f"must be {_in(must)} here: {_shown(node)}")
        return _expected(result, found)

    def _root(self, node: ast.Call, word: str) -> Found:
        a = self._expression(node.args[0])
        exponent: Fraction | None = Fraction(1, 2)
        if word == "power":
            b = self._expression(node.args[1])
            if b is not None and b != PLAIN:
                raise Mismatch(node, f"{_shown(node.args[1])} is {_in(b)}, but an exponent must be a plain number: "
                                     f"{_shown(node)}")
            exponent = _literal(node.args[1])
        if a is None or a == PLAIN:
            return a if word == "sqrt" else PLAIN
        if exponent is None:
            raise Mismatch(node, f"{_shown(node.args[0])} is {_in(a)}, but what is raised to a computed power must be "
                                 f"a plain number; divide by its unit first: {_shown(node)}")
        return times(PLAIN, a, exponent)


def _expected(pattern: str, found: Mapping[str, Unit]) -> Found:
    if pattern == "1":
        return PLAIN
    if "a" not in pattern:
        return UNITS[pattern]
    unit = found.get("a")
    if unit is None or pattern == "a":
        return unit
    return times(PLAIN, unit, -1) if pattern == "1/a" else times(unit, UNITS["mV"])


def _literal(node: ast.expr) -> Fraction | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _literal(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) <= 8:
        return Fraction(node.value).limit_denominator(100)
    return None


def _in(unit: Found) -> str:
    name = name_of(unit)
    return name if name == "a plain number" else f"in {name}"


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node).splitlines()[0]
    return repr(text if len(text) <= 60 else text[:57] + "...")

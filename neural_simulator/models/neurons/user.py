"""Neuron models that users write: one text of equations and a declaration, read but never run as a program.

The text is parsed, every node of its tree is compared with a list of what is allowed, and only then do its functions
become Python functions, in a scope that holds the words of the grammar and nothing else. No attribute, subscript,
import, string or call of anything but words and the text's own earlier functions gets through, so an equation can
compute but reach nothing; loops have fixed lengths and the work of a step is bounded, so it cannot run for ever.
"""

from __future__ import annotations

import ast
import inspect
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

from ...base import grammar
from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.errors import ConfigurationError, GrammarError
from .. import kinetics, membrane
from ..exactly import exactly
from ..receptors import RECEPTORS
from . import user_units as units

MAX_TEXT = 65_536              # characters of a text
MAX_DEPTH = 60                 # of nested expressions and statements
MAX_TURNS = 1000               # of one loop
MAX_WORK = 20_000              # operations of one step, loops and calls included
MAX_SIZE = 5_000               # operations in a step's code once all calls are written out
MAX_STATES, MAX_PARAMS, MAX_PRESETS, MAX_FUNCTIONS = 32, 64, 64, 64

WORDS: dict[str, Callable] = {word.__name__: word for word in (
    kinetics.exp, kinetics.log, kinetics.tanh, kinetics.power, kinetics.exprel_inverse, kinetics.boltzmann,
    kinetics.flush, grammar.sqrt, grammar.fabs, grammar.fmin, grammar.fmax, grammar.f32,
    membrane.share, membrane.gate, membrane.relax, membrane.bounded, membrane.membrane, membrane.curved_membrane)}
WORD_ARGUMENTS = {"sqrt": 1, "fabs": 1, "fmin": 2, "fmax": 2, "f32": 1}        # the built-in words; others are asked
GIVEN = ("dt", "i_ext", "g_syn", "j_syn")
PORTS: dict[tuple[str, ...], tuple[str, ...]] = {("arrived",): ("arrived",),
                                                 ("exc", "inh"): ("arrived_exc", "arrived_inh")}

# Names that the generated texts (Python for the CPU, C++ for the device) use themselves.
_CPP = """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const
consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double
dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace new
noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return short
signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor xor_eq threadIdx blockIdx blockDim gridDim
warpSize u64 restrict main linux unix"""
_WORDS_OF_TEXTS = "nb np i32 u32 flag range inlined mulhi float_from_bits bits_from_float ticks philox OPT OPTIONS"
_DECLARED_IN_TEXTS = """first last origin parameters scale current weight counts acc fired count flags j t trace start
currents deliveries step spiked arrived model population receptor decay_conductance states"""
RESERVED = frozenset([*_CPP.split(), *_WORDS_OF_TEXTS.split(), *keyword.kwlist, *keyword.softkwlist])
RESERVED_DECLARED = RESERVED | frozenset(_DECLARED_IN_TEXTS.split())
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_KERNELS_OWN = re.compile(r"[A-Z][A-Z0-9_]{3,}")
_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,31}")
_UNIT = re.compile(r"(1|mV|ms|pA|nA|uA|nS|mS|pF|uF|MOhm|Hz|um|cm|mM|uM|C|steps)[23]?")

_STATEMENTS = (ast.Assign, ast.AugAssign, ast.Return, ast.If, ast.For, ast.Break)
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.Not, ast.And, ast.Or, ast.Lt, ast.LtE, ast.Gt,
              ast.GtE, ast.Eq, ast.NotEq)


@dataclass(frozen=True)
class UserModel:
    """A model that a user wrote: its declaration, the text it was read from, and the file where that is kept."""

    model: NeuronModel
    text: str
    path: Path | None = None


def read_model(text: str, name: str = "model") -> NeuronModel:
    """Return the neuron model that `text` declares; `name` says in errors which text it was.

    Raises GrammarError, with the line, for anything that is not in the grammar or does not fit together.
    """
    return _Reader(text, name).read()


class _Reader:
    """Reads one text from top to bottom."""

    def __init__(self, text: str, name: str):
        self.text, self.name = text, name
        self.constants: dict[str, float] = {}
        self.units: dict[str, units.Found] = {}         # of the constants
        self.functions: dict[str, _Function] = {}
        self.declared: ast.Call | None = None

    def refuse(self, node: ast.AST | int, reason: str) -> GrammarError:
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return GrammarError(f"{self.name}, line {line}: {reason}.", line)

    def read(self) -> NeuronModel:
        tree = self._parse()
        for position, node in enumerate(tree.body):
            if position == 0 and _is_text(node):
                continue
            if isinstance(node, ast.FunctionDef):
                self._add_function(node)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._add_assignment(node, node.targets[0].id)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                raise self.refuse(node, "nothing is imported here; the words of the grammar are known without it")
            else:
                raise self.refuse(node, f"{_kind(node)} is not allowed here: a model is made of functions, constants "
                                        "and MODEL = NeuronModel(...)")
        if self.declared is None:
            raise self.refuse(1, "the declaration MODEL = NeuronModel(...) is missing")
        return _Declaration(self, self.declared).model()

    def _parse(self) -> ast.Module:
        if len(self.text) > MAX_TEXT:
            raise self.refuse(1, f"the text has {len(self.text):,} characters, but at most {MAX_TEXT:,} are allowed")
        try:
            tree = ast.parse(self.text, self.name)
        except SyntaxError as error:
            raise self.refuse(error.lineno or 1, f"this is not Python: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise self.refuse(1, f"the text cannot be read: {error or 'it is nested too deeply'}") from None
        _check_depth(self, tree)
        return tree

    def _add_assignment(self, node: ast.Assign, name: str) -> None:
        if name == "MODEL":
            if self.declared is not None:
                raise self.refuse(node, "a second MODEL; a text declares one")
            if not (isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)
                    and node.value.func.id == "NeuronModel"):
                raise self.refuse(node, "MODEL must be a call of NeuronModel")
            self.declared = node.value
            return
        self.check_name(node, name, constant=True)
        value, unit = _quantity(node.value)
        if value is None:
            raise self.refuse(node, f"{name} must be a number, with its unit if it has one, such as -70 * mV; only "
                                    "functions compute")
        self.constants[name], self.units[name] = value, unit

    def _add_function(self, node: ast.FunctionDef) -> None:
        if len(self.functions) >= MAX_FUNCTIONS:
            raise self.refuse(node, f"at most {MAX_FUNCTIONS} functions are allowed")
        if node.name in self.functions or node.name in self.constants:
            raise self.refuse(node, f"{node.name} is defined twice")
        self.check_name(node, node.name)
        self.functions[node.name] = _Function(self, node)

    def check_name(self, node: ast.AST, name: str, declared: bool = False, constant: bool = False) -> None:
        """Raise GrammarError for a name that the program's own texts use or that is none of the grammar's.

        `declared`: it will stand in the loops around a step; `constant`: it will not stand in any text.
        """
        if not _NAME.fullmatch(name) or "__" in name or name.endswith("_"):
            raise self.refuse(node, f"the name {name!r} must be made of letters, digits and single underscores between "
                                    "them, begin with a letter and have at most 40 characters")
        if name in WORDS or name in units.WORDS:
            raise self.refuse(node, f"{name} is a {'word of the grammar' if name in WORDS else 'unit'}; choose another "
                                    "name")
        if name in (RESERVED_DECLARED if declared else RESERVED) or (_KERNELS_OWN.fullmatch(name) and not constant):
            raise self.refuse(node, f"the name {name!r} is used by the program itself; choose another one")
        if declared and (name.startswith(("acc_", "arrived_", "factor_", "out")) or name.startswith("s_")
                         or any(name.endswith(f"_{key}") for key in RECEPTORS)):
            raise self.refuse(node, f"names like {name!r} are used by the program itself; choose another one")


class _Function:
    """One function of the text: checked, weighed, and made callable."""

    def __init__(self, reader: _Reader, node: ast.FunctionDef):
        self.reader, self.node, self.name = reader, node, node.name
        given = node.args
        if (node.decorator_list or node.returns or given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs
                or given.defaults or any(a.annotation for a in given.args) or getattr(node, "type_params", None)):
            raise reader.refuse(node, f"{node.name} must take plain arguments: no decorators, defaults, stars or "
                                      "annotations")
        self.arguments = tuple(a.arg for a in given.args)
        for argument in given.args:
            reader.check_name(argument, argument.arg)
            if argument.arg in reader.functions or argument.arg in reader.constants:
                raise reader.refuse(argument, f"{argument.arg} has a meaning already; name the argument otherwise")
        if len(set(self.arguments)) < len(self.arguments):
            raise reader.refuse(node, f"{node.name} takes an argument twice")
        self.counters: set[str] = set()
        self.known = set(self.arguments)                # names that have been given a value above
        self.results: int | None = None
        self.work = self.size = 0
        body = node.body[1:] if _is_text(node.body[0]) else node.body
        self._block(body, 1)
        if self.results is None:
            raise reader.refuse(node, f"{node.name} returns nothing")
        if self.work > MAX_WORK or self.size > MAX_SIZE:
            raise reader.refuse(node, f"{node.name} takes {self.work:,} operations, written out {self.size:,}, but at "
                                      f"most {MAX_WORK:,} and {MAX_SIZE:,} are allowed")

    # ---- what is allowed
    def _weigh(self, turns: int, work: int = 1, size: int = 1) -> None:
        self.work += turns * work
        self.size += size

    def _block(self, statements: list[ast.stmt], turns: int) -> None:
        for node in statements:
            if not isinstance(node, _STATEMENTS):
                raise self.reader.refuse(node, f"{_kind(node)} is not in the grammar of equations")
            self._statement(node, turns)

    def _statement(self, node: ast.stmt, turns: int) -> None:
        if isinstance(node, ast.Assign):
            if len(node.targets) != 1:
                raise self.reader.refuse(node, "assign one name at a time")
            self._expression(node.value, turns)
            self._target(node.targets[0])
        elif isinstance(node, ast.AugAssign):
            self._expression(node.target, turns)
            self._operator(node, node.op)
            self._expression(node.value, turns)
            self._target(node.target)
            self._weigh(turns)
        elif isinstance(node, ast.Return):
            self._return(node, turns)
        elif isinstance(node, ast.If):
            self._expression(node.test, turns)
            self._block(node.body, turns)
            self._block(node.orelse, turns)
        elif isinstance(node, ast.For):
            self._loop(node, turns)
        elif not self.counters:
            raise self.reader.refuse(node, "break stands outside a loop")

    def _target(self, node: ast.expr) -> None:
        names = node.elts if isinstance(node, ast.Tuple) else [node]
        for name in names:
            if not isinstance(name, ast.Name):
                raise self.reader.refuse(node, "only names can be assigned to")
            self.reader.check_name(name, name.id)
            if name.id in self.counters or name.id in self.reader.constants or name.id in self.reader.functions:
                raise self.reader.refuse(name, f"{name.id} cannot be assigned to")
            self.known.add(name.id)

    def _return(self, node: ast.Return, turns: int) -> None:
        if node.value is None:
            raise self.reader.refuse(node, "a return must say what")
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        if self.results not in (None, len(values)):
            raise self.reader.refuse(node, f"every return of {self.name} must give {self.results} values")
        self.results = len(values)
        for value in values:
            self._expression(value, turns)

    def _loop(self, node: ast.For, turns: int) -> None:
        call = node.iter
        count = (call.args[0].value if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
                 and call.func.id == "range" and len(call.args) == 1 and not call.keywords
                 and isinstance(call.args[0], ast.Constant) else None)
        if type(count) is not int or not 1 <= count <= MAX_TURNS:
            raise self.reader.refuse(node, f"a loop must run over range(n) with a plain n from 1 to {MAX_TURNS}")
        if node.orelse or not isinstance(node.target, ast.Name):
            raise self.reader.refuse(node, "a loop has one counter and no else")
        self._target(node.target)
        if node.target.id in self.arguments:
            raise self.reader.refuse(node, f"{node.target.id} is an argument and cannot count")
        self.counters.add(node.target.id)
        self._weigh(turns * count)
        self._block(node.body, turns * count)
        self.counters.discard(node.target.id)

    def _expression(self, node: ast.expr, turns: int) -> None:
        self._weigh(turns)
        if isinstance(node, ast.Constant):
            if not (type(node.value) is bool or _number(node) is not None):
                raise self.reader.refuse(node, f"{_shown(node)} is no number of the grammar")
        elif isinstance(node, ast.Name):
            self._named(node)
        elif isinstance(node, ast.BinOp):
            self._binary(node, turns)
        elif isinstance(node, ast.UnaryOp):
            self._operator(node, node.op)
            self._expression(node.operand, turns)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                self._expression(value, turns)
        elif isinstance(node, ast.Compare):
            self._compare(node, turns)
        elif isinstance(node, ast.IfExp):
            for part in (node.test, node.body, node.orelse):
                self._expression(part, turns)
        elif isinstance(node, ast.Call):
            self._call(node, turns)
        else:
            raise self.reader.refuse(node, f"{_kind(node)} is not in the grammar of equations: {_shown(node)}")

    def _named(self, node: ast.Name) -> None:
        if node.id in self.counters:
            raise self.reader.refuse(node, f"a loop's counter counts only: write f32({node.id})")
        if node.id in self.reader.functions or node.id in WORDS:
            raise self.reader.refuse(node, f"{node.id} is a function and must be called")
        if node.id not in self.known and node.id not in self.reader.constants and node.id not in units.WORDS:
            raise self.reader.refuse(node, f"{node.id} has no value here")

    def _operator(self, node: ast.AST, operator: ast.AST) -> None:
        if not isinstance(operator, _OPERATORS):
            raise self.reader.refuse(node, f"this operator is not in the grammar of equations: {_shown(node)}")

    def _binary(self, node: ast.BinOp, turns: int) -> None:
        self._operator(node, node.op)
        self._expression(node.left, turns)
        if not isinstance(node.op, ast.Pow):
            return self._expression(node.right, turns)
        exponent = node.right.value if isinstance(node.right, ast.Constant) else None
        if type(exponent) is not int or not 2 <= exponent <= 8 or not isinstance(node.left, ast.Name):
            raise self.reader.refuse(node, "** takes a name to the power of a whole number from 2 to 8; otherwise "
                                           f"write power(x, y): {_shown(node)}")
        self._weigh(turns, exponent, exponent)

    def _compare(self, node: ast.Compare, turns: int) -> None:
        if len(node.ops) != 1:
            raise self.reader.refuse(node, f"compare two numbers at a time: {_shown(node)}")
        self._operator(node, node.ops[0])
        self._expression(node.left, turns)
        self._expression(node.comparators[0], turns)

    def _call(self, node: ast.Call, turns: int) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        own = self.reader.functions.get(name or "")
        if name is None or node.keywords or not (own or name in WORDS):
            raise self.reader.refuse(node, "only words of the grammar and functions defined above can be called, with "
                                           f"plain arguments: {_shown(node)}")
        wanted = len(own.arguments) if own else _word_arguments(name)
        if len(node.args) != wanted:
            raise self.reader.refuse(node, f"{name} takes {wanted} arguments, not {len(node.args)}")
        if own:
            self._weigh(turns, own.work, own.size)
        else:
            self._weigh(turns, 20, 20)
        for argument in node.args:
            counts = name == "f32" and isinstance(argument, ast.Name) and argument.id in self.counters
            if not counts:
                self._expression(argument, turns)


class _ToFloats(ast.NodeTransformer):
    """Whole numbers become floating-point numbers, but for exponents and the lengths of loops; units, all 1, go."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _one(node) if node.id in units.WORDS else node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.copy_location(ast.Constant(float(node.value)), node) if type(node.value) is int else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        node.left = self.visit(node.left)
        if isinstance(node.op, ast.Pow):
            return node.left if _is_one(node.left) else node
        node.right = self.visit(node.right)
        if isinstance(node.op, (ast.Mult, ast.Div)) and _is_one(node.right):
            return node.left
        return node.right if isinstance(node.op, ast.Mult) and _is_one(node.left) else node

    def visit_For(self, node: ast.For) -> ast.For:
        node.body = [self.visit(statement) for statement in node.body]
        return node


def _one(node: ast.Name) -> ast.expr:
    """The 1 that a unit stands for, in the place of its name."""
    one = ast.copy_location(ast.Constant(1.0), node)
    one.is_unit = True                                   # type: ignore[attr-defined]
    return one


def _is_one(node: ast.expr) -> bool:
    return getattr(node, "is_unit", False)


class _Declaration:
    """Reads MODEL = NeuronModel(...): literals, States, Params, Presets and names of functions."""

    def __init__(self, reader: _Reader, call: ast.Call):
        self.reader, self.call = reader, call
        self.callables: dict[str, FunctionType] = {}

    def model(self) -> NeuronModel:
        given = self._keywords()
        key = given["key"]
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key in ("NONE", "MODEL"):
            raise self._refuse(f"the key {key!r} must be made of 2 to 32 capitals, digits and underscores")
        self._check_tables(given)
        self._check_step(given)
        self._check_numbers(given)
        self._make_callables(key)
        derived = {name: self._rule(key, name, function) for name, function in given["derived"].items()}
        model = NeuronModel(**{**given, "derived": derived, "step": self.callables[given["step"].name]})
        self._check_values(model, {name: function.arguments for name, function in given["derived"].items()})
        return model

    def _refuse(self, reason: str, node: ast.AST | None = None) -> GrammarError:
        return self.reader.refuse(node or self.call, reason)

    # ---- literals
    def _keywords(self) -> dict[str, Any]:
        known = set(inspect.signature(NeuronModel).parameters)
        if self.call.args:
            raise self._refuse("NeuronModel takes its parts by name, such as key=...")
        given: dict[str, Any] = {"derived": {}, "network_defaults": {}, "default_dt_ms": None, "max_dt_ms": None}
        lines: dict[str, int] = {}
        for part in self.call.keywords:
            if part.arg not in known or part.arg in lines:
                raise self._refuse(f"NeuronModel has no part {part.arg!r} or has it already; it has: "
                                   f"{', '.join(sorted(known))}", part.value)
            lines[part.arg] = part.value.lineno
            given[part.arg] = self._value(part.value)
        for name in ("key", "label", "states", "params", "step", "presets", "source", "default_dt_ms", "max_dt_ms"):
            if given.get(name) is None:
                raise self._refuse(f"NeuronModel needs {name}")
        return given

    def _value(self, node: ast.expr) -> Any:
        number = _number(node)
        if number is not None:
            return number
        if isinstance(node, ast.Constant) and (isinstance(node.value, str) or node.value is None):
            return self._line(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            return tuple(self._value(element) for element in node.elts)
        if isinstance(node, ast.Dict):
            return self._table(node)
        if isinstance(node, ast.Name) and node.id in self.reader.functions:
            return self.reader.functions[node.id]
        if isinstance(node, ast.Name) and node.id in self.reader.constants:
            return self.reader.constants[node.id]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            return self._made(node, _MAKERS[node.func.id])
        raise self._refuse(f"a declaration holds numbers, texts, tuples, tables, names of functions, State, Param and "
                           f"Preset, but not {_shown(node)}", node)

    def _line(self, node: ast.Constant) -> str | None:
        if not isinstance(node.value, str):
            return None
        if len(node.value) > 300 or not node.value.isprintable():
            raise self._refuse("a text in the declaration is one line of at most 300 characters", node)
        return node.value

    def _table(self, node: ast.Dict) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            if not isinstance(name, str) or name in table:
                raise self._refuse("the keys of a table are different texts", node)
            table[name] = self._value(value)
        return table

    def _made(self, node: ast.Call, maker: type) -> Any:
        parts = [self._value(argument) for argument in node.args]
        names = {part.arg: self._value(part.value) for part in node.keywords if part.arg}
        try:
            if len(names) < len(node.keywords):
                raise TypeError("stars are not allowed")
            bound = inspect.signature(maker).bind(*parts, **names)
        except TypeError as error:
            raise self._refuse(f"{maker.__name__}: {error}", node) from None
        for name, value in bound.arguments.items():
            wanted = _WANTED[maker][name]
            if not isinstance(value, wanted) or isinstance(value, bool):
                kind = wanted.__name__ if isinstance(wanted, type) else "text or number"
                raise self._refuse(f"{maker.__name__}: {name} must be a {kind.replace('str', 'text')}, not {value!r}",
                                   node)
        return maker(**bound.arguments)

    # ---- what fits together
    def _check_tables(self, given: dict[str, Any]) -> None:
        for name, kind, most in (("states", State, MAX_STATES), ("params", Param, MAX_PARAMS),
                                 ("presets", Preset, MAX_PRESETS)):
            table = given[name]
            if not isinstance(table, tuple) or not all(isinstance(each, kind) for each in table):
                raise self._refuse(f"{name} must be a tuple of {kind.__name__}")
            if not (name == "params" or table) or len(table) > most:
                raise self._refuse(f"{name} must have 1 to {most} members")
            if len({each.name for each in table}) < len(table):
                raise self._refuse(f"a name stands twice in {name}")
        for each in (*given["states"], *given["params"]):
            self.reader.check_name(self.call, each.name, declared=True)
            self._check_unit(each)
        first = given["states"][0]
        if (first.name, first.unit) != ("v", "mV"):
            raise self._refuse("the first state must be the membrane potential, State('v', 'mV', ...)")
        for preset in given["presets"]:
            if not _NAME.fullmatch(preset.name):
                raise self._refuse(f"the preset name {preset.name!r} must be made of letters, digits and underscores")
        for name in ("label", "source"):
            if not isinstance(given[name], str) or not len(given[name]) >= 2:
                raise self._refuse(f"{name} must be a text")

    def _check_unit(self, each: State | Param) -> None:
        if each.unit and not all(_UNIT.fullmatch(part) for part in each.unit.split("/")):
            raise self._refuse(f"the unit {each.unit!r} of {each.name} is none of the program's: quotients of mV ms pA "
                               "nS pF Hz um mM and the like, such as 1/ms or nS/mV")

    def _check_step(self, given: dict[str, Any]) -> None:
        step, derived = given["step"], given["derived"]
        if not isinstance(step, _Function):
            raise self._refuse("step must be a function of this text")
        if not isinstance(derived, dict) or not all(isinstance(f, _Function) for f in derived.values()):
            raise self._refuse("derived must be a table of functions of this text, such as {'C_inverse': inverse}")
        receptors = given.get("receptors", ("AMPA", "GABA_A"))
        if not isinstance(receptors, tuple) or not all(key in RECEPTORS for key in receptors):
            raise self._refuse(f"receptors must be some of {', '.join(RECEPTORS)}")
        if receptors and given.get("ports", ("exc", "inh")) != ("exc", "inh"):
            raise self._refuse("a model with receptors leaves ports out")
        if not receptors and (given.get("ports") not in PORTS or given.get("port_unit") not in ("nS", "pA", "mV")):
            raise self._refuse("a model without receptors needs ports=('arrived',) or ('exc', 'inh'), and port_unit "
                               "'nS', 'pA' or 'mV'")
        inputs = () if receptors else PORTS[given["ports"]]
        states = [state.name for state in given["states"]]
        params = [param.name for param in given["params"]]
        for name in derived:
            self.reader.check_name(self.call, name, declared=True)
        names = [*states, *params, *derived]
        if len(set(names)) < len(names) or set(names) & {*GIVEN, "arrived"}:
            raise self._refuse("states, parameters and derived constants need different names, none of "
                               f"{', '.join(GIVEN)}")
        given_here = GIVEN if receptors else ("dt", "i_ext")
        for name in step.arguments:
            if name not in names and name not in given_here and name not in inputs:
                raise self._refuse(f"step takes {name!r}, which is neither a state, a parameter, a derived constant "
                                   f"nor one of {', '.join([*given_here, *inputs])}", step.node)
        if step.results != len(states) + 1:
            raise self._refuse(f"step must return its {len(states)} states in order and whether a spike happened, "
                               f"{len(states) + 1} values, not {step.results}", step.node)
        self._check_use(given, params, states)
        self._check_units(given)

    def _check_use(self, given: dict[str, Any], params: list[str], states: list[str]) -> None:
        step, derived = given["step"], given["derived"]
        used = set(step.arguments) | {state.initial for state in given["states"] if isinstance(state.initial, str)}
        for name, function in derived.items():
            for argument in function.arguments:
                if argument not in params and argument != "dt":
                    raise self._refuse(f"{function.name} takes {argument!r}, but a derived constant may use parameters "
                                       "and dt only", function.node)
            if function.results != 1:
                raise self._refuse(f"{function.name} must return one number", function.node)
            if name not in used:
                raise self._refuse(f"the derived constant {name} is not used")
            used |= set(function.arguments)
        for name in (*params, *states):
            if name not in used and name not in step.arguments:
                raise self._refuse(f"{name} is declared but not used")
        for state in given["states"]:
            if isinstance(state.initial, str) and state.initial not in (*params, *derived):
                raise self._refuse(f"{state.name} starts at {state.initial!r}, which is neither a number, a parameter "
                                   "nor a derived constant")

    def _check_units(self, given: dict[str, Any]) -> None:
        """Follow the units from the declarations through derived constants and the step back to the states."""
        follow = units.Units(self.reader.functions, self.reader.units, WORDS)
        port = units.read(given.get("port_unit", "nS"))
        known: dict[str, units.Found] = {each.name: units.read(each.unit) for each in (*given["states"],
                                                                                       *given["params"])}
        known |= {"dt": units.read("ms"), "i_ext": units.read("pA"), "g_syn": units.read("nS"),
                  "j_syn": units.read("pA"), "arrived": port, "arrived_exc": port, "arrived_inh": port}
        try:
            for name, function in given["derived"].items():
                known[name], = follow.results(function.name, tuple(known[a] for a in function.arguments))
            step = given["step"]
            found = follow.results(step.name, tuple(known[a] for a in step.arguments))
        except units.Mismatch as error:
            raise self._refuse(error.reason, error.node) from None
        for state, unit in zip(given["states"], found, strict=False):
            declared = units.read(state.unit)
            if unit is not None and unit != declared:
                raise self._refuse(f"step returns {state.name} in {units.name_of(unit)}, but the state is declared in "
                                   f"{units.name_of(declared)}", step.node)
            start = known.get(state.initial) if isinstance(state.initial, str) else None
            if start is not None and start != declared:
                raise self._refuse(f"{state.name} is in {units.name_of(declared)}, but starts at {state.initial}, "
                                   f"which is in {units.name_of(start)}")

    def _check_numbers(self, given: dict[str, Any]) -> None:
        default, most = given["default_dt_ms"], given["max_dt_ms"]
        if not (isinstance(default, float) and isinstance(most, float) and 0.001 <= default <= most <= 5.0):
            raise self._refuse("0.001 <= default_dt_ms <= max_dt_ms <= 5 must hold (ms)")
        for param in given["params"]:
            if not param.low <= param.default <= param.high:
                raise self._refuse(f"the default of {param.name}, {param.default:g} {param.unit}, does not lie in its "
                                   f"range, {param.low:g} to {param.high:g}")
        known = {param.name for param in given["params"]}
        for preset in given["presets"]:
            if not all(isinstance(value, float) for value in preset.values.values()):
                raise self._refuse(f"the values of the preset {preset.name} must be numbers")
            if set(preset.values) - known:
                raise self._refuse(f"the preset {preset.name} sets {sorted(set(preset.values) - known)[0]!r}, which is "
                                   "no parameter")
            if preset.dt_ms is not None and not 0.001 <= preset.dt_ms <= most:
                raise self._refuse(f"the preset {preset.name} asks for a step of {preset.dt_ms:g} ms, but the model "
                                   f"allows 0.001 to {most:g} ms")
        names = {preset.name for preset in given["presets"]}
        chosen = given.get("default_presets")
        if chosen is not None and not (isinstance(chosen, tuple) and len(chosen) == 2 and set(chosen) <= names):
            raise self._refuse("default_presets must name an excitatory and an inhibitory preset")
        if not isinstance(given["network_defaults"], dict):
            raise self._refuse("network_defaults must be a table of numbers by field name")

    def _check_values(self, model: NeuronModel, derived: Mapping[str, tuple[str, ...]]) -> None:
        try:
            for preset in model.presets:
                values = model.values(preset.name)
                for name in derived:
                    model.derived[name](values, model.default_dt_ms)
                for state in model.states:
                    model.initial_value(state, values, model.default_dt_ms)
        except ConfigurationError as error:
            raise self._refuse(str(error).rstrip(".")) from None

    # ---- functions
    def _make_callables(self, key: str) -> None:
        """Turn the checked trees into functions, each in a scope of words, constants and the functions before it."""
        scope: dict[str, Any] = {"__builtins__": {}, "range": range, **WORDS, **self.reader.constants}
        for function in self.reader.functions.values():
            tree = ast.fix_missing_locations(_ToFloats().visit(function.node))
            exec(compile(ast.Module([tree], []), f"<{self.reader.name}>", "exec"), scope)   # checked, node by node
            made = scope[function.name]
            made.__name__ = f"{key}_{function.name}"        # its name in the kernels
            made.source_tree = tree
            self.callables[function.name] = made

    def _rule(self, key: str, name: str, function: _Function) -> Callable[[Mapping[str, float], float], float]:
        made, arguments = self.callables[function.name], function.arguments

        def rule(p: Mapping[str, float], dt: float) -> float:
            try:
                value = float(exactly(made)(*(dt if a == "dt" else p[a] for a in arguments)))
                if abs(value) <= 3e38:
                    return value
            except (ArithmeticError, ValueError):
                pass
            shown = ", ".join(f"{a} = {dt if a == 'dt' else p[a]:g}" for a in arguments)
            raise ConfigurationError(f"{key}: {name} has no value for {shown}; choose other parameters.", name)

        return rule


_MAKERS: dict[str, type] = {"State": State, "Param": Param, "Preset": Preset}
_WANTED: dict[type, dict[str, Any]] = {
    State: {"name": str, "unit": str, "label": str, "initial": (str, float)},
    Param: {"name": str, "unit": str, "default": float, "low": float, "high": float, "label": str, "meaning": str},
    Preset: {"name": str, "label": str, "values": dict, "source": str, "dt_ms": float},
}


def _word_arguments(name: str) -> int:
    return WORD_ARGUMENTS.get(name) or WORDS[name].__code__.co_argcount


def _number(node: ast.expr) -> float | None:
    """The number that a literal means, None where it is none or too large for float32."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) <= 3e38 else None


def _quantity(node: ast.expr) -> tuple[float | None, units.Found]:
    """Value and unit of a number that may be multiplied and divided by units; no value where it is none of that."""
    value, unit = _number(node), None
    if value is None and isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        value, before = _quantity(node.left)
        factor = _product(node.right)
        if factor is None:
            return None, None
        unit = units.times(before or units.PLAIN, factor, 1 if isinstance(node.op, ast.Mult) else -1)
    return value, unit


def _product(node: ast.expr) -> units.Found:
    """The unit that names of units make by * and /; None where other things stand between them."""
    if isinstance(node, ast.Name) and node.id in units.WORDS:
        return units.UNITS[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        left, right = _product(node.left), _product(node.right)
        if left is not None and right is not None:
            return units.times(left, right, 1 if isinstance(node.op, ast.Mult) else -1)
    return None


def _check_depth(reader: _Reader, tree: ast.AST) -> None:
    level: list[ast.AST] = [tree]
    deepest = 1
    for _ in range(MAX_DEPTH):
        deepest = next((node.lineno for node in level if hasattr(node, "lineno")), deepest)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise reader.refuse(deepest, f"the text is nested more than {MAX_DEPTH} levels deep; take it apart")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _kind(node: ast.AST) -> str:
    """What a node is, in words: 'a with', 'an attribute'."""
    word = {"FunctionDef": "function", "ClassDef": "class", "Expr": "bare expression", "JoinedStr": "f-string",
            "NamedExpr": ":= assignment", "AnnAssign": "annotated assignment"}.get(type(node).__name__)
    word = word or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _shown(node: ast.AST) -> str:
    try:
        text = ast.unparse(node).splitlines()[0]
    except (RecursionError, ValueError, IndexError):
        return "..."
    return repr(text if len(text) <= 60 else text[:57] + "...")

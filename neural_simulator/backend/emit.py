"""Turns grammar functions into float32 source text: Python for Numba, C++ for CUDA.

Both texts perform the same IEEE operations in the same order, so both engines compute the same bits: every
literal is float32, integers wrap at 32 bits, nothing is contracted (CUDA: `--fmad=false`). Whatever is outside the
grammar is refused with the line and the reason.
"""

from __future__ import annotations

import ast
import inspect
import math
import struct
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..base import grammar
from ..base.errors import GrammarError

F32, I32, U32, FLAG = "f32", "i32", "u32", "flag"
C_TYPES = {F32: "float", I32: "int", U32: "unsigned int", FLAG: "bool"}
PYTHON_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.LShift: "<<",
                    ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
INTEGER_ONLY = (ast.Mod, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor)
WORDS = {grammar.i32, grammar.u32, grammar.f32, grammar.mulhi, grammar.float_from_bits, grammar.bits_from_float,
         grammar.sqrt, grammar.fabs, grammar.fmin, grammar.fmax}


@dataclass(frozen=True)
class Emitted:
    """One emitted function: its name, argument names and types, result types, and both texts."""

    name: str
    arguments: tuple[str, ...]
    argument_types: tuple[str, ...]
    results: tuple[str, ...]
    python: str
    cuda: str


class Library:
    """Emits functions and, before them, everything they call; each function once."""

    def __init__(self) -> None:
        self._done: dict[Callable, Emitted] = {}
        self._begun: list[Callable] = []

    def is_begun(self, function: Callable) -> bool:
        """True while `function` itself is being emitted: who calls it now calls it in a circle."""
        return getattr(function, "engine_form", function) in self._begun

    def add(self, function: Callable) -> Emitted:
        """Emit `function` and its callees; return its description."""
        function = getattr(function, "engine_form", function)
        if function not in self._done:
            self._begun.append(function)
            try:
                emitted = _Function(function, self).emit()
            finally:
                self._begun.pop()
            if any(other.name == emitted.name for other in self._done.values()):
                raise GrammarError(f"Two grammar functions are called {emitted.name!r}; rename one.")
            self._done[function] = emitted
        return self._done[function]

    @property
    def functions(self) -> Iterable[Emitted]:
        """All emitted functions, callees first."""
        return self._done.values()

    def python_source(self) -> str:
        """Return the text for Numba; names f32, i32, u32, mulhi, ... come from `backend.cpu_words`."""
        return "\n\n".join(f"@inlined\n{e.python}" for e in self.functions) + "\n"

    def cuda_source(self) -> str:
        """Return the text for CUDA."""
        return "\n".join(e.cuda for e in self.functions)


class _Function:
    """Translates one function: infers types while rendering both languages at once."""

    def __init__(self, function: Callable, library: Library):
        self.library = library
        self.globals = function.__globals__
        self.tree: ast.FunctionDef = getattr(function, "source_tree", None) or _parsed(function)
        self.where = function.__name__
        self.types: dict[str, str] = {}
        self.assigned: set[str] = set()                 # names that certainly have a value at this point
        self.results: tuple[str, ...] = ()

    # ---- whole function
    def emit(self) -> Emitted:
        given = self.tree.args
        if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
            raise self._error(self.tree, "a function takes plain arguments only, without defaults")
        names = [a.arg for a in given.args]
        for argument in given.args:
            self.types[argument.arg] = self._annotated(argument.annotation)
        self.assigned.update(names)
        body = [s for s in self.tree.body if not _is_docstring(s)]
        python, cuda = self._block(body, 1)
        if not self.results:
            raise self._error(self.tree, "it returns nothing")
        if not _always_returns(body):
            raise self._error(self.tree, "it may end without a result")
        types = tuple(self.types[n] for n in names)
        return Emitted(self.where, tuple(names), types, self.results,
                       f"def {self.where}({', '.join(names)}):\n{python}", self._cuda_function(names, cuda))

    def _cuda_function(self, names: list[str], body: str) -> str:
        arguments = [f"{C_TYPES[self.types[n]]} {n}" for n in names]
        head = C_TYPES[self.results[0]]
        if len(self.results) > 1:
            head = "void"
            arguments += [f"{C_TYPES[t]}& out{k}_" for k, t in enumerate(self.results)]
        declared = "".join(f"  {C_TYPES[t]} {n};\n" for n, t in self.types.items() if n not in names)
        return f"__device__ __forceinline__ {head} {self.where}({', '.join(arguments)}) {{\n{declared}{body}}}\n"

    def _annotated(self, annotation: ast.expr | None) -> str:
        if annotation is None:
            return F32
        name = annotation.value if isinstance(annotation, ast.Constant) else getattr(annotation, "id", None)
        if name not in (F32, I32, U32, FLAG, "float"):
            raise self._error(annotation, "an argument may only be annotated i32, u32, f32 or flag")
        return F32 if name == "float" else name

    def _error(self, node: ast.AST, reason: str) -> GrammarError:
        line = getattr(node, "lineno", 1)
        shown = ast.unparse(node).splitlines()[0] if not isinstance(node, ast.arguments) else ""
        return GrammarError(f"{self.where}, line {line}: {reason}: {shown!r}.", line)

    # ---- statements
    def _block(self, statements: list[ast.stmt], depth: int) -> tuple[str, str]:
        python, cuda = "", ""
        for statement in statements:
            p, c = self._statement(statement, depth)
            python, cuda = python + p, cuda + c
        return python, cuda

    def _statement(self, node: ast.stmt, depth: int) -> tuple[str, str]:
        indent = "  " * depth
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            return self._assign(node.targets[0], node.value, indent)
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            return self._assign(node.target, node.value, indent, self._annotated(node.annotation))
        if isinstance(node, ast.AugAssign):
            value = ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
            return self._assign(node.target, value, indent)
        if isinstance(node, ast.Return) and node.value is not None:
            return self._return(node, node.value, indent)
        if isinstance(node, (ast.If, ast.While)):
            return self._branch(node, depth, indent)
        if isinstance(node, ast.For):
            return self._loop(node, depth, indent)
        if isinstance(node, ast.Break):
            return f"{indent}break\n", f"{indent}break;\n"
        raise self._error(node, "this statement is not in the grammar")

    def _assign(self, target: ast.expr, value: ast.expr, indent: str, wanted: str | None = None) -> tuple[str, str]:
        if isinstance(target, ast.Tuple):
            return self._unpack(target, value, indent)
        if not isinstance(target, ast.Name):
            raise self._error(target, "only a name can be assigned to")
        python, cuda, kind = self._expression(value, wanted or self.types.get(target.id))
        self._declare(target, target.id, kind)
        return f"{indent}{target.id} = {python}\n", f"{indent}{target.id} = {cuda};\n"

    def _unpack(self, target: ast.Tuple, value: ast.expr, indent: str) -> tuple[str, str]:
        if not isinstance(value, ast.Call):
            raise self._error(value, "several names can only be assigned from a call")
        called, python, cuda = self._call_parts(value)
        names = [self._name_of(element) for element in target.elts]
        if len(names) != len(called.results):
            raise self._error(target, f"{called.name} returns {len(called.results)} values")
        for name, kind in zip(names, called.results, strict=True):
            self._declare(target, name, kind)
        return (f"{indent}{', '.join(names)} = {called.name}({', '.join(python)})\n",
                f"{indent}{called.name}({', '.join(cuda + names)});\n")

    def _name_of(self, node: ast.expr) -> str:
        if not isinstance(node, ast.Name):
            raise self._error(node, "only a name can be assigned to")
        return node.id

    def _declare(self, node: ast.AST, name: str, kind: str) -> None:
        if self.types.setdefault(name, kind) != kind:
            raise self._error(node, f"{name} is {self.types[name]} and cannot become {kind}")
        self.assigned.add(name)

    def _return(self, node: ast.Return, value: ast.expr, indent: str) -> tuple[str, str]:
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        wanted = self.results or (None,) * len(values)
        parts = [self._expression(v, w) for v, w in zip(values, wanted, strict=True)]
        results = tuple(p[2] for p in parts)
        if self.results and results != self.results:
            raise self._error(node, f"all returns must have the types {self.results}")
        self.results = results
        python = f"{indent}return {', '.join(p[0] for p in parts)}\n"
        if len(parts) == 1:
            return python, f"{indent}return {parts[0][1]};\n"
        # outputs may alias inputs of the caller, never of this function: arguments are passed by value
        stores = " ".join(f"out{k}_ = {p[1]};" for k, p in enumerate(parts))
        return python, f"{indent}{stores} return;\n"

    def _branch(self, node: ast.If | ast.While, depth: int, indent: str) -> tuple[str, str]:
        word = "if" if isinstance(node, ast.If) else "while"
        test_python, test_cuda, kind = self._expression(node.test)
        if kind != FLAG:
            raise self._error(node.test, "a condition must be a comparison")
        before = set(self.assigned)
        body_python, body_cuda = self._block(node.body, depth + 1)
        after_body = self._assigned_after(node.body) if word == "if" else before
        self.assigned = set(before)
        python = f"{indent}{word} {test_python}:\n{body_python}"
        cuda = f"{indent}{word} ({test_cuda}) {{\n{body_cuda}{indent}}}\n"
        if node.orelse:
            if word == "while":
                raise self._error(node, "while has no else in the grammar")
            else_python, else_cuda = self._block(node.orelse, depth + 1)
            python += f"{indent}else:\n{else_python}"
            cuda = cuda[:-1] + f" else {{\n{else_cuda}{indent}}}\n"
        self.assigned = after_body & self._assigned_after(node.orelse)
        return python, cuda

    def _assigned_after(self, block: list[ast.stmt]) -> set[str]:
        """Names with a value after `block`, just translated; all of them where its end is never reached."""
        leaves = bool(block) and (isinstance(block[-1], ast.Break) or _always_returns(block))
        return set(self.types) if leaves else set(self.assigned)

    def _loop(self, node: ast.For, depth: int, indent: str) -> tuple[str, str]:
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
                and len(call.args) == 1):
            raise self._error(node, "a loop must run over range(n)")
        stop_python, stop_cuda, kind = self._expression(call.args[0], I32)
        name = self._name_of(node.target)
        before = set(self.assigned)
        self._declare(node, name, I32)
        body_python, body_cuda = self._block(node.body, depth + 1)
        self.assigned = before                      # the loop may run not at all
        return (f"{indent}for {name}_ in range({stop_python}):\n{indent}  {name} = i32({name}_)\n{body_python}",
                f"{indent}for ({name} = 0; {name} < {stop_cuda}; {name}++) {{\n{body_cuda}{indent}}}\n")

    # ---- expressions: each returns (python, cuda, type)
    def _expression(self, node: ast.expr, wanted: str | None = None) -> tuple[str, str, str]:
        if isinstance(node, ast.Constant):
            return self._literal(node, node.value, wanted)
        if isinstance(node, ast.Name):
            return self._named(node, wanted)
        if isinstance(node, ast.BinOp):
            return self._binary(node, wanted)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, wanted)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.BoolOp):
            return self._boolean(node)
        if isinstance(node, ast.IfExp):
            return self._conditional(node, wanted)
        if isinstance(node, ast.Call):
            called, python, cuda = self._call_parts(node)
            if isinstance(called, Emitted):
                if len(called.results) != 1:
                    raise self._error(node, f"{called.name} returns {len(called.results)} values")
                return f"{called.name}({', '.join(python)})", f"{called.name}({', '.join(cuda)})", called.results[0]
            return called, python, cuda
        raise self._error(node, "this expression is not in the grammar")

    def _literal(self, node: ast.expr, value: object, wanted: str | None) -> tuple[str, str, str]:
        if isinstance(value, bool):
            return str(value), str(value).lower(), FLAG
        if isinstance(value, int) and wanted == U32:
            return f"u32({value})", f"{value}u", U32
        if isinstance(value, int) and wanted != F32:
            return f"i32({value})", f"{value}", I32
        if isinstance(value, (int, float)) and math.isfinite(value) and wanted in (F32, None):
            number = struct.unpack("f", struct.pack("f", value))[0]      # one rounding, the same for both texts
            return f"f32({number!r})", f"{number!r}f", F32
        raise self._error(node, f"a literal of type {type(value).__name__} cannot be {wanted or F32}")

    def _named(self, node: ast.Name, wanted: str | None) -> tuple[str, str, str]:
        if node.id in self.assigned:
            return node.id, node.id, self.types[node.id]
        if node.id in self.types:
            raise self._error(node, f"{node.id} may not be set here")
        if isinstance(self.globals.get(node.id), (int, float)):
            return self._literal(node, self.globals[node.id], wanted)
        raise self._error(node, f"{node.id} is not defined")

    def _pair(self, node: ast.AST, left: ast.expr, right: ast.expr, wanted: str | None):
        """Translate two operands of equal type; a literal takes the type of its partner."""
        if self._untyped(left) and not self._untyped(right):
            b = self._expression(right, wanted)
            a = self._expression(left, b[2])
        else:
            a = self._expression(left, wanted)
            b = self._expression(right, a[2])
        if a[2] != b[2]:
            raise self._error(node, f"{a[2]} and {b[2]} cannot be combined; convert one with f32(), i32() or u32()")
        return a, b

    def _untyped(self, node: ast.expr) -> bool:
        if isinstance(node, ast.UnaryOp):
            return self._untyped(node.operand)
        if isinstance(node, ast.BinOp):
            return self._untyped(node.left) and self._untyped(node.right)
        return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id not in self.types)

    def _binary(self, node: ast.BinOp, wanted: str | None) -> tuple[str, str, str]:
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        a, b = self._pair(node, node.left, node.right, wanted)
        kind = a[2]
        if type(node.op) not in PYTHON_OPERATORS or kind == FLAG:
            raise self._error(node, "this operator is not in the grammar")
        if kind == F32 and isinstance(node.op, INTEGER_ONLY):
            raise self._error(node, "this operator needs integers")
        if kind != F32 and isinstance(node.op, ast.Div):
            raise self._error(node, "division needs floating-point numbers")
        operator = PYTHON_OPERATORS[type(node.op)]
        python = f"({a[0]} {operator} {b[0]})"
        return (python if kind == F32 else f"{kind}{python}"), f"({a[1]} {operator} {b[1]})", kind

    def _power(self, node: ast.BinOp) -> tuple[str, str, str]:
        exponent = node.right.value if isinstance(node.right, ast.Constant) else None
        if not isinstance(exponent, int) or not 2 <= exponent <= 8 or not isinstance(node.left, ast.Name):
            raise self._error(node, "a power needs a name to the power of a whole number from 2 to 8")
        python, cuda, kind = self._expression(node.left)
        factors = [(python, cuda)] * exponent
        p, c = factors[0]
        for fp, fc in factors[1:]:
            p, c = f"({p} * {fp})", f"({c} * {fc})"
        return p, c, kind

    def _unary(self, node: ast.UnaryOp, wanted: str | None) -> tuple[str, str, str]:
        python, cuda, kind = self._expression(node.operand, wanted)
        if isinstance(node.op, ast.USub) and kind in (F32, I32):
            return (f"(-{python})" if kind == F32 else f"i32(-{python})"), f"(-{cuda})", kind
        if isinstance(node.op, ast.Not) and kind == FLAG:
            return f"(not {python})", f"(!{cuda})", FLAG
        raise self._error(node, "this operator is not in the grammar")

    def _compare(self, node: ast.Compare) -> tuple[str, str, str]:
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
            raise self._error(node, "only single comparisons are in the grammar")
        a, b = self._pair(node, node.left, node.comparators[0], None)
        operator = COMPARISONS[type(node.ops[0])]
        return f"({a[0]} {operator} {b[0]})", f"({a[1]} {operator} {b[1]})", FLAG

    def _boolean(self, node: ast.BoolOp) -> tuple[str, str, str]:
        parts = [self._expression(v) for v in node.values]
        if any(p[2] != FLAG for p in parts):
            raise self._error(node, "and/or join comparisons only")
        word, symbol = ("and", "&&") if isinstance(node.op, ast.And) else ("or", "||")
        return (f"({f' {word} '.join(p[0] for p in parts)})", f"({f' {symbol} '.join(p[1] for p in parts)})", FLAG)

    def _conditional(self, node: ast.IfExp, wanted: str | None) -> tuple[str, str, str]:
        test = self._expression(node.test)
        if test[2] != FLAG:
            raise self._error(node.test, "a condition must be a comparison")
        a, b = self._pair(node, node.body, node.orelse, wanted)
        return f"({a[0]} if {test[0]} else {b[0]})", f"({test[1]} ? {a[1]} : {b[1]})", a[2]

    def _call_parts(self, node: ast.Call):
        """Translate a call: (Emitted, python arguments, cuda arguments), or a word, finished: (python, cuda, type)."""
        function = self.globals.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if node.keywords or not callable(function):
            raise self._error(node, "only grammar functions can be called, with positional arguments")
        if function in WORDS:
            return self._word(node, function)
        if self.library.is_begun(function):
            raise self._error(node, f"{function.__name__} calls itself")
        called = self.library.add(function)
        if len(node.args) != len(called.arguments):
            raise self._error(node, f"{called.name} takes {len(called.arguments)} arguments")
        parts = []
        for argument, kind in zip(node.args, called.argument_types, strict=True):
            part = self._expression(argument, kind)
            if part[2] != kind:
                raise self._error(argument, f"{called.name} wants {kind} here, not {part[2]}")
            parts.append(part)
        return called, [p[0] for p in parts], [p[1] for p in parts]

    def _word(self, node: ast.Call, function: Callable) -> tuple[str, str, str]:
        name = function.__name__
        wanted_arguments = 2 if function in (grammar.fmin, grammar.fmax, grammar.mulhi) else 1
        if len(node.args) != wanted_arguments:
            raise self._error(node, f"{name} takes {wanted_arguments} argument{'s' * (wanted_arguments > 1)}")
        if wanted_arguments == 2:
            kind = U32 if function is grammar.mulhi else F32
            a, b = (self._expression(x, kind) for x in node.args)
            return f"{name}({a[0]}, {b[0]})", f"w_{name}({a[1]}, {b[1]})", kind
        wanted = {grammar.float_from_bits: I32}.get(function, F32 if function not in (
            grammar.i32, grammar.u32, grammar.f32) else None)
        python, cuda, kind = self._expression(node.args[0], wanted)
        result = {grammar.i32: I32, grammar.u32: U32, grammar.bits_from_float: I32}.get(function, F32)
        if function in (grammar.i32, grammar.u32, grammar.f32):
            return f"{name}({python})", f"({C_TYPES[result]})({cuda})", result
        return f"{name}({python})", f"w_{name}({cuda})", result


def _parsed(function: Callable) -> ast.FunctionDef:
    text = getattr(function, "source_text", None) or inspect.getsource(function)
    tree = ast.parse(textwrap.dedent(text)).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise GrammarError(f"{function.__name__} is no function of the grammar; write it with def.", 1)
    return tree


def _always_returns(block: list[ast.stmt]) -> bool:
    last = block[-1]
    if isinstance(last, ast.If) and last.orelse:
        return _always_returns(last.body) and _always_returns(last.orelse)
    return isinstance(last, ast.Return)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


# The words of the grammar in CUDA; __f*_rn forms are correctly rounded and never contracted.
CUDA_WORDS = r"""
__device__ __forceinline__ float w_fmin(float a, float b) { return a < b ? a : b; }
__device__ __forceinline__ float w_fmax(float a, float b) { return a > b ? a : b; }
__device__ __forceinline__ float w_fabs(float a) { return fabsf(a); }
__device__ __forceinline__ float w_sqrt(float a) { return __fsqrt_rn(a); }
__device__ __forceinline__ unsigned int w_mulhi(unsigned int a, unsigned int b) { return __umulhi(a, b); }
__device__ __forceinline__ float w_float_from_bits(int a) { return __int_as_float(a); }
__device__ __forceinline__ int w_bits_from_float(float a) { return __float_as_int(a); }
"""

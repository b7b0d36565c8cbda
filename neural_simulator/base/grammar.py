"""Words of the grammar in which equations are written, with their plain Python meaning.

A grammar function is a scalar Python function made of assignments, `if`, `while`, `for ... in range(...)`,
arithmetic, comparisons, conditional expressions, the words below and calls of other grammar functions. Python
runs it in float64 as the judge; `backend.emit` turns it into float32 code for the CPU and for CUDA.
Arguments are float32 unless annotated `i32`, `u32` or `flag`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

AnyFunction = TypeVar("AnyFunction", bound=Callable)


if TYPE_CHECKING:                 # they are called like functions and stand as annotations like types
    i32 = int
    u32 = int
    f32 = float
else:
    def i32(x: float) -> int:
        """Truncate a float towards zero, or wrap an integer to 32 bits, signed."""
        return (int(x) + 2**31) % 2**32 - 2**31

    def u32(x: float) -> int:
        """Truncate a non-negative float, or wrap an integer to 32 bits, unsigned."""
        return int(x) % 2**32

    def f32(x: float) -> float:
        """An integer as a floating-point number."""
        return float(x)


flag = bool                       # annotation of a truth value


def mulhi(a: int, b: int) -> int:
    """Upper 32 bits of the 64-bit product of two unsigned integers."""
    return (a * b) >> 32


def float_from_bits(bits: int) -> float:
    """The float32 whose bit pattern is the signed integer `bits`."""
    return struct.unpack("<f", struct.pack("<i", bits))[0]


def bits_from_float(x: float) -> int:
    """The bit pattern of a float32, as a signed integer."""
    return struct.unpack("<i", struct.pack("<f", x))[0]


sqrt = math.sqrt
fabs = math.fabs


def fmin(a: float, b: float) -> float:
    """The smaller of two numbers (b where either is not a number)."""
    return a if a < b else b


def fmax(a: float, b: float) -> float:
    """The larger of two numbers (b where either is not a number)."""
    return a if a > b else b


def engine_form(form: Callable) -> Callable[[AnyFunction], AnyFunction]:
    """Mark a function whose engines run `form` (in the grammar) while the judge runs the function itself."""

    def mark(judge: AnyFunction) -> AnyFunction:
        vars(judge)["engine_form"] = form
        return judge

    return mark


def composed(name: str, text: str, scope: Mapping[str, Any]) -> Callable:
    """Return the function `name` of a text that the program wrote, no user; `scope` holds what it calls.

    The emitter reads `source_text`, since there is no file that it could read.
    """
    names = dict(scope)
    exec(compile(text, f"<{name}>", "exec"), names)
    function = names[name]
    function.source_text = text
    return function

"""Grammar functions evaluated so that every machine agrees: for constants computed once, such as initial gates.

The judge uses the C library's exp, whose last bit differs between machines; here decimal arithmetic takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from ..base import exact
from . import kinetics

_EXACT: dict[Any, Callable] = {kinetics.exp: exact.exp, kinetics.log: exact.ln,
                               kinetics.exprel_inverse: exact.exprel_inverse, kinetics.tanh: exact.tanh,
                               kinetics.power: exact.power}


@cache
def exactly(function: FunctionType) -> Callable:
    """`function` with all elementary functions that it and its callees use replaced by machine-independent ones."""
    if function in _EXACT:
        return _EXACT[function]
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        called = scope.get(name)
        if isinstance(called, FunctionType):
            scope[name] = exactly(called)
    return FunctionType(function.__code__, scope, function.__name__)

"""The words of the grammar for Numba, and how generated source becomes compiled, cached functions."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ..base.paths import ROOT

CACHE = Path(os.environ.get("NEURAL_SIMULATOR_CACHE", ROOT / ".cache")) / "numba"
os.environ.setdefault("NUMBA_CACHE_DIR", str(CACHE))       # read by numba at import, so it comes first

import numba as nb  # noqa: E402
import numpy as np  # noqa: E402
from llvmlite import binding, ir  # noqa: E402
from numba.core import cgutils, types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

# Before a vectorised loop runs, LLVM checks that its arrays do not overlap, and by default gives up at 128 pairs: a
# neuron model with twelve or more states would be six times slower.
binding.set_option("", "--vectorize-memory-check-threshold=1000")

f32, i32, u32 = np.float32, np.int32, np.uint32

# error_model="numpy": division by zero gives inf as on the device. No fastmath: nothing may be reordered.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
inlined = nb.njit(forceinline=True, **OPTIONS)


@intrinsic
def float_from_bits(context, x):
    def generate(ctx, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())
    return types.float32(types.int32), generate


@intrinsic
def bits_from_float(context, x):
    def generate(ctx, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(32))
    return types.int32(types.float32), generate


@intrinsic
def ticks(context):
    """The processor's time counter (x86; its unit follows from a wall clock), or 0 where it cannot be read."""
    def generate(ctx, builder, signature, arguments):
        word = ir.IntType(64)
        if platform.machine().lower() not in ("x86_64", "amd64"):
            return ir.Constant(word, 0)
        read = builder.module.declare_intrinsic("llvm.readcyclecounter", (), ir.FunctionType(word, ()))
        return builder.call(read, ())
    return types.uint64(), generate


@intrinsic
def fetch_add(context, array, index, value):
    """Add to an element of a one-dimensional int64 array in one piece, whichever threads do; return what was there."""
    def generate(ctx, builder, signature, arguments):
        view = ctx.make_array(signature.args[0])(ctx, builder, arguments[0])
        pointer = cgutils.get_item_pointer(ctx, builder, signature.args[0], view, [arguments[1]])
        return builder.atomic_rmw("add", pointer, arguments[2], "monotonic")
    return types.int64(array, types.intp, types.int64), generate


@inlined
def mulhi(a, b):
    return u32((np.uint64(a) * np.uint64(b)) >> np.uint64(32))


@inlined
def fmin(a, b):
    return a if a < b else b


@inlined
def fmax(a, b):
    return a if a > b else b


@inlined
def fabs(a):
    return np.abs(a)


@inlined
def sqrt(a):
    return np.sqrt(a)


PRELUDE = """\
import numba as nb
import numpy as np
from neural_simulator.backend.cpu_words import *
"""


def load(source: str, label: str) -> ModuleType:
    """Return `source` as a module that lives in the cache folder, so that Numba can keep its machine code there.

    The file's name holds a hash of the text: equal text is compiled once per machine, other text never mixes.
    """
    text = PRELUDE + source
    name = f"{label}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    full_name = f"neural_simulator_generated.{name}"
    if full_name in sys.modules:
        return sys.modules[full_name]
    folder = CACHE.parent / "generated"
    path = folder / f"{name}.py"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(text)
        partial.replace(path)
    spec = importlib.util.spec_from_file_location(full_name, path)
    assert spec is not None and spec.loader is not None, "a file that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module
    spec.loader.exec_module(module)
    return module

"""The CUDA device through CuPy: whether there is one, what it can do, and compiled kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..base.errors import BackendError
from .cuda_source import OPTIONS


@dataclass(frozen=True)
class Device:
    """What a layout is chosen from."""

    name: str
    multiprocessors: int
    shared_bytes: int              # per block, with opt-in
    compute_capability: int        # e.g. 90
    cooperative: bool              # can launch kernels whose blocks wait for each other
    memory_bytes: int


@cache
def problem() -> str | None:
    """One sentence on why CUDA cannot be used here, or None where it can."""
    try:
        import cupy
    except ImportError as error:
        return f"CuPy cannot be imported ({error}); the first start installs the wheel that fits the driver."
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"the CUDA driver reports: {error}."
    if count == 0:
        return "the CUDA driver finds no device."
    try:
        compile_source('extern "C" __global__ void probe(int* a) { *a = 1; }').get_function("probe")
    except Exception as error:  # noqa: BLE001 - a broken installation fails in many ways; each means "use the CPU"
        return f"CuPy cannot compile for this device ({type(error).__name__}: {str(error).splitlines()[0]})."
    return None


def require() -> None:
    """Raise BackendError where CUDA cannot be used."""
    reason = problem()
    if reason:
        raise BackendError(f"The CUDA backend cannot be used: {reason} Choose backend 'cpu' or 'auto'.")


@contextmanager
def guarded(action: str) -> Iterator[None]:
    """Turn the device's own errors during `action` into one sentence of BackendError."""
    import cupy
    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError as error:
        raise BackendError(f"The device ran out of memory while {action} ({error}); free memory on it, take a smaller "
                           "network, or continue on the CPU.") from error
    except (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError) as error:
        raise BackendError(f"The device failed while {action} ({error}); continue on the CPU or restart the "
                           "program.") from error


def xp() -> Any:
    """The array module of the device (CuPy)."""
    import cupy
    return cupy


@cache
def device() -> Device:
    """Properties of the current device."""
    import cupy
    p = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    attributes = cupy.cuda.Device().attributes
    capability = int(p["major"]) * 10 + int(p["minor"])
    return Device(p["name"].decode(), int(p["multiProcessorCount"]), int(p["sharedMemPerBlockOptin"]), capability,
                  bool(attributes.get("CooperativeLaunch", 0)) and not cupy.cuda.runtime.is_hip,
                  int(p["totalGlobalMem"]))


def versions() -> dict[str, Any]:
    """The newest CUDA that the driver knows, the CUDA that CuPy computes with, and what the device is."""
    import cupy
    names = {"cuda_driver": cupy.cuda.runtime.driverGetVersion(), "cuda_runtime": cupy.cuda.runtime.runtimeGetVersion()}
    known = {name: f"{number // 1000}.{number % 1000 // 10}" for name, number in names.items()}
    capability = device().compute_capability
    return {**known, "compute_capability": f"{capability // 10}.{capability % 10}",
            "multiprocessors": device().multiprocessors, "device_memory_bytes": device().memory_bytes}


def compile_source(source: str, cooperative: bool = False) -> Any:
    """Compile CUDA text; CuPy keeps the machine code on disk, keyed by text and device."""
    import cupy
    return cupy.RawModule(code=source, options=OPTIONS, backend="nvrtc", enable_cooperative_groups=cooperative)


def kernel(module: Any, name: str, shared_bytes: int = 0) -> Any:
    """Return one kernel of a compiled module, allowed to use `shared_bytes` of shared memory."""
    function = module.get_function(name)
    if shared_bytes > 40_000:
        function.max_dynamic_shared_size_bytes = shared_bytes
    return function


def free_bytes() -> int:
    """Memory that can still be allocated on the device, the pool's unused blocks included."""
    import cupy
    free, _ = cupy.cuda.runtime.memGetInfo()
    return int(free + cupy.get_default_memory_pool().free_bytes())


def used_share() -> float:
    """Share (0..1) of the device's memory that is in use, by whomever; the pool's unused blocks are not."""
    import cupy
    return 1.0 - free_bytes() / cupy.cuda.runtime.memGetInfo()[1]


def limit_pool(share: float) -> None:
    """Let the memory pool hold at most `share` of the device's memory."""
    import cupy
    cupy.get_default_memory_pool().set_limit(fraction=share)

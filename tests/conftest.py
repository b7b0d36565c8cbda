"""Fixtures for all rooms."""

from __future__ import annotations

import signal

import pytest

from neural_simulator.config import GPUConfig

# A shell that starts the tests in the background lets them ignore Ctrl+C, and every program they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["cpu", "cuda"])
def backend(request: pytest.FixtureRequest) -> GPUConfig:
    """The device configuration of each backend in turn: `Simulation(core, backend)`. CUDA skips with its reason."""
    if request.param == "cuda":
        from neural_simulator.backend import cuda
        reason = cuda.problem()
        if reason is not None:
            pytest.skip(f"no CUDA: {reason}")
    return GPUConfig(backend=request.param)

"""Neural Simulator: spiking networks of a brain region, simulated and seen live.

    from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge

The public names are imported when they are first used, so that `import neural_simulator` itself is instant
and needs nothing but the standard library.
"""

from __future__ import annotations

import importlib
from typing import Any

from .base.version import VERSION as __version__

ROOM_OF = {
    "ConductanceNoise": "config",
    "CoreSimConfig": "config",
    "CurrentNoise": "config",
    "CurrentStimulus": "config",
    "GPUConfig": "config",
    "NeuronModel": "config",
    "PoissonStimulus": "config",
    "RuntimeState": "config",
    "SpikeStimulus": "config",
    "VisualizationConfig": "config",
    "Simulation": "engine.simulation",
    "SimulationBridge": "app.bridge",
    "add_user_model": "app.user_models",
}

__all__ = ["__version__", *ROOM_OF]


def __getattr__(name: str) -> Any:
    if name not in ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{ROOM_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *ROOM_OF})

"""How much memory a network will take, and the refusal of one that cannot fit."""

from __future__ import annotations

import math

import psutil

from ..backend.cuda import Device
from ..base.errors import MemoryForecastError
from ..config import CoreSimConfig
from ..network.plan import Plan, make_plan
from .layout import choose
from .padding import padded_words


def estimate_plan(plan: Plan, device: Device | None = None) -> int:
    """Bytes that network and state of `plan` will take, on the CPU or on `device`."""
    n, delays, ports = plan.num_neurons, plan.max_delay_steps, plan.num_ports
    states = len({name for cell in plan.cells.values() for name in cell.states})
    states += len(plan.core.stimuli) + 1 if plan.core.stimuli or plan.core.noise_sigma_pA else 0    # noises and masks
    if device is None:
        segments = n * delays * 8
        per_neuron = 12 + 4 * states + 4 + 8 + 4 * ports + 1 + 4 * (delays + 4)
        return int(plan.expected_synapses * 4 + segments + n * per_neuron)
    layout = choose(plan, device)
    common = 12 + 4 + 8 + 4 * states + 8 + 4 * ports * layout.slots       # positions, degrees, rows, state, ring
    if layout.kind == "global":
        delay_bytes = 2 if plan.min_delay_steps != plan.max_delay_steps else 0
        return int(plan.expected_synapses * (4 + delay_bytes) + n * (common + 8))
    words = padded_words(plan, layout.blocks, layout.unit)
    return int(words * 4 * layout.blocks + n * (common + 8 + 4 + 16))


def estimate_memory(core: CoreSimConfig, device: Device | None = None) -> int:
    """Bytes that the network of `core` and its state will take, on the CPU or on `device`."""
    return estimate_plan(make_plan(core, max(core.seed, 0)), device)


def used_share() -> float:
    """Share (0..1) of the host's memory that is in use, by whomever."""
    memory = psutil.virtual_memory()
    return 1.0 - memory.available / memory.total


def available_bytes() -> int:
    """Memory that a new network may take now."""
    return int(psutil.virtual_memory().available)


def check_fits(plan: Plan, available: int, share: float, device: Device | None = None) -> None:
    """Raise MemoryForecastError with the number and the largest network that fits."""
    cursors = plan.max_delay_steps * 8 if device is None else 4 * choose(plan, device).blocks     # of the second pass
    while_building = estimate_plan(plan, device) + plan.num_neurons * cursors
    if while_building <= available * share:
        return
    core = plan.core
    largest = _largest(core, available * share)
    raise MemoryForecastError(
        f"{core.num_neurons:,} neurons with {core.connections_per_neuron:,} connections each need "
        f"{_size(while_building)} of memory, but {_size(available * share)} may be used; the largest network that fits "
        f"has about {largest:,} neurons at {core.connections_per_neuron:,} connections each.",
        while_building, available, largest)


def _largest(core: CoreSimConfig, budget: float) -> int:
    low, high = 1, core.num_neurons
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        connections = min(core.connections_per_neuron, max(0, middle - 1))
        per_neuron = 200 + 4 * connections
        low, high = (middle, high) if middle * per_neuron <= budget else (low, middle)
    digits = max(0, int(math.log10(low)) - 1)
    return low // 10**digits * 10**digits


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.3g} {unit}" if count < 1000 else f"{count:,.0f} {unit}"
        count /= 1000
    return ""

"""How much memory a network will take, and the refusal of one that cannot fit."""

from __future__ import annotations

import math

import numpy as np
import psutil

from ..backend.cuda import Device
from ..base.errors import ConfigurationError, MemoryForecastError
from ..config import CoreSimConfig
from ..models.plasticity import history_steps, recent_spikes
from ..network.plan import Plan, make_plan
from ..network.projections import expected_synapses, memory_shape
from .cpu_learning import SLOTS
from .layout import choose
from .learning_text import device_bytes
from .padding import padded_words

_ROUND_BYTES = 2 * 6 + 4 + 1            # per synapse: target and delay twice, origin, mark


def estimate_plan(plan: Plan, device: Device | None = None, threads: int = 1) -> int:
    """Bytes that network and state of `plan` will take, on the CPU with `threads` threads or on `device`."""
    n, delays, ports = plan.num_neurons, plan.max_delay_steps, plan.num_ports
    states = len({name for cell in plan.cells.values() for name in cell.states})
    states += len(plan.core.stimuli) + 1 if plan.core.stimuli or plan.core.noise_sigma_pA else 0    # noises and masks
    states += max(len(cell.varied) for cell in plan.cells.values())
    if device is None:
        segments = n * delays * 8 * threads                              # every thread's part has its own
        ring = 4 * (delays + 4) if plan.learning is None else 4 * ports * delays + 4 * SLOTS
        per_neuron = 12 + 4 * states + 4 + 8 + 4 * ports + 1 + ring
        return int(plan.most_synapses * 4 + segments + n * per_neuron + _learning(plan, SLOTS) + _rewiring(plan))
    layout = choose(plan, device)
    per_word, traces = device_bytes(plan, max(n, layout.blocks * layout.per_block))
    common = 12 + 4 + 8 + 4 * states + 8 + 4 * ports * layout.slots       # positions, degrees, rows, state, ring
    if layout.kind == "global":
        delay_bytes = 2 if plan.min_delay_steps != plan.max_delay_steps else 0
        learning = plan.most_synapses * per_word * _learning_share(plan, True) + traces
        return int(plan.most_synapses * (4 + delay_bytes) + n * (common + 8) + learning)
    words = padded_words(plan, layout.blocks, layout.unit) * layout.blocks
    return int(words * (4 + per_word * _learning_share(plan, False)) + n * (common + 8 + 4 + 16) + traces)


def _learning_share(plan: Plan, gaps: bool) -> float:
    """Share of the synapses in rows whose weights can change; with `gaps` from the first to the last of these rows."""
    if plan.learning is None or not plan.learning.weights:
        return 0.0
    learns = np.flatnonzero(plan.learning.learns)
    chosen = range(learns[0], learns[-1] + 1) if gaps else learns
    within = sum(expected_synapses(q, plan.populations) for q in plan.projections if q.pre in chosen)
    return within / max(1.0, plan.expected_synapses)


def _learning(plan: Plan, slots: int) -> float:
    """Bytes that learning takes: weights, eligibility, traces, histories, and events in `slots` steps."""
    if plan.learning is None:
        return 0.0
    per_synapse = (4 if plan.learning.weights else 0) + (4 if plan.learning.rewarded else 0)
    xs, ys, releases = plan.learning.x_decay.size, plan.learning.y_decay.size, plan.learning.releases
    delays = plan.max_delay_steps
    history = history_steps(delays) // 8 + 4 * (1 + ys) * recent_spikes(delays) + 4 * ys + 16
    per_neuron = 4 + 4 * xs + 8 * releases + (history if plan.learning.weights else 0)
    return plan.most_synapses * per_synapse + plan.num_neurons * (per_neuron + slots * 4 * (2 + xs + releases))


def _rewiring(plan: Plan) -> float:
    """Bytes that a round of rewiring takes for a moment: synapses and their columns, before and after it."""
    columns = 4 * (1 + plan.learning.rewarded) if plan.learning is not None else 0
    return plan.most_synapses * (_ROUND_BYTES + 2 * columns) if plan.rewires else 0.0


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


def check_fits(plan: Plan, available: int, share: float, device: Device | None = None, threads: int = 1) -> None:
    """Raise MemoryForecastError with the number and the largest network that fits."""
    needed = while_building(plan, device, threads)
    if needed <= available * share:
        return
    core, mean = plan.core, plan.expected_synapses / plan.num_neurons
    largest = _largest(core, available * share, device, threads)
    raise MemoryForecastError(
        f"{plan.num_neurons:,} neurons with {mean:,.0f} connections each need {_size(needed)} of memory, but "
        f"{_size(available * share)} may be used; the largest network of this kind that fits has about {largest:,} "
        "neurons: take fewer neurons or connections, or free memory.", needed, available, largest)


def while_building(plan: Plan, device: Device | None = None, threads: int = 1) -> int:
    """The most bytes that a build and what it makes take at one time."""
    if device is None:
        return estimate_plan(plan, device, threads) + sum(
            math.prod(memory_shape(q, plan.populations)) for q in plan.projections)
    counts = 4 * choose(plan, device).blocks + 8 * plan.num_ports                               # per neuron
    return estimate_plan(plan, device, threads) + plan.num_neurons * counts


def _largest(core: CoreSimConfig, budget: float, device: Device | None, threads: int) -> int:
    """Neurons of the largest network like that of `core` within `budget` bytes, in two digits."""
    low, high = 1, core.num_neurons
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(core, middle, budget, device, threads) else (low, middle)
    digits = max(0, int(math.log10(low)) - 1)
    return low // 10**digits * 10**digits


def _fits(core: CoreSimConfig, num_neurons: int, budget: float, device: Device | None, threads: int) -> bool:
    connections = min(core.connections_per_neuron, max(0, num_neurons - 1))
    try:
        plan = make_plan(core.changed(num_neurons=num_neurons, connections_per_neuron=connections), 0)
    except ConfigurationError:
        return True                             # too few neurons for this wiring, and so for this memory
    return while_building(plan, device, threads) <= budget


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.3g} {unit}" if count < 1000 else f"{count:,.0f} {unit}"
        count /= 1000
    return ""

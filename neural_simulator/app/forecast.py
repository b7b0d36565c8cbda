"""What a network will cost before it is built: memory, and the wall time of a simulated second.

The memory is counted exactly as the builder counts it. The time is a rough model (a share per neuron, a share per
synaptic event), scaled so that it is right for the network that runs now.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..base.errors import SimulatorError
from ..config import CoreSimConfig, GPUConfig
from .frames import Frame, NetworkView

# ns per step, per neuron and step, per synaptic event: CPU of one thread and a large GPU. Tuned here, by
# benchmark.py on the default network; only their proportions matter once a network has run.
COSTS_NS = {"cpu": (4000.0, 12.0, 1.5), "cuda": (8000.0, 0.03, 0.02)}
STATES_OF_YARDSTICK = 2          # the cost per neuron grows with the number of its states
SUPPOSED_RATE_HZ = 5.0           # where nothing has run yet


@dataclass(frozen=True)
class Measured:
    """What the network that runs now really takes."""

    work_ns: float               # by the model above
    step_us: float
    rate_Hz: float


@dataclass(frozen=True)
class Forecast:
    """What the network in the form would take; `problem` says why it cannot be built."""

    memory_bytes: int = 0
    available_bytes: int = 0
    synapses: float = 0.0
    real_time_factor: float = 0.0        # wall time / simulated time
    guessed: bool = True                 # the speed was not compared with a run
    problem: str = ""


def measured(network: NetworkView | None, frame: Frame | None, gpu: GPUConfig) -> Measured | None:
    """Return what is known from the run; None where there was none."""
    if network is None or frame is None or frame.step_time_us <= 0.0 or frame.step == 0:
        return None
    seconds = frame.time_ms / 1000.0
    rate = frame.total_spikes / network.num_neurons / seconds
    kind = "cpu" if network.backend.startswith("CPU") else "cuda"
    work = _work_ns(kind, network.core, network.num_neurons, float(network.num_synapses), rate)
    return Measured(work, frame.step_time_us, rate)


def forecast(core: CoreSimConfig, gpu: GPUConfig, known: Measured | None) -> Forecast:
    """Return what the network of `core` would take. Loads the engine; belongs on another thread than the windows'."""
    from ..backend import cuda
    from ..engine.cpu_engine import thread_count
    from ..engine.memory import available_bytes, check_fits, estimate_plan
    from ..network.plan import make_plan
    try:
        plan = make_plan(core, max(core.seed, 0))
        on_device = gpu.backend != "cpu" and cuda.problem() is None
        device = cuda.device() if on_device else None
        available = int((cuda.free_bytes() if on_device else available_bytes()) * gpu.memory_pool_limit_fraction)
        synapses = plan.expected_synapses
        rate = known.rate_Hz if known is not None else SUPPOSED_RATE_HZ
        work = _work_ns("cuda" if on_device else "cpu", core, plan.num_neurons, synapses, rate)
        step_us = work / 1000.0 if known is None else work * known.step_us / known.work_ns
        threads = thread_count(gpu.num_threads, plan.num_neurons)
        result = Forecast(estimate_plan(plan, device, threads), available, synapses, step_us / 1000.0 / core.dt_ms,
                          known is None)
        check_fits(plan, available, 1.0, device, threads)
    except SimulatorError as error:
        return Forecast(problem=str(error))
    return result


def _work_ns(kind: str, core: CoreSimConfig, neurons: int, synapses: float, rate_Hz: float) -> float:
    """Wall time of a step by the rough model."""
    from ..models.neurons import neuron_model
    step, neuron, event = COSTS_NS[kind]
    states = len(neuron_model(core.neuron_model_type.value).states) / STATES_OF_YARDSTICK
    return step + neurons * neuron * states + synapses * rate_Hz * core.dt_ms / 1000.0 * event

"""How a network is laid out on a device: chosen from the plan and the device's properties, said in the log."""

from __future__ import annotations

from dataclasses import dataclass

from ..backend.cuda import Device
from ..backend.cuda_learning import KEPT_SPIKES
from ..network.plan import Plan
from .learning_text import near_bytes
from .padding import padded_words

_MAX_NEURONS_PER_THREAD = 8
_STATIC_SHARED = 8192          # bytes kept for tables
_UNITS = (8, 4, 2, 1)          # words to a multiple of which rows are padded; 8 are what memory delivers at once
_MOST_BYTES = 16               # per synapse, padding included,
_SMALL = 8 << 20               # unless the whole store takes no more bytes than this
_MOST_PACKETS = 7              # of a block in a step, with three rows each
TYPICAL_RATE_HZ = 8.5         # packets are sized for this rate; more spikes only take a slower path


@dataclass(frozen=True)
class Layout:
    """Constants of the kernels; `kind` is 'partitioned' or 'global', `reason` says why."""

    kind: str
    reason: str
    blocks: int
    per_block: int = 0
    threads: int = 256
    neurons_per_thread: int = 1
    slots: int = 2
    delay_bits: int = 0
    packets: int = 1
    inboxes: int = 1
    list_capacity: int = 0
    unit: int = _UNITS[0]
    shared_bytes: int = 0
    kept_spikes: int = KEPT_SPIKES[0]      # of a neuron that learns, near it

    @property
    def own_list(self) -> int:
        """Places for the spikes of a block in one step."""
        return max(self.per_block, 3 * self.packets)


def choose(plan: Plan, device: Device, wanted_blocks: int | None = None, threads: int | None = None,
           packets: int | None = None) -> Layout:
    """Choose the layout; the last three arguments override parts of it, for measurements."""
    n = plan.num_neurons
    most = min(wanted_blocks or _blocks(n, device.multiprocessors), device.multiprocessors, n)
    blocks, unit = (most, _UNITS[0]) if wanted_blocks else _sharing(plan, most)
    obstacle = _obstacle(plan, device, most)
    if not obstacle and _obstacle(plan, device, blocks):
        obstacle = f"rows shared among blocks would be padded to more than {_MOST_BYTES} bytes per synapse"
    if obstacle:
        return Layout("global", obstacle, 1, slots=plan.max_delay_steps + 2)
    kept = next(k for k in KEPT_SPIKES if not _obstacle(plan, device, blocks, k))
    per_block = -(-n // blocks)
    spikes = per_block * TYPICAL_RATE_HZ * plan.dt / 1000.0
    most_packets = _MOST_PACKETS if plan.learning is None else 6     # 900 threads have registers enough for learning
    packets = packets or max(1, min(round((4.0 + 2.6 * spikes) / 3.0 + 0.2), 1024 // blocks, most_packets))
    in_flight = 256 if n < 5_000 else 896 if spikes * blocks > 256 else 512       # rows that wait for memory together
    need = max(min(per_block, 1024), blocks * packets, in_flight)
    threads = threads or min(1024, -(-need // 32) * 32)
    packets = min(packets, threads // blocks)             # every packet has a thread that waits for it
    slots = plan.max_delay_steps + 1
    ring = slots * plan.num_ports * per_block * 4
    own = 2 * max(per_block, 3 * packets) * 4 + near_bytes(plan, per_block, kept)
    room = device.shared_bytes - _STATIC_SHARED - ring - own
    row_bytes = _row_bytes(plan)
    capacity = min(room // row_bytes, 12_288 * 4 // row_bytes, max(n, 3 * blocks * packets)) // 2 * 2
    reason = "accumulators fit shared memory"
    if (blocks, unit) != (most, _UNITS[0]):
        reason += f"; rows are padded to {unit} words, so that a synapse takes at most {_MOST_BYTES} bytes"
    return Layout("partitioned", reason, blocks, per_block, threads,
                  -(-per_block // threads), slots, _delay_bits(plan), packets, min(blocks, 12), capacity, unit,
                  ring + own + capacity * row_bytes, kept)


def _row_bytes(plan: Plan) -> int:
    """Of the list of rows that a step delivers: the row and, where anything learns, the number of its event."""
    return 4 if plan.learning is None else 8


def _blocks(n: int, multiprocessors: int) -> int:
    """Few blocks exchange faster, many have more memory bandwidth and arithmetic; multiples of 8 share evenly."""
    return max(2, min(multiprocessors, -(-n // 512) * 8))


def _sharing(plan: Plan, blocks: int) -> tuple[int, int]:
    """As many blocks, at most `blocks`, and as long a unit as keep the padding of rows within bounds; (1, 8): none."""
    bound = max(_SMALL, _MOST_BYTES * plan.most_synapses)
    while blocks > 1:
        for unit in _UNITS:
            if 4.0 * blocks * padded_words(plan, blocks, unit) <= bound:
                return blocks, unit
        blocks = blocks // 16 * 8 if blocks >= 32 else blocks // 2
    return 1, _UNITS[0]


def _delay_bits(plan: Plan) -> int:
    return (plan.max_delay_steps - plan.min_delay_steps).bit_length()


def _obstacle(plan: Plan, device: Device, blocks: int, kept_spikes: int = KEPT_SPIKES[-1]) -> str:
    """Why accumulators cannot live in shared memory, or ''."""
    per_block = -(-plan.num_neurons // blocks)
    if not device.cooperative or device.compute_capability < 70:
        return "the device cannot launch kernels whose blocks wait for each other"
    if blocks < 2:
        return "the network is too small to share among blocks"
    ring = (plan.max_delay_steps + 1) * plan.num_ports * per_block * 4
    near = near_bytes(plan, per_block, kept_spikes)
    lists = 2 * per_block * 4 + 3 * blocks * _MOST_PACKETS * _row_bytes(plan)
    if ring + near + lists + _STATIC_SHARED > device.shared_bytes:
        learning = ", and what they learn from," if near else ""
        return (f"accumulators of {per_block} neurons and {plan.max_delay_steps} steps of delay{learning} take "
                f"{(ring + near) // 1024} KB of the {device.shared_bytes // 1024} KB of shared memory")
    if per_block.bit_length() + _delay_bits(plan) + plan.weight_bits > 32:
        return "target, delay and weight do not fit one 32-bit word"
    if per_block > 1024 * _MAX_NEURONS_PER_THREAD:
        return f"{per_block} neurons per multiprocessor are too many to keep in registers"
    return ""

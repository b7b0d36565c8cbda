"""Structural plasticity while an engine runs: the phase "rewire", the last of every so many steps.

A round takes the engine's snapshot, changes its synapses (`network.rewiring`) and restores the engine from it. So all
engines rewire alike, and everything that a round needs and makes is in the snapshot: the state after a round.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..base.errors import StateError
from ..network.plan import Plan
from ..network.rewiring import Wiring, play
from .batch import Batch, join
from .phases import PHASES
from .snapshot import Snapshot

WEIGHT = "learning_weight"
COLUMNS = (WEIGHT, "learning_eligibility")       # what a snapshot carries for every synapse, in canonical order
_WIRING = ("wiring_degrees", "wiring_targets", "wiring_delays")
SIZES_CHANGE = (*COLUMNS, *_WIRING)              # with the number of synapses
_PHASE = [phase.name for phase in PHASES].index("rewire")


class Rewiring:
    """When rounds are due in a network, what they have done, and the spikes that were counted at the last one."""

    def __init__(self, plan: Plan):
        assert plan.learning is not None and plan.learning.structure is not None            # `plan.rewires`
        self.plan, self.structure = plan, plan.learning.structure
        self.reset()

    def reset(self) -> None:
        """The state at step 0."""
        self.changes = 0, 0                          # synapses that formed, and that vanished, since step 0
        self._counts = np.zeros(self.plan.num_neurons, np.uint32)

    def compile(self, network: Any) -> None:
        """Compile a round now, not when the first one is due: play it on a network without synapses or vacancies."""
        nothing = Wiring(np.zeros(self.plan.num_neurons + 1, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.uint16))
        play(self.plan, replace(self.structure, numbers=self.structure.numbers[:0], counts=self.structure.counts[:0]),
             0, network.positions, self._counts, nothing, {WEIGHT: np.zeros(0, np.float32)}, WEIGHT)
        nothing.check(self.plan)

    # ---- snapshots
    def arrays(self, network: Any) -> dict[str, np.ndarray]:
        """What a snapshot carries: the synapses, unless they are those that the seed gives."""
        wiring = network.wiring() if network.rewired else Wiring(*(np.zeros(0, kind) for kind in ("i8", "u4", "u2")))
        return {"wiring_degrees": np.diff(wiring.starts).astype(np.uint32), "wiring_targets": wiring.targets,
                "wiring_delays": wiring.delays, "wiring_spikes": self._counts,
                "wiring_changes": np.array(self.changes, np.int64)}

    def restore(self, network: Any, further: Mapping[str, np.ndarray]) -> None:
        """Give `network` the synapses that a snapshot carries, and go on from its round."""
        wiring = _carried(further)
        if wiring is not None:
            wiring.check(self.plan)
        size = network.num_synapses_built if wiring is None else wiring.num_synapses
        if any(len(further[name]) != size for name in COLUMNS if name in further):
            raise StateError("The state has not one weight for every synapse; it cannot be restored.")
        network.rewire(wiring, further[WEIGHT])
        self._counts = further["wiring_spikes"].copy()
        formed, removed = (int(number) for number in further["wiring_changes"])
        self.changes = formed, removed

    # ---- rounds
    def run(self, engine: Any, steps: int, **how: Any) -> Batch:
        """Run `steps` steps of the engine, with a round at the end of every step that is due."""
        batches: list[Batch] = []
        while steps > 0 or not batches:
            count = min(steps, self.structure.interval_steps - engine.step_index % self.structure.interval_steps)
            batches.append(engine.run_between_rounds(count, **how))
            steps -= count
            if count and engine.step_index % self.structure.interval_steps == 0:
                batches[-1] = _with(batches[-1], self._round(engine))
        return join(batches)

    def _round(self, engine: Any) -> float:
        """Play the round that is due at the engine's step; return how long it took, s."""
        started = time.perf_counter()
        with engine.memory():
            state = self.next(engine.snapshot(), engine.network)
        engine.restore(state)
        return time.perf_counter() - started

    def next(self, snapshot: Snapshot, network: Any) -> Snapshot:
        """The state after the round that is due in the state `snapshot` of `network`."""
        further = dict(snapshot.further)
        columns = {name: further.pop(name) for name in COLUMNS if name in further}
        made = play(self.plan, self.structure, snapshot.step // self.structure.interval_steps, network.positions,
                    snapshot.spike_counts - self._counts, _carried(further) or network.wiring(), columns, WEIGHT)
        changes = np.add(self.changes, (made.formed, made.removed))
        further |= {"wiring_degrees": np.diff(made.wiring.starts).astype(np.uint32),
                    "wiring_targets": made.wiring.targets, "wiring_delays": made.wiring.delays,
                    "wiring_spikes": snapshot.spike_counts,
                    "wiring_changes": changes.astype(np.int64), **made.columns}
        return replace(snapshot, further=further)


def _carried(further: Mapping[str, np.ndarray]) -> Wiring | None:
    """The synapses that a snapshot carries; None where they are those that the seed gives."""
    degrees, targets, delays = (further[name] for name in _WIRING)
    if not degrees.size:
        return None
    return Wiring.of_degrees(degrees, targets, delays)


def _with(batch: Batch, seconds: float) -> Batch:
    """The batch with the time of the round after its last step."""
    phases = batch.phase_seconds
    if phases is not None:
        phases = phases.copy()
        phases[-1, _PHASE] += seconds
    return replace(batch, seconds=batch.seconds + seconds, phase_seconds=phases)

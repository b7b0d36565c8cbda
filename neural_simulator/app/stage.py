"""A recording on show: the file, whatever computes it again, and the player; taken together and given back together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base.errors import SimulatorError
from ..base.synapses import NONE
from ..config import CoreSimConfig, GPUConfig
from ..files.recordings import Recording
from ..network.plan import make_plan
from .frames import NetworkView
from .observer import default_probes, view_of
from .playback import Player, RecordedFrames, ReplayedFrames, probes_of
from .replay import Replay, to_build

Create = Callable[[CoreSimConfig, GPUConfig, Callable[[str, float], None]], Any]


class Stage:
    """Opens the recording `path` for playback under the number `build`.

    Where its frames must be computed again and the live simulation `live` has the same network, that is borrowed, and
    `close` gives it back as it was; otherwise `create` builds another one beside it.
    """

    def __init__(self, path: Path, live: Any, create: Create, gpu: GPUConfig, report: Callable[[str, float], None],
                 build: int):
        self._live, self._loan, self._own = live, None, None
        self._build = build
        self.recording = Recording.open(path)
        try:
            probes = probes_of(self.recording, default_probes)
            if RecordedFrames.fits(self.recording):
                source: Any = RecordedFrames(self.recording, gpu.playback_mode, probes)
            else:
                sim = self._simulation(create, gpu, report)
                source = ReplayedFrames(Replay(self.recording, sim, report), sim, probes)
            self.player = Player(self.recording, source, probes, build, max_delay_steps(self.recording))
        except BaseException:
            self.close()
            raise

    def _simulation(self, create: Create, gpu: GPUConfig, report: Callable[[str, float], None]) -> Any:
        if self._same(self._live):
            self._loan = self._live.lend()
            return self._live
        self._own = create(to_build(self.recording), gpu, report)
        return self._own

    def _same(self, sim: Any) -> bool:
        known = self.recording.origin.fingerprint
        return sim is not None and bool(known) and sim.fingerprint == known

    @property
    def network(self) -> Any:
        """The recorded network, where it is in place; else None: then its synapses are not known."""
        sim = self._in_place
        return None if sim is None else sim.network

    @property
    def _in_place(self) -> Any:
        """The simulation of the recorded network. A live one that has been rewired is another, unless it computes."""
        if self._own is not None:
            return self._own
        known = self._same(self._live) and (self._loan is not None or not self._live.network.rewired)
        return self._live if known else None

    def view(self) -> NetworkView:
        """What the windows need of the recorded network."""
        recording, sim = self.recording, self._in_place
        if sim is not None:
            return replace(view_of(sim, self._build), core=recording.core, seed=recording.seed, first_step=0)
        return NetworkView(
            core=recording.core, seed=recording.seed, backend=recording.backend, populations=recording.populations,
            population_of=self.player.population_of, positions=recording.positions, synapse_sample=NONE,
            num_synapses=recording.num_synapses, memory_bytes=0, build_time_s=0.0, build=self._build,
            max_delay_steps=max_delay_steps(recording))

    @property
    def computes(self) -> bool:
        """Whether the frames are computed again."""
        return self._own is not None or self._loan is not None

    def told(self) -> str:
        """One sentence on what is on show."""
        recording = self.recording
        how = "computed again where it is shown" if self.computes else "as recorded"
        cut = "" if recording.complete else "; its writer did not close it, so it ends with the last flush"
        return (f"Playing {recording.path.name}: {recording.first_step * recording.dt_ms:,.10g} to "
                f"{recording.stop_step * recording.dt_ms:,.10g} ms, {how}{cut}.")

    def close(self) -> None:
        """Close the file and give back what was taken; BackendError when a borrowed device has failed."""
        self.recording.close()
        if self._own is not None:
            with suppress(SimulatorError):
                self._own.close()
        if self._loan is not None:
            loan, self._loan = self._loan, None
            self._live.take_back(loan)


def max_delay_steps(recording: Recording) -> int:
    """The longest delay of the recorded network; 1 where this program cannot plan that network."""
    with suppress(SimulatorError):
        return make_plan(to_build(recording), recording.seed).max_delay_steps
    return 1

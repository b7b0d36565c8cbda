"""What the windows show: one frozen `ViewState`, and the pure function `apply` that folds events into it.

Panel and viewer read this state and own no simulation state of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..config import CoreSimConfig, GPUConfig, VisualizationConfig
from . import messages as msg
from .frames import NO_IDS, Incoming, Inspection, NetworkView, PlaybackView

STATES = ("empty", "stopped", "running", "paused", "ended")
LONG = (msg.ApplyConfig, msg.LoadCheckpoint, msg.OpenPlayback, msg.GoBack)      # commands that report progress
ENDED = "The run reached its total time; Start begins anew."


@dataclass(frozen=True)
class ViewState:
    """Everything the windows need besides the newest frame."""

    run: str = "empty"                              # one of STATES
    network: NetworkView | None = None              # the network in place
    core: CoreSimConfig | None = None               # its configuration, live changes included
    gpu: GPUConfig | None = None                    # the device configuration it was built with
    draft_core: CoreSimConfig = field(default_factory=CoreSimConfig)    # what the form shows (last good values)
    draft_gpu: GPUConfig = field(default_factory=GPUConfig)
    draft_errors: Mapping[str, str] = field(default_factory=dict)       # bad field -> sentence
    visual: VisualizationConfig = field(default_factory=VisualizationConfig)
    profile: str = ""                               # title of the profile in the form
    profile_description: str = ""
    speed: float = 1.0                              # wanted simulated time / wall time; 0: as fast as possible
    progress: tuple[str, float] | None = None       # task, fraction 0..1
    recording: Path | None = None
    inspection: Inspection | None = None            # the picked neuron
    selection: np.ndarray = field(default_factory=lambda: NO_IDS)      # the selected neurons, ascending
    incoming: Incoming | None = None                # summed weights, once they were asked for
    playback: PlaybackView | None = None            # the recording on show instead of the live simulation
    status: str = ""
    status_bad: bool = False
    crash: msg.Crashed | None = None
    model_told: msg.Done | msg.Failed | None = None     # the answer to the newest AddNeuronModel
    history: tuple[str, ...] = ()                   # moments of form and picture, oldest first
    history_at: int = 0                             # number of the one in force

    @property
    def building(self) -> bool:
        """True while a long operation reports progress."""
        return self.progress is not None


def changed_fields(view: ViewState) -> frozenset[str]:
    """Return the names of draft fields that differ from the network in place (all of them where there is none)."""
    names = [*type(view.draft_core).model_fields, *type(view.draft_gpu).model_fields]
    if view.core is None or view.gpu is None:
        return frozenset(names)
    pairs = ((view.draft_core, view.core), (view.draft_gpu, view.gpu))
    return frozenset(name for draft, applied in pairs for name in type(draft).model_fields
                     if getattr(draft, name) != getattr(applied, name))


def apply(view: ViewState, event: msg.Event) -> ViewState:
    """Return `view` as it is after `event`."""
    return APPLIERS[type(event)](view, event)


def _done(view: ViewState, event: msg.Done) -> ViewState:
    command = event.command
    if isinstance(command, msg.ApplyConfig):
        view = replace(view, core=command.core, gpu=command.gpu, crash=None)
    elif isinstance(command, msg.LoadCheckpoint) and view.core is not None:
        view = replace(view, gpu=command.gpu, draft_core=view.core, draft_gpu=command.gpu, draft_errors={}, crash=None)
    elif isinstance(command, msg.ChangeLive) and view.core is not None:
        # What the form has not changed since follows, wherever the change came from.
        same = {name: value for name, value in command.values.items()
                if getattr(view.draft_core, name) == getattr(view.core, name)}
        draft = view.draft_core.changed(**same) if same else view.draft_core
        view = replace(view, core=view.core.changed(**command.values), draft_core=draft)
    elif isinstance(command, msg.SetSpeed):
        view = replace(view, speed=command.factor)
    elif isinstance(command, msg.AddNeuronModel):
        view = replace(view, model_told=event)
    return replace(view, status=event.text, status_bad=False) if event.text else view


def _failed(view: ViewState, event: msg.Failed) -> ViewState:
    if isinstance(event.command, msg.AddNeuronModel):
        view = replace(view, model_told=event)
    if isinstance(event.command, LONG):
        view = replace(view, progress=None)
        if event.field and isinstance(event.command, msg.ApplyConfig):
            view = replace(view, draft_errors={**view.draft_errors, event.field: event.message})
    return replace(view, status=event.message, status_bad=True)


def _run_state(view: ViewState, event: msg.RunStateChanged) -> ViewState:
    crash = None if event.state == "running" else view.crash
    network = None if event.state == "empty" else view.network
    status = ENDED if event.state == "ended" else "" if view.status_bad else view.status
    return replace(view, run=event.state, network=network, crash=crash, status=status, status_bad=False)


def _built(view: ViewState, event: msg.NetworkBuilt) -> ViewState:
    return replace(view, network=event.view, core=event.view.core, progress=None, inspection=None, selection=NO_IDS,
                   incoming=None)


def _rewired(view: ViewState, event: msg.SynapsesChanged) -> ViewState:
    if view.network is None or view.network.build != event.build:
        return view
    return replace(view, network=replace(view.network, num_synapses=event.num_synapses, synapse_sample=event.sample))


def _inspected(view: ViewState, event: msg.Inspected) -> ViewState:
    return replace(view, inspection=event.inspection)


def _summed(view: ViewState, event: msg.WeightsSummed) -> ViewState:
    fits = view.network is not None and view.network.build == event.incoming.build
    return replace(view, incoming=event.incoming) if fits else view


def _selected(view: ViewState, event: msg.SelectionChanged) -> ViewState:
    return replace(view, selection=event.neurons)


def _progress(view: ViewState, event: msg.Progress) -> ViewState:
    return replace(view, progress=None if event.fraction >= 1.0 else (event.task, event.fraction))


def _recording(view: ViewState, event: msg.RecordingChanged) -> ViewState:
    view = replace(view, recording=event.path)
    return replace(view, status=event.problem, status_bad=True) if event.problem else view


def _playback(view: ViewState, event: msg.PlaybackChanged) -> ViewState:
    """What is on show; while it is a recording, `network` and `core` are the recorded ones."""
    view = replace(view, playback=event.playback)
    return replace(view, status=event.problem, status_bad=True) if event.problem else view


def _crashed(view: ViewState, event: msg.Crashed) -> ViewState:
    return replace(view, crash=event, status=event.message, status_bad=True, progress=None)


def _draft(view: ViewState, event: msg.DraftChanged) -> ViewState:
    return replace(view, draft_core=event.core, draft_gpu=event.gpu, draft_errors=dict(event.errors))


def _visual(view: ViewState, event: msg.VisualChanged) -> ViewState:
    return replace(view, visual=event.visual)


def _profile(view: ViewState, event: msg.ProfileChanged) -> ViewState:
    return replace(view, profile=event.name, profile_description=event.description)


def _history(view: ViewState, event: msg.HistoryChanged) -> ViewState:
    return replace(view, history=event.labels, history_at=event.at)


def _notice(view: ViewState, event: msg.Notice) -> ViewState:
    return replace(view, status=event.text, status_bad=event.bad)


APPLIERS: Mapping[type[msg.Event], Callable[..., ViewState]] = {
    msg.Done: _done,
    msg.Failed: _failed,
    msg.RunStateChanged: _run_state,
    msg.NetworkBuilt: _built,
    msg.SynapsesChanged: _rewired,
    msg.Inspected: _inspected,
    msg.WeightsSummed: _summed,
    msg.SelectionChanged: _selected,
    msg.Progress: _progress,
    msg.RecordingChanged: _recording,
    msg.PlaybackChanged: _playback,
    msg.Crashed: _crashed,
    msg.DraftChanged: _draft,
    msg.VisualChanged: _visual,
    msg.ProfileChanged: _profile,
    msg.HistoryChanged: _history,
    msg.Notice: _notice,
}

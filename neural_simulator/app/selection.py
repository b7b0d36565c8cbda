"""What the user may do to the neurons selected in the viewer: a push of current, silence, and an end to both."""

from __future__ import annotations

import numpy as np

from ..config import CoreSimConfig, CurrentStimulus, Stimulus, VisualizationConfig

PUSH, SILENCE = "viewer: push", "viewer: silence"     # names of the stimuli; there is at most one of each


def targets(selection: np.ndarray, picked: int | None) -> tuple[int, ...]:
    """Return the selected neurons, or the picked one where none is selected."""
    chosen = selection.tolist()
    return tuple(chosen) if chosen or picked is None else (picked,)


def pushed(core: CoreSimConfig, neurons: tuple[int, ...], now_ms: float, viz: VisualizationConfig,
           ) -> tuple[Stimulus, ...]:
    """Return the network's stimuli with a current into these neurons that begins now."""
    return _with(core, CurrentStimulus(
        name=PUSH, neurons=neurons, amplitude_pA=viz.push_pA, start_ms=now_ms, stop_ms=now_ms + viz.push_ms))


def silenced(core: CoreSimConfig, neurons: tuple[int, ...], now_ms: float, viz: VisualizationConfig,
             ) -> tuple[Stimulus, ...]:
    """Return the network's stimuli with a steady current that holds these neurons, and the ones before, silent."""
    before = next((stimulus.neurons for stimulus in core.stimuli if stimulus.name == SILENCE), ())
    return _with(core, CurrentStimulus(name=SILENCE, neurons=tuple(sorted({*before, *neurons})),
                                       amplitude_pA=-viz.silencing_pA, start_ms=now_ms))


def released(core: CoreSimConfig) -> tuple[Stimulus, ...]:
    """Return the network's stimuli without those of the viewer."""
    return tuple(stimulus for stimulus in core.stimuli if stimulus.name not in (PUSH, SILENCE))


def _with(core: CoreSimConfig, stimulus: Stimulus) -> tuple[Stimulus, ...]:
    """Replace the stimulus of this name where it stands, else append it: the others keep their places and noise."""
    names = [known.name for known in core.stimuli]
    if stimulus.name not in names:
        return (*core.stimuli, stimulus)
    place = names.index(stimulus.name)
    return (*core.stimuli[:place], stimulus, *core.stimuli[place + 1:])

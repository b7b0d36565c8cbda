"""What a user chooses to record, and how large the file will be; no file is touched here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SPIKE_BYTES = 12                   # step and neuron
STEP_BYTES = 8
PACKED_SHARE = 0.6                 # of a state's bytes that is left after packing; measured here on active networks
KEYFRAME_EVERY_S = 0.4             # of computing: what it takes at most to get from a keyframe to any moment after it


@dataclass(frozen=True)
class RecordingChoice:
    """What a recording holds besides every spike and the whole state at its beginning.

    'full': the `variables` of the `neurons` at every `interval_steps`-th step, as they were computed. `neurons` are
    numbers, 'traced' for those that the monitor traces, or 'all'.
    'replay': the whole state at some moments instead; every variable of every neuron at every step is computed from
    them again when it is asked for. `keyframe_steps` is the distance of these moments, 0 as far as 0.4 s of computing.
    """

    kind: Literal["full", "replay"] = "full"
    variables: tuple[str, ...] = ("v",)
    neurons: tuple[int, ...] | Literal["traced", "all"] = "traced"
    interval_steps: int = 1
    keyframe_steps: int = 0


@dataclass(frozen=True)
class Forecast:
    """Bytes that the same stretch of a run will take, either way."""

    full: int
    replay: int


def forecast(choice: RecordingChoice, *, num_neurons: int, num_traced: int, dt_ms: float, duration_ms: float,
             rate_Hz: float, state_bytes: int, step_s: float) -> Forecast:
    """Return how large a recording of `duration_ms` will be: full as chosen, and as a replay recording.

    `rate_Hz` is the mean firing rate, `state_bytes` the size of the whole state, `step_s` the wall time of a step;
    `NetworkView` and `Frame` tell them.
    """
    steps = max(0.0, duration_ms / dt_ms)
    chosen = {"all": num_neurons, "traced": num_traced}
    neurons = chosen[choice.neurons] if isinstance(choice.neurons, str) else len(choice.neurons)
    spikes = num_neurons * rate_Hz * duration_ms / 1000.0 * SPIKE_BYTES
    keyframe = state_bytes * PACKED_SHARE
    base = spikes + keyframe + 30 * num_neurons
    samples = steps // max(1, choice.interval_steps) if neurons else 0
    frames = samples * (STEP_BYTES + 4 * neurons * len(choice.variables))
    every = choice.keyframe_steps or max(1.0, KEYFRAME_EVERY_S / max(step_s, 1e-9))
    return Forecast(int(base + frames), int(base + steps // every * keyframe))

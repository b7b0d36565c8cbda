"""What external input is made of, for the kernels: its shape, and the arithmetic that all engines share.

The shape of a network's stimuli is what kernels are compiled for; every number of theirs is data, so that a change of
a rate or of an amplitude compiles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..base.grammar import u32
from .kinetics import normal_quantile
from .random import uniform

MAX_STIMULI = 31              # of a user; a neuron's stimuli are the bits of one word
OWN_STREAM = 31               # of the configuration's noise current, which belongs to no list
SINE_BITS = 12                # of the table of a sine
RATE_BITS = 6                 # phases of a cycle at which a modulated rate is tabulated

CURRENT, CURRENT_NOISE, CONDUCTANCE_NOISE, POISSON, SPIKES = (
    "current", "current_noise", "conductance_noise", "poisson", "spikes")
KINDS = (CURRENT, CURRENT_NOISE, CONDUCTANCE_NOISE, POISSON, SPIKES)
Aim = tuple[tuple[str, float], ...] | None          # (receptor, share), or None: what background spikes open


@dataclass(frozen=True)
class Input:
    """One stimulus. `target` is the number of its aim (poisson, spikes) or receptor (conductance_noise).

    `stream` keys its random numbers: its place in the user's list, so that they stay when others change.
    """

    kind: str
    stream: int
    target: int = 0

    @property
    def noise_state(self) -> str | None:
        """The state variable of a fluctuation, in units of its standard deviation; None for what has none."""
        return f"noise_{self.stream}" if self.kind in (CURRENT_NOISE, CONDUCTANCE_NOISE) else None


@dataclass(frozen=True)
class Shape:
    """All stimuli of a network. `aims`: what their spikes open; `noisy`: receptors whose conductance fluctuates."""

    inputs: tuple[Input, ...] = ()
    aims: tuple[Aim, ...] = ()
    noisy: tuple[str, ...] = ()

    @property
    def noise_states(self) -> tuple[str, ...]:
        """The state variables of all stimuli."""
        return tuple(one.noise_state for one in self.inputs if one.noise_state is not None)


NOTHING = Shape()


def aim_of(receptors: Mapping[str, float] | None) -> Aim:
    """The aim of a stimulus that names `receptors`."""
    return None if receptors is None else tuple(sorted(receptors.items()))


def advance_noise(y, decay, spread, word: u32):
    """An Ornstein-Uhlenbeck process of unit variance after one step, exactly; `spread` is sqrt(1 - decay^2)."""
    return y * decay + spread * normal_quantile(uniform(word))


def is_noise(state: str) -> bool:
    """Whether a state variable is the fluctuation of a stimulus."""
    return state.startswith("noise_")

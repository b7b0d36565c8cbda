"""Dopamine: one number for the whole network, and its integrals from which synapses collect what they are owed.

D decays from step to step and is constant within one. `prefix[e, block % BLOCKS, j]` is the integral of D, weighted
with exp(-t / tau_e), from the start of a block of BLOCK steps to its j-th step. Known up to a step, extended before
every batch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from ..base.exact import exp
from ..network.learning import BLOCK, BLOCKS, Learning

_GONE = 1e-12


class Dopamine:
    """The level of dopamine and its integrals."""

    def __init__(self, learning: Learning, dt: float):
        taus = [learning.decays.taus_ms[k] for k in learning.e_decay]
        self._baseline = learning.baseline
        self._decay = exp(-dt / learning.dopamine_tau_ms) if taus else 0.0
        self._weights = np.array([[exp(-k * dt / tau) for k in range(BLOCK)] for tau in taus]).reshape(-1, BLOCK)
        # a step's integral of exp(-t / tau), in s
        self._weights *= np.array([(1.0 - exp(-dt / tau)) * tau / 1000.0 for tau in taus])[:, None]
        self.growth = np.array([[exp(k * dt / tau) for k in range(BLOCK)] + [exp(-BLOCK * dt / tau)] for tau in taus],
                               np.float32).reshape(-1, BLOCK + 1)
        self.schedule({})
        self.reset()

    def schedule(self, rewards: Mapping[int, float]) -> None:
        """Give these rewards, each before its step; those of steps that are past have been given."""
        self._rewards = dict(rewards)
        self._steps = sorted(rewards)

    def reset(self) -> None:
        """Back to step 0."""
        self.level = 0.0
        self.known = 0
        self._sums = np.zeros(self._weights.shape[0])
        self.prefix = np.zeros((self._weights.shape[0], BLOCKS, BLOCK + 1), np.float32)

    @property
    def now(self) -> float:
        """The level, with the reward that is given at once."""
        return self.level + self._rewards.get(self.known, 0.0)

    def extend(self, step: int) -> None:
        """Make the integrals known up to the start of `step`."""
        while self.known < step:
            block, j = divmod(self.known, BLOCK)
            self.level += self._rewards.get(self.known, 0.0)
            coming = bisect_right(self._steps, self.known)
            until = self._steps[coming] if coming < len(self._steps) else step
            count = min(step - self.known, BLOCK - j, until - self.known)
            levels = np.multiply.accumulate(np.concatenate([[self.level], np.full(count, self._decay)]))
            levels[np.abs(levels) <= _GONE] = 0.0       # in every step alike, wherever a batch ends
            terms = (levels[:-1] + self._baseline) * self._weights[:, j:j + count]
            if j == 0:
                self._sums[:] = 0.0
                self.prefix[:, block % BLOCKS, 0] = 0.0
            sums = np.add.accumulate(np.concatenate([self._sums[:, None], terms], axis=1), axis=1)
            self.prefix[:, block % BLOCKS, j + 1:j + count + 1] = sums[:, 1:]
            self._sums = sums[:, -1].copy()
            self.known += count
            self.level = float(levels[-1])

    def arrays(self) -> dict[str, np.ndarray]:
        """The state by name."""
        return {"dopamine_level": np.array([self.level]), "dopamine_sums": self._sums.copy(),
                "dopamine_prefix": self.prefix.copy()}

    def restore(self, step: int, arrays: dict[str, np.ndarray]) -> None:
        """Continue from `arrays` at `step`."""
        self.level, self.known = float(arrays["dopamine_level"][0]), step
        self._sums = arrays["dopamine_sums"].copy()
        self.prefix = arrays["dopamine_prefix"].copy()

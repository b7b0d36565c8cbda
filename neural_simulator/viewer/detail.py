"""Less detail while pictures take too long or memory runs short: what is left out, said, and restored."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..config import VisualizationConfig

SLOW_S, FAST_S = 1.0 / 20.0, 1.0 / 60.0     # a picture that costs more is too slow; less leaves room for more detail
SLOW_PICTURES = 5                           # so many in a row are needed to leave something out
PATIENCE_S = (3.0, 60.0)                    # before more detail is tried again: at first, at most after failures
RECENT_S = 2.0                              # a level that was too slow within this time after it was tried has failed
PRESSED_LEVEL = 3                           # where memory runs short, at least so much is left out

# By level: lines, whether pulses are drawn, neurons that are drawn at most.
LEVELS: tuple[tuple[int, bool, int], ...] = (
    (10**9, True, 10**9), (2000, True, 10**9), (500, True, 10**9), (0, False, 10**9), (0, False, 50_000),
    (0, False, 10_000), (0, False, 2000))


def reduced(viz: VisualizationConfig, level: int) -> VisualizationConfig:
    """Return what is drawn of `viz` at a level; 0 leaves nothing out."""
    lines, pulses, neurons = LEVELS[level]
    fewer = {"max_synapses_drawn": min(viz.max_synapses_drawn, lines), "show_pulses": viz.show_pulses and pulses,
             "max_neurons_drawn": min(viz.max_neurons_drawn, neurons)}
    return viz if level == 0 else viz.model_copy(update=fewer)


def left_out(viz: VisualizationConfig, level: int, neurons: int, synapses: int) -> str:
    """Say what a level leaves out of a network with so many neurons and sampled synapses, '' where nothing."""
    less, parts = reduced(viz, level), []
    if viz.show_synapses and less.max_synapses_drawn < min(viz.max_synapses_drawn, synapses):
        kept = less.max_synapses_drawn
        parts.append(f"synapses beyond {kept:,}" if kept else "synapses")
    if viz.show_synapses and viz.show_pulses and not less.show_pulses:
        parts.append("pulses")
    if less.max_neurons_drawn < min(viz.max_neurons_drawn, neurons):
        parts.append(f"neurons beyond {less.max_neurons_drawn:,}")
    return ", ".join(parts)


@dataclass
class Detail:
    """Chooses the level from what pictures cost. Times in s."""

    level: int = 0
    _slow: int = 0
    _changed_at: float = float("-inf")
    _fast_since: float | None = None
    _patience_s: float = field(default=PATIENCE_S[0])
    _trying: bool = False

    def drew(self, now: float, cost_s: float, most: int) -> None:
        """Take in what a picture cost; `most` is the highest level that still leaves more out."""
        if cost_s > SLOW_S:
            self._slow, self._fast_since = self._slow + 1, None
        else:
            self._slow = 0
            self._fast_since = None if cost_s > FAST_S else now if self._fast_since is None else self._fast_since
        if self._slow >= SLOW_PICTURES and self.level < most:
            failed = self._trying and now - self._changed_at < RECENT_S + SLOW_PICTURES * cost_s
            self._patience_s = min(2.0 * self._patience_s, PATIENCE_S[1]) if failed else PATIENCE_S[0]
            self._go(self.level + 1, now, False)
        elif self.level and self._fast_since is not None and now - max(self._fast_since,
                                                                       self._changed_at) >= self._patience_s:
            self._go(self.level - 1, now, True)

    def _go(self, level: int, now: float, trying: bool) -> None:
        self.level, self._changed_at, self._trying = level, now, trying
        self._slow, self._fast_since = 0, None


def highest(viz: VisualizationConfig, neurons: int, synapses: int) -> int:
    """Return the highest level that leaves out more than the one before it."""
    texts = [left_out(viz, level, neurons, synapses) for level in range(len(LEVELS))]
    return max((level for level in range(1, len(LEVELS)) if texts[level] != texts[level - 1]), default=0)

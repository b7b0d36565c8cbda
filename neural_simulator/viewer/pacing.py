"""When to draw: the viewer may take at most half of the main loop's time, so that the panel stays quick, and less where
a simulation runs as fast as it can on what draws.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Allowance:
    """The share of time that pictures may take. A picture costs what the cheapest of the newest `of` took."""

    share: float
    of: int = 1


ALLOWED = Allowance(0.5)              # of the loop's time, always
# Where the simulation wants all of the device that draws. Much of a picture's time is then waiting for steps to end,
# during which the simulation goes on; the cheapest picture waited least.
ALLOWED_OF_DEVICE = Allowance(0.1, of=16)
ALLOWED_OF_CPU = Allowance(0.25)      # where it wants all of a CPU
WINDOW_S = 1.0             # over which the pace of pictures is counted
REST_S = 0.6               # without a picture for this long, the view is at rest


class Pacer:
    """Decides by the cost of the newest pictures whether the next one may be drawn. Times are in seconds."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self._cost = 0.0
        self._costs: deque[float] = deque(maxlen=ALLOWED_OF_DEVICE.of)
        self._first = True                                   # the first picture compiles; its cost says nothing
        self._drawn_at: deque[float] = deque(maxlen=240)     # pictures since the view last was at rest

    def may_draw(self, now: float) -> bool:
        """True when a picture drawn now keeps the viewer within its share."""
        return now >= self._free_at

    def drew(self, start: float, end: float, moved: bool = True, allowed: Allowance = ALLOWED) -> None:
        """Note that a picture took from `start` to `end`; `moved`: it was a new one."""
        if moved:
            if self._at_rest(start):
                self._drawn_at.clear()
            self._drawn_at.append(end)
        self._cost = end - start
        self._free_at = end
        if self._first:
            self._first = False
            return
        self._costs.append(self._cost)
        for each in (ALLOWED, allowed):
            cost = min(list(self._costs)[-each.of:])
            self._free_at = max(self._free_at, start + cost / each.share)

    def per_second(self, now: float) -> float | None:
        """Return the recent number of pictures per second, None while the view is at rest."""
        if len(self._drawn_at) < 2 or self._at_rest(now):
            return None
        last = self._drawn_at[-1]
        recent = [at for at in self._drawn_at if at > last - WINDOW_S]
        if len(recent) < 2:
            recent = list(self._drawn_at)[-2:]
        return (len(recent) - 1) / max(last - recent[0], 1e-6)

    def _at_rest(self, now: float) -> bool:
        return not self._drawn_at or now - self._drawn_at[-1] > max(REST_S, 4.0 * self._cost)


def allowance(racing: bool, path: str) -> Allowance:
    """Return what pictures may take.

    `racing`: a simulation runs as fast as it can; `path` 'shared': on the device that draws.
    """
    if not racing:
        return ALLOWED
    return ALLOWED_OF_DEVICE if path == "shared" else ALLOWED_OF_CPU

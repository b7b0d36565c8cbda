"""When to draw: the viewer may take at most half of the main loop's time, so that the panel stays quick, and less where
a simulation runs as fast as it can on what draws.
"""

from __future__ import annotations

from collections import deque

SHARE = 0.5                # of the loop's time that drawing may take
SHARE_OF_DEVICE = 0.1      # of the time of a device that also computes, where the simulation wants all of it
SHARE_OF_CPU = 0.25        # likewise of the time of a CPU
WINDOW_S = 1.0             # over which the pace of pictures is counted
REST_S = 0.6               # without a picture for this long, the view is at rest


class Pacer:
    """Decides by the cost of the newest picture whether the next one may be drawn. Times are in seconds."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self._cost = 0.0
        self._first = True                                   # the first picture compiles; its cost says nothing
        self._drawn_at: deque[float] = deque(maxlen=240)     # pictures since the view last was at rest

    def may_draw(self, now: float) -> bool:
        """True when a picture drawn now keeps the viewer within its share."""
        return now >= self._free_at

    def drew(self, start: float, end: float, moved: bool = True, share: float = SHARE) -> None:
        """Note that a picture, which may have this `share`, took from `start` to `end`; `moved`: it was a new one."""
        if moved:
            if self._at_rest(start):
                self._drawn_at.clear()
            self._drawn_at.append(end)
        self._cost = end - start
        self._free_at = end if self._first else end + self._cost * (1.0 - share) / share
        self._first = False

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


def share(racing: bool, path: str) -> float:
    """Return the share of time that pictures may take.

    `racing`: a simulation runs as fast as it can; `path` 'shared': on the device that draws.
    """
    if not racing:
        return SHARE
    return SHARE_OF_DEVICE if path == "shared" else SHARE_OF_CPU

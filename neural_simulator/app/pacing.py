"""How simulated time follows wall time: pure bookkeeping, the clock is handed in."""

from __future__ import annotations

from collections import deque

BATCH_S = 0.006          # wall time that a batch aims at, so that it stays under about 8 ms
LONGEST_BATCH = 10_000   # steps
SHORTEST_WAIT_S = 0.004  # batches of steps due one by one are not started more often than this
MAX_DEBT_S = 0.1         # wall time's worth of steps that a slow run may be behind


class Pacer:
    """Counts the simulated time that is owed at a wanted speed; fractions of a step are never lost.

    A run that cannot keep up owes at most `MAX_DEBT_S`; what exceeds that shows as a lower reached speed.
    Speed 0 means as fast as possible: steps are always due.
    """

    def __init__(self, dt_ms: float, speed: float):
        self.dt_ms = dt_ms
        self.speed = speed
        self.owed_ms = 0.0
        self._last_s: float | None = None

    def restart(self, now_s: float) -> None:
        """Begin to count at `now_s`, keeping the fraction of a step that is owed."""
        self.owed_ms = min(self.owed_ms, self.dt_ms)
        self._last_s = now_s

    def set_speed(self, speed: float, now_s: float) -> None:
        """Go on at another speed; what is owed stays owed."""
        self.tick(now_s)
        self.speed = speed

    def tick(self, now_s: float) -> None:
        """Let the wall clock advance to `now_s`."""
        if self._last_s is not None:
            most = max(MAX_DEBT_S * 1000.0 * self.speed, 2.0 * self.dt_ms)
            self.owed_ms = min(self.owed_ms + (now_s - self._last_s) * 1000.0 * self.speed, most)
        self._last_s = now_s

    def due(self) -> int:
        """Return the number of whole steps owed now."""
        return LONGEST_BATCH if self.speed == 0.0 else int(self.owed_ms / self.dt_ms + 1e-9)

    def took(self, steps: int) -> None:
        """Pay for `steps`."""
        if self.speed > 0.0:
            self.owed_ms -= steps * self.dt_ms

    def wait_s(self) -> float:
        """Return the wall time until the next step is due."""
        if self.speed == 0.0:
            return 0.0
        return max(0.0, (self.dt_ms - self.owed_ms) / (1000.0 * self.speed))


class BatchSizer:
    """Chooses how many steps to take at once from the time that the newest ones took."""

    def __init__(self) -> None:
        self.step_s = 0.0      # recent mean wall time of one step
        self._newest = 1

    def size(self) -> int:
        """Return the number of steps that takes about `BATCH_S`, at most twice the batch before."""
        if self.step_s <= 0.0:
            return 1
        return max(1, min(int(BATCH_S / self.step_s), 2 * self._newest, LONGEST_BATCH))

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a batch; a slower one counts at once, a faster one by and by."""
        cost = seconds / steps
        keep = 0.0 if self.step_s == 0.0 or cost > 4.0 * self.step_s else 0.8
        self.step_s = keep * self.step_s + (1.0 - keep) * cost
        self._newest = steps


class SpeedMeter:
    """Measures the speed reached over the newest second of wall time."""

    WINDOW_S = 1.0

    def __init__(self) -> None:
        self._marks: deque[tuple[float, float]] = deque()     # (wall s, simulated ms)

    def restart(self) -> None:
        """Forget what was before a pause."""
        self._marks.clear()

    def mark(self, now_s: float, time_ms: float) -> None:
        """Note that simulated time `time_ms` was reached at `now_s`."""
        self._marks.append((now_s, time_ms))
        while len(self._marks) > 2 and now_s - self._marks[1][0] >= self.WINDOW_S:
            self._marks.popleft()

    def speed(self) -> float:
        """Return simulated / wall time, 0 where nothing is known yet."""
        if len(self._marks) < 2:
            return 0.0
        (first_s, first_ms), (last_s, last_ms) = self._marks[0], self._marks[-1]
        return (last_ms - first_ms) / (1000.0 * (last_s - first_s)) if last_s > first_s else 0.0

"""Work that would hold the windows for too long: done on one further thread, its result taken in by the main loop."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Background:
    """Runs one piece of work at a time, in order. Of several with the same key only the newest counts."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "background")
        self._results: queue.Queue[tuple[str, int, Callable[..., None], Any]] = queue.Queue()
        self._newest: dict[str, int] = {}
        self._count = 0

    def do(self, key: str, work: Callable[[], Any], then: Callable[[Any], None],
           failed: Callable[[Exception], None]) -> None:
        """Let `work()` run elsewhere; `tick` then calls `then(result)`, or `failed(error)` where it raised."""
        self._count += 1
        number = self._newest[key] = self._count

        def run() -> None:
            if self._newest.get(key) != number:        # something newer was asked for meanwhile
                return
            try:
                result = work()
            except Exception as error:      # told on the main thread
                self._results.put((key, number, failed, error))
            else:
                self._results.put((key, number, then, result))
        self._pool.submit(run)

    def tick(self) -> bool:
        """Hand out what is finished; on the main thread. Return whether there was anything."""
        any_result = False
        while True:
            try:
                key, number, receive, value = self._results.get_nowait()
            except queue.Empty:
                return any_result
            if self._newest.get(key) == number:
                del self._newest[key]
                any_result = True
                receive(value)

    def busy(self, key: str) -> bool:
        """True while the newest work called `key` has not been handed out."""
        return key in self._newest

    def close(self) -> None:
        """Wait for the work under way and give up the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)

"""The program's log: the standard `logging` tree under one name, plus a bounded store for the log panel."""

from __future__ import annotations

import logging
from collections import deque

NAME = "neural_simulator"


def get(room: str) -> logging.Logger:
    """Return the logger of one room, e.g. `log.get("engine")`."""
    return logging.getLogger(f"{NAME}.{room}")


class LogStore(logging.Handler):
    """Keeps the newest `capacity` records for display; `version` grows with every record."""

    def __init__(self, capacity: int = 5000):
        super().__init__()
        self.records: deque[tuple[float, str, str]] = deque(maxlen=capacity)   # (unix time s, level, text)
        self.version = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.created, record.levelname, record.getMessage()))
        self.version += 1

    def clear(self) -> None:
        self.records.clear()
        self.version += 1


def install(store: LogStore, level: int = logging.INFO) -> LogStore:
    """Attach `store` to the program's log tree and return it."""
    root = logging.getLogger(NAME)
    root.setLevel(level)
    root.addHandler(store)
    return store

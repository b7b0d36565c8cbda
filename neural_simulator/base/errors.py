"""Errors that a user may see: one sentence each, the offending values kept as fields.

Every error says what is wrong, where, the value with its unit and allowed range, and what to do.
The fields let a form mark the widget that holds the bad value.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

Arguments = ParamSpec("Arguments")


class SimulatorError(Exception):
    """Base of all errors whose text is meant for the user."""


def command(program: str) -> Callable[[Callable[Arguments, int]], Callable[Arguments, int]]:
    """Mark the main function of a command: an error is one sentence and exit code 2, an interruption is 130."""

    def mark(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
        @wraps(main)
        def told(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
            try:
                return main(*arguments, **options)
            except SimulatorError as error:
                print(f"{program}: {error}", file=sys.stderr)
                return 2
            except KeyboardInterrupt:
                print(f"{program}: interrupted.", file=sys.stderr)
                return 130

        return told

    return mark


class ConfigurationError(SimulatorError):
    """A configuration value is unknown, mistyped or out of range.

    Attributes: `field` (dotted name or None) and `value` (as given).
    """

    def __init__(self, message: str, field: str | None = None, value: object = None):
        super().__init__(message)
        self.field = field
        self.value = value


class MemoryForecastError(SimulatorError):
    """A network cannot fit into memory; `needed` and `available` are bytes, `largest` a number of neurons."""

    def __init__(self, message: str, needed: int, available: int, largest: int):
        super().__init__(message)
        self.needed = needed
        self.available = available
        self.largest = largest


class FileFormatError(SimulatorError):
    """A file cannot be read or written; `path` names it."""

    def __init__(self, message: str, path: object = None):
        super().__init__(message)
        self.path = path


class StateError(SimulatorError):
    """A state does not belong to the network that shall go on from it."""


class BackendError(SimulatorError):
    """A computing backend is missing or failed."""


class GrammarError(SimulatorError):
    """A model's equations leave the grammar; `line` counts from 1 within the function."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


class Cancelled(SimulatorError):
    """The user cancelled a long operation; what existed before it is untouched."""

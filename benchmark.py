#!/usr/bin/env python3
"""Measure how fast networks of several sizes run here: `python3 benchmark.py --help`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from neural_simulator.tools import environment  # noqa: E402 - only found with the lines above


def main(arguments: list[str]) -> int:
    """Make sure of the environment, then measure; return the exit code."""
    try:
        environment.ensure(Path(__file__).resolve(), arguments)
    except environment.SetupError as error:
        environment.say(str(error))
        return 1
    if "--viz" in arguments:
        from neural_simulator.viewer import measure
        return measure.main([argument for argument in arguments if argument != "--viz"])
    if "--files" in arguments:
        from neural_simulator.tools import measure_files
        return measure_files.main([argument for argument in arguments if argument != "--files"])
    from neural_simulator.tools import benchmark
    return benchmark.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

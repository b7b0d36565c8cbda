"""Independent tasks, run one after the other, in several processes, or on a Dask cluster: the same results.

A task is a function of the module level and its arguments; its result depends on nothing else, so neither the number
of processes nor the loss of one of them can change what comes out.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..base.errors import BackendError

ANSWER_S = 10.0              # within which a scheduler must answer


def counting_bar(out: Console) -> Progress:
    """A progress bar that counts tasks and tells the time left."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                    console=out)


def run_all(function: Callable[..., Any], tasks: Mapping[str, tuple], jobs: int = 1,
            scheduler: str | None = None) -> Iterator[tuple[str, Any]]:
    """Yield (name, function(*arguments)) for all `tasks` as they end; an error of a task is raised here.

    `jobs` processes of this machine share the work, or the workers of the Dask cluster at `scheduler`. Leaving the
    iteration early gives up what has not begun.
    """
    if scheduler is not None:
        yield from _on_cluster(function, tasks, scheduler)
    elif jobs <= 1 or len(tasks) <= 1:
        for name, arguments in tasks.items():
            yield name, function(*arguments)
    else:
        yield from _in_processes(function, tasks, jobs)


def _in_processes(function: Callable[..., Any], tasks: Mapping[str, tuple], jobs: int) -> Iterator[tuple[str, Any]]:
    # spawn: a forked child would inherit threads and a device context that it cannot use
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), context, initializer=_leave_interrupts_to_the_parent) as pool:
        running = {pool.submit(function, *arguments): name for name, arguments in tasks.items()}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_cluster(function: Callable[..., Any], tasks: Mapping[str, tuple], address: str) -> Iterator[tuple[str, Any]]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError:
        raise BackendError("A Dask cluster needs the package 'distributed'; install it with "
                           "`pip install distributed` in the environment of the program.") from None
    try:
        client = Client(address, timeout=ANSWER_S)
    except (OSError, ValueError) as error:
        raise BackendError(f"The Dask scheduler at {address} does not answer ({error}); check the address, for example "
                           "tcp://host:8786.") from error
    with client:
        # a worker that dies is replaced: its tasks start again elsewhere; retries are for tasks that died with it
        running = {client.submit(function, *arguments, key=f"neural-simulator-{name}", pure=False, retries=3): name
                   for name, arguments in tasks.items()}
        try:
            for future in completed(running):
                yield running[future], future.result()
        finally:
            client.cancel(list(running))

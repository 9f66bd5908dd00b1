"""Run the workers of a load, and yield their progress messages.

A single worker runs in this process. Several run in one process each, because a Python process uses
one core. Worker processes end when this process ends, however it ends.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ots_tools.loader import LoadJob, Part, Progress, Queue, StopFlag, run_worker


@contextmanager
def worker_pool(
    job: LoadJob, parts: Sequence[Part], workers: int
) -> Iterator[tuple[Iterator[Progress], StopFlag]]:
    """Start the workers; return their messages, until all have ended, and the flag to stop them.

    Leaving the block stops the workers and waits until they have finished their chunks. Leaving it
    by Ctrl-C does not wait; a chunk that was not reported is not stored as done, so that it is
    loaded again.
    """
    if workers == 1:
        todo: Any = queue.Queue()
        progress: Any = queue.Queue()
        stop: Any = threading.Event()
        runners: list[Any] = [
            threading.Thread(target=run_worker, args=(job, todo, progress, stop), daemon=True)
        ]
    else:
        context = multiprocessing.get_context("spawn")
        todo, progress, stop = context.Queue(), context.Queue(), context.Event()
        todo.cancel_join_thread()  # do not wait for parts that no worker takes any more
        runners = [
            context.Process(target=_run_process, args=(job, todo, progress, stop), daemon=True)
            for _ in range(workers)
        ]
    for part in parts:
        todo.put(part)
    for runner in runners:
        runner.start()
    messages = _receive(progress, runners)
    interrupted = False
    try:
        yield messages, stop
    except KeyboardInterrupt:
        interrupted = True  # daemons end with this process
        raise
    finally:
        stop.set()
        if not interrupted:
            for _ in messages:  # a process ends only after all of its messages were received
                pass
            for runner in runners:
                runner.join()


def _receive(progress: Queue, runners: Sequence[Any]) -> Iterator[Progress]:
    running = len(runners)
    while running:
        try:
            message: Progress = progress.get(timeout=1.0)
        except queue.Empty:
            if any(runner.is_alive() for runner in runners):
                continue
            yield Progress("", error="a worker process ended unexpectedly; run again to continue")
            return
        yield message
        running -= not message.part


def _run_process(job: LoadJob, todo: Any, progress: Any, stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and sets the flag
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    run_worker(job, _PartQueue(todo), progress, stop)


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class _PartQueue:
    """A multiprocessing queue that only shrinks, so that a short timeout means empty."""

    def __init__(self, todo: Any) -> None:
        self._todo = todo

    def get_nowait(self) -> Part:
        return self.get(timeout=0.5)

    def get(self, *, timeout: float) -> Part:
        part: Part = self._todo.get(timeout=timeout)
        return part

    def put(self, thing: Part) -> None:
        self._todo.put(thing)

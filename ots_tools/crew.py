"""Work and parts go in, worker processes do it, their news come out one by one.

One worker runs in this process, several each in their own: a Python process uses one core. Workers
end when this process ends, however it ends.
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

from ots_tools.load import Flag, News, Part, Queue, Work, work


@contextmanager
def crew(what: Work, parts: Sequence[Part], workers: int) -> Iterator[tuple[Iterator[News], Flag]]:
    """News as they come, until every worker has ended; set the flag to end them early.

    Leaving the block waits for them: what is being written is finished first. Leaving it by Ctrl-C
    does not: what was not told yet is not noted as done, so it is loaded again.
    """
    if workers == 1:
        todo: Any = queue.Queue()
        news: Any = queue.Queue()
        stop: Any = threading.Event()
        runners: list[Any] = [
            threading.Thread(target=work, args=(what, todo, news, stop), daemon=True)
        ]
    else:
        context = multiprocessing.get_context("spawn")
        todo, news, stop = context.Queue(), context.Queue(), context.Event()
        todo.cancel_join_thread()  # parts that nobody takes any more keep nobody waiting
        runners = [
            context.Process(target=_child, args=(what, todo, news, stop), daemon=True)
            for _ in range(workers)
        ]
    for part in parts:
        todo.put(part)
    for runner in runners:
        runner.start()
    heard = _told(news, runners)
    waits = True
    try:
        yield heard, stop
    except KeyboardInterrupt:
        waits = False  # daemons end with this process
        raise
    finally:
        stop.set()
        if waits:
            for _ in heard:  # a process ends only when all that it told was heard
                pass
            for runner in runners:
                runner.join()


def _told(news: Queue, runners: Sequence[Any]) -> Iterator[News]:
    left = len(runners)
    while left:
        try:
            one: News = news.get(timeout=1.0)
        except queue.Empty:
            if any(runner.is_alive() for runner in runners):
                continue
            yield News("", failed="a worker process died; run again to go on")
            return
        yield one
        left -= not one.part


def _child(what: Work, todo: Any, news: Any, stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C, and tells
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(what, _Parts(todo), news, stop)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class _Parts:
    """A multiprocessing queue whose parts were all put before: empty a moment is empty."""

    def __init__(self, todo: Any) -> None:
        self._todo = todo

    def get_nowait(self) -> Part:
        return self.get(timeout=0.5)

    def get(self, *, timeout: float) -> Part:
        part: Part = self._todo.get(timeout=timeout)
        return part

    def put(self, thing: Part) -> None:
        self._todo.put(thing)

"""Rows go in, a result per row comes out: sends batches side by side and again what is worth it.

Returns only when no call is in flight, and none that broke off can still be carried out; a call
that may not end in time is never begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from ots_sync import batches
from ots_sync.errors import ConfigurationError, StoreError
from ots_sync.results import Result, Results, Tally
from ots_sync.retry import Deadline, Throttle, delay_s
from ots_sync.rows import Row
from ots_sync.waiting import Group, Waiting
from ots_sync.writes import RowWrite

Answers = Sequence[StoreError | None]

Send = Callable[[Sequence[RowWrite]], Answers]
"""One call: for each row None when acknowledged, or what was said; raises StoreError whole."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the writer works with; time and chance are handed to it."""

    send: Send
    deadline: Deadline
    max_concurrency: int
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    uniform: Callable[[float, float], float]


def write(rows: Iterable[Row], means: Means) -> tuple[list[Result], Tally]:
    """A result for each row, by position. Raises ConfigurationError when none can ever succeed.

    Rows are asked for batch by batch, so that making them goes on while others are sent.
    """
    return _Work(rows, means).done()


class _Work:
    """One invocation's writing: what waits, what is in flight, what has become of each row."""

    def __init__(self, rows: Iterable[Row], means: Means) -> None:
        self._means = means
        self._rows: list[Row] = []
        self._waiting = Waiting(batches.pack(self._first_writes(rows)))
        self._results = Results(self._rows)
        self._throttle = Throttle(means.max_concurrency, float(means.max_concurrency))
        self._flying: dict[Future[Answers], tuple[Group, float]] = {}
        self._settled_s = float("-inf")

    def done(self) -> tuple[list[Result], Tally]:
        """Works until every row has a result and no write can come any more."""
        try:
            with ExitStack() as stack:
                executor: Executor | None = None
                while self._waiting or self._flying:
                    if not self._may_begin():
                        self._wait()
                        continue
                    group, begun_s = self._waiting.take(), self._means.clock()
                    if group.tries:
                        self._results.tally.retried_rows += len(group.rows)
                    call = partial(self._means.send, self._results.writes(group.rows))
                    if not (self._flying or self._waiting):  # alone: a thread would only cost
                        self._landed(group, begun_s, _called(call))
                        continue
                    executor = executor or stack.enter_context(
                        ThreadPoolExecutor(self._means.max_concurrency)
                    )
                    self._flying[executor.submit(call)] = group, begun_s
        finally:
            # Whoever is told, even of a failure, may send a newer change of one of these rows.
            for _, begun_s in self._flying.values():
                self._may_land(begun_s)
            self._sleep_until(self._settled_s)
        if self._results.broken is not None:
            raise self._results.broken
        return self._results.final(), self._results.tally

    def _first_writes(self, rows: Iterable[Row]) -> Iterator[RowWrite]:
        for row in rows:
            self._rows.append(row)
            yield row.steps[0]

    def _may_begin(self) -> bool:
        """Whether the next group may be sent at this moment; gives up what can never be."""
        now_s = self._means.clock()
        if not self._waiting or len(self._flying) >= int(self._throttle.allowed):
            return False
        begins_s = max(now_s, self._waiting.due_s())
        if self._results.broken is not None or not self._means.deadline.allows_call(begins_s):
            self._waiting.clear()
            return False
        return begins_s <= now_s

    def _wait(self) -> None:
        """Until a call ends, or the next group is due."""
        if not self._flying:
            if self._waiting:
                self._sleep_until(self._waiting.due_s())
            return
        patience_s = None
        if self._waiting and len(self._flying) < int(self._throttle.allowed):
            patience_s = max(0.0, self._waiting.due_s() - self._means.clock())
        landed, _ = wait(self._flying, patience_s, FIRST_COMPLETED)
        for future in landed:
            self._landed(*self._flying.pop(future), future)

    def _landed(self, group: Group, begun_s: float, future: Future[Answers]) -> None:
        error = future.exception()
        if error is None:
            to_do = self._results.answered(group.rows, future.result())
        elif isinstance(error, StoreError):
            # Without its traceback, whose frames hold the request and may refer to the error again.
            to_do = self._results.failed(group.rows, error.with_traceback(None))
        elif isinstance(error, ConfigurationError):
            self._results.broken = self._results.broken or error
            return
        else:
            self._may_land(begun_s)
            raise error
        now_s = self._means.clock()
        if to_do.may_land:
            self._may_land(begun_s)
        if to_do.busy:
            self._throttle.slower()
        elif error is None and not to_do.again:
            self._throttle.faster()
        # A put that broke off, landing behind a later step, would take that step's columns away.
        further_s = max(now_s, self._settled_s)
        for part in batches.pack(self._results.writes(to_do.further)):
            self._waiting.put(to_do.further[part.start : part.stop], further_s, 0)
        for rows in to_do.parts:
            self._waiting.put(rows, now_s, 0)
        if to_do.again:
            tries = group.tries + 1
            due_s = now_s + delay_s(tries, self._means.uniform)
            self._waiting.put(to_do.again, due_s, tries)

    def _may_land(self, begun_s: float) -> None:
        settled_s = self._means.deadline.settled_s(begun_s, self._means.clock())
        self._settled_s = max(self._settled_s, settled_s)

    def _sleep_until(self, then_s: float) -> None:
        left_s = then_s - self._means.clock()
        if left_s > 0:
            self._means.sleep(left_s)


def _called(call: Callable[[], Answers]) -> Future[Answers]:
    future: Future[Answers] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - kept as a thread would keep it, raised by _landed
        future.set_exception(error)
    return future

"""Rows go in, a result per row comes out: sends batches side by side and again what is worth it.

Begun in the order of the stream, what failed before what was never sent, so that under throttling
the first row that is not done always moves on. A batch that is refused whole holds a bad row and is
split until it stands alone. Returns only when no call is in flight; a call that may not end in time
is never begun.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

from ots_sync import batches, codes
from ots_sync.errors import ConfigurationError, StoreError
from ots_sync.retry import Deadline, Throttle, delay_s
from ots_sync.rows import Row
from ots_sync.writes import RowWrite

SPLIT_WAYS = 4

Send = Callable[[Sequence[RowWrite]], Sequence[StoreError | None]]
"""One call: for each row None when acknowledged, or what was said; raises StoreError whole."""


class Result(NamedTuple):
    """What became of one row: `done`, `refused` or `undone`, and the code and words of why."""

    state: str
    code: str = ""
    message: str = ""


DONE = Result("done")
LATE = Result("undone", "Late", "no time was left to write the row")


@dataclass(frozen=True, slots=True)
class Means:
    """What the writer works with; time and chance are handed to it."""

    send: Send
    deadline: Deadline
    max_concurrency: int
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    uniform: Callable[[float, float], float]


@dataclass(slots=True)
class Tally:
    """What it took, counted after the fact. `codes`: rows failed, by error code."""

    calls: int = 0
    retried_rows: int = 0
    unknown_outcomes: int = 0
    codes: Counter[str] = field(default_factory=Counter)


class _Group(NamedTuple):
    """Rows that go into one call, waiting: first what failed before, then by stream order."""

    fresh: bool
    first: int
    ready_s: float
    tries: int
    rows: Sequence[int]


def write(rows: Sequence[Row], means: Means) -> tuple[list[Result], Tally]:
    """A result for each row, by position. Raises ConfigurationError when none can ever succeed."""
    return _Work(rows, means).done()


class _Work:
    """One invocation's writing: what waits, what is in flight, what has become of each row."""

    def __init__(self, rows: Sequence[Row], means: Means) -> None:
        self._rows = rows
        self._means = means
        self._results: list[Result | None] = [None] * len(rows)
        self._step = [0] * len(rows)
        self._tally = Tally()
        self._throttle = Throttle(means.max_concurrency, float(means.max_concurrency))
        self._broken: ConfigurationError | None = None
        self._fresh = batches.pack([row.steps[0] for row in rows])
        self._again: list[_Group] = []
        self._flying: dict[Future[Sequence[StoreError | None]], _Group] = {}
        self._first_batch: Sequence[int] = ()

    def done(self) -> tuple[list[Result], Tally]:
        """Works until every row has a result and no call is in flight."""
        with ExitStack() as stack:
            executor: Executor | None = None
            while True:
                group = self._next()
                if group is not None and (self._flying or self._more_waits()):
                    executor = executor or stack.enter_context(
                        ThreadPoolExecutor(self._means.max_concurrency)
                    )
                    self._flying[executor.submit(self._call, group)] = group
                elif group is not None:  # alone: a thread would only cost
                    self._landed(group, _settled(self._call, group))
                elif self._flying:
                    self._land()
                elif self._again and self._broken is None:
                    self._means.sleep(max(0.0, self._again[0].ready_s - self._means.clock()))
                else:
                    break
        if self._broken is not None:
            raise self._broken
        return [result or LATE for result in self._results], self._tally

    def _next(self) -> _Group | None:
        """The group to send now, or None when nothing may be sent at this moment."""
        now = self._means.clock()
        if self._broken is not None or len(self._flying) >= int(self._throttle.allowed):
            return None
        begun_s = max(now, self._again[0].ready_s) if self._again else now
        if not self._means.deadline.allows_call(begun_s):
            self._again.clear()
            self._fresh = iter(())
            return None
        if self._again:
            # What failed goes before what was never sent, even when it has to wait a little.
            return heapq.heappop(self._again) if self._again[0].ready_s <= now else None
        batch = next(self._fresh, None)
        if batch is None:
            return None
        if not self._first_batch:
            self._first_batch = batch
        return _Group(True, batch.start, now, 0, batch)

    def _more_waits(self) -> bool:
        """Whether another batch could fly beside the one at hand."""
        if self._again:
            return True
        following = next(self._fresh, None)
        if following is None:
            return False
        self._fresh = _chained(following, self._fresh)
        return True

    def _call(self, group: _Group) -> Sequence[StoreError | None]:
        return self._means.send([self._rows[i].steps[self._step[i]] for i in group.rows])

    def _land(self) -> None:
        """Waits for a call to end, or for a group whose turn comes before that."""
        patience = None
        if self._again and len(self._flying) < int(self._throttle.allowed):
            patience = max(0.0, self._again[0].ready_s - self._means.clock())
        landed, _ = wait(self._flying, patience, FIRST_COMPLETED)
        for future in landed:
            self._landed(self._flying.pop(future), future)

    def _landed(self, group: _Group, future: Future[Sequence[StoreError | None]]) -> None:
        self._tally.calls += 1
        error = future.exception()
        if error is None:
            self._answered(group, future.result())
        elif isinstance(error, StoreError):
            self._failed(group, error)
        elif isinstance(error, ConfigurationError):
            self._broken = self._broken or error
        else:
            raise error

    def _answered(self, group: _Group, answers: Sequence[StoreError | None]) -> None:
        """Each row has its own answer."""
        if not any(answers) and len(answers) == len(group.rows):
            self._throttle.faster()
        failed: list[int] = []
        further: list[int] = []
        busy = False
        for position, i in enumerate(group.rows):
            answer = answers[position] if position < len(answers) else _UNANSWERED
            if answer is None:
                self._step[i] += 1
                if self._step[i] == len(self._rows[i].steps):
                    self._results[i] = DONE
                else:
                    further.append(i)
                continue
            verdict = self._judged(answer, 1)
            busy = busy or verdict.busy
            if verdict.kind == "refuse":
                self._refuse(i, answer)
            else:
                self._results[i] = Result("undone", answer.code, answer.message)
                failed.append(i)
        if busy:
            self._throttle.slower()
        for part in batches.pack([self._rows[i].steps[self._step[i]] for i in further]):
            self._queue(further[part.start : part.stop], 0)
        self._queue(failed, group.tries + 1)

    def _failed(self, group: _Group, error: StoreError) -> None:
        """The call failed as a whole."""
        verdict = self._judged(error, len(group.rows))
        if verdict.kind == "refuse" and len(group.rows) > 1:
            for part in _split(group.rows):
                self._queue(part, 0)
        elif verdict.kind == "refuse":
            self._refuse(group.rows[0], error)
        else:
            if verdict.busy:
                self._throttle.slower()
            for i in group.rows:
                self._results[i] = Result("undone", error.code, error.message)
            self._queue(group.rows, group.tries + 1)

    def _judged(self, error: StoreError, rows: int) -> codes.Verdict:
        verdict = codes.verdict(error.code)
        self._tally.codes[error.code] += rows
        if verdict.unknown_outcome:
            self._tally.unknown_outcomes += rows
        if verdict.kind == "configuration" and self._broken is None:
            self._broken = ConfigurationError(
                f"Table Store said {error.code}: {error.message} "
                "Every row would be refused alike; see docs/operations.md."
            )
        return verdict

    def _refuse(self, i: int, error: StoreError) -> None:
        self._results[i] = Result("refused", error.code, error.message)
        results = {self._results[i] for i in self._first_batch}
        if len(self._first_batch) > 1 and len(results) == 1 and self._broken is None:
            self._broken = ConfigurationError(
                f"Table Store refused each row of a batch alone: {error.code}: {error.message} "
                "That is no matter of one row; see docs/operations.md."
            )

    def _queue(self, rows: Sequence[int], tries: int) -> None:
        if not rows:
            return
        ready_s = self._means.clock()
        if tries:
            self._tally.retried_rows += len(rows)
            ready_s += delay_s(tries, self._means.uniform)
        heapq.heappush(self._again, _Group(False, rows[0], ready_s, tries, rows))


_UNANSWERED = StoreError("NotAcknowledged", "the answer does not name the row")


def _split(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    size = -(-len(rows) // SPLIT_WAYS)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _settled(
    call: Callable[[_Group], Sequence[StoreError | None]], group: _Group
) -> Future[Sequence[StoreError | None]]:
    future: Future[Sequence[StoreError | None]] = Future()
    try:
        future.set_result(call(group))
    except Exception as error:  # noqa: BLE001 - kept as a thread would keep it, raised by _landed
        future.set_exception(error)
    return future


def _chained(first: range, rest: Iterator[range]) -> Iterator[range]:
    yield first
    yield from rest

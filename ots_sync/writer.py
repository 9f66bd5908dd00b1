"""Write rows with BatchWriteRow: pack batches, send them in parallel, retry, collect results.

`write_rows` returns only when no request is in flight or in doubt. It starts a request only if the
full timeout of the request fits before the deadline.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.limits import BATCH_COUNTED_BYTES, BODY_BYTES, ROWS_PER_BATCH
from ots_sync.model import Clock, Result, Row, RowWrite
from ots_sync.retry import AimdLimit, Deadline, ErrorClass, backoff_s, classify

SPLIT_WAYS = 4
"""A batch that the service rejects as a whole is split into so many parts."""

RowErrors = Sequence[TableStoreError | None]

Send = Callable[[Sequence[RowWrite]], RowErrors]
"""Sends one request. Returns None per acknowledged row, or its error; raises TableStoreError if the
whole request failed."""

WRITTEN = Result("written")
DEADLINE_EXCEEDED = Result("unprocessed", "DeadlineExceeded", "no time was left to write the row")
_NOT_ACKNOWLEDGED = TableStoreError("NotAcknowledged", "the response does not name each row")


@dataclass(frozen=True, slots=True)
class WriterContext:
    """What the writer needs from outside; `uniform(a, b)` draws a number between a and b."""

    send: Send
    deadline: Deadline
    max_concurrency: int
    clock: Clock
    uniform: Callable[[float, float], float]


@dataclass(slots=True)
class WriteStats:
    """Counts of one run; `error_codes` counts failed rows by error code."""

    calls: int = 0
    retried_rows: int = 0
    unknown_outcomes: int = 0
    error_codes: Counter[str] = field(default_factory=Counter)


def write_rows(rows: Iterable[Row], context: WriterContext) -> tuple[list[Result], WriteStats]:
    """Return a result for each row, by position; raises ConfigurationError if no row can succeed.

    Rows are taken one batch at a time, so that later ones are built while earlier ones are sent.
    """
    return _Run(rows, context).finish()


def pack(writes: Iterable[RowWrite]) -> Iterator[range]:
    """Yield the positions of `writes` in batches; every position once, in order.

    Each batch is as large as the limits on rows, counted bytes and request body allow. A single row
    above them was rejected or split earlier. Takes no more writes than the next batch needs.
    https://www.alibabacloud.com/help/en/tablestore/developer-reference/batchwriterow
    """
    start = end = counted = body = 0
    for position, write in enumerate(writes):
        counted += write.counted_bytes
        body += write.body_bytes
        if (counted > BATCH_COUNTED_BYTES or body > BODY_BYTES) and position > start:
            yield range(start, position)
            start, counted, body = position, write.counted_bytes, write.body_bytes
        end = position + 1
        if end - start == ROWS_PER_BATCH:
            yield range(start, end)
            start, counted, body = end, 0, 0
    if start < end:
        yield range(start, end)


class QueuedBatch(NamedTuple):
    """Positions of rows for one request, not before `due_s`, after `failures` failed attempts."""

    first: int
    due_s: float
    failures: int
    rows: Sequence[int]


class SendQueue:
    """The batches to send, in stream order; a retry goes before every batch that was never sent.

    A retry keeps its place while its backoff lasts. Under throttling, the first row that is not
    written therefore always makes progress.
    """

    def __init__(self, unsent: Iterable[range]) -> None:
        self._unsent = iter(unsent)
        self._next: range | None = None
        self._retries: list[QueuedBatch] = []

    def __bool__(self) -> bool:
        if not self._retries and self._next is None:
            self._next = next(self._unsent, None)
        return bool(self._retries) or self._next is not None

    def push(self, rows: Sequence[int], due_s: float, failures: int) -> None:
        """Add rows to send again, or whose next write is due."""
        heapq.heappush(self._retries, QueuedBatch(rows[0], due_s, failures, rows))

    def due_s(self) -> float:
        """Return when the next batch may be sent; minus infinity means now."""
        return self._retries[0].due_s if self._retries else float("-inf")

    def pop(self) -> QueuedBatch:
        """Remove and return the next batch, whether it is due or not."""
        if self._retries:
            return heapq.heappop(self._retries)
        batch = next(self._unsent) if self._next is None else self._next
        self._next = None
        return QueuedBatch(batch.start, self.due_s(), 0, batch)

    def clear(self) -> None:
        """Drop everything that waits. The source of rows is still read to its end."""
        self._retries.clear()
        self._next = None
        for _ in self._unsent:
            pass


@dataclass(slots=True)
class FollowUp:
    """What remains after a response: rows to retry, rows with another write, smaller batches."""

    retry: Sequence[int] = ()
    next_writes: list[int] = field(default_factory=list)
    splits: Sequence[Sequence[int]] = ()
    throttled: bool = False
    in_doubt: bool = False


class Results:
    """The results of one run, by row position. `rows` can grow while the run lasts.

    `fatal` is set when the responses show that no row can ever be written.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._results: dict[int, Result] = {}
        self._writes_done: dict[int, int] = {}
        self._first_batch: Sequence[int] | None = None
        self.stats = WriteStats()
        self.fatal: ConfigurationError | None = None

    def to_list(self) -> list[Result]:
        """Return one result per row; a row that was never sent exceeded the deadline."""
        return [self._results.get(i, DEADLINE_EXCEEDED) for i in range(len(self._rows))]

    def next_writes(self, rows: Sequence[int]) -> list[RowWrite]:
        """Return the next write of each row; the first rows asked for are the first batch."""
        if self._first_batch is None:
            self._first_batch = rows
        return [self._rows[i].writes[self._writes_done.get(i, 0)] for i in rows]

    def on_response(self, rows: Sequence[int], errors: RowErrors) -> FollowUp:
        """Record a response. A response belongs to a row by position, so one of another length
        acknowledges no row.
        """
        self.stats.calls += 1
        if len(errors) != len(rows):
            return self._retry_all(rows, _NOT_ACKNOWLEDGED)
        follow_up = FollowUp(retry := [])
        for i, error in zip(rows, errors, strict=True):
            if error is None:
                done = self._writes_done.get(i, 0) + 1
                if done == len(self._rows[i].writes):
                    self._results[i] = WRITTEN
                else:
                    self._writes_done[i] = done
                    follow_up.next_writes.append(i)
                continue
            error_class = self._count(error, 1)
            if error_class.action == "reject":
                self._reject(i, error)
                continue
            self._results[i] = Result("unprocessed", error.code, error.message)
            retry.append(i)
            follow_up.throttled |= error_class.throttled
            follow_up.in_doubt |= error_class.in_doubt
        return follow_up

    def on_error(self, rows: Sequence[int], error: TableStoreError) -> FollowUp:
        """Record a request that failed as a whole; a rejection means that one row is not valid."""
        self.stats.calls += 1
        if classify(error.code).action != "reject":
            return self._retry_all(rows, error)
        self._count(error, len(rows))
        if len(rows) == 1:
            self._reject(rows[0], error)
            return FollowUp()
        size = -(-len(rows) // SPLIT_WAYS)
        return FollowUp(splits=[rows[at : at + size] for at in range(0, len(rows), size)])

    def _retry_all(self, rows: Sequence[int], error: TableStoreError) -> FollowUp:
        error_class = self._count(error, len(rows))
        for i in rows:
            self._results[i] = Result("unprocessed", error.code, error.message)
        return FollowUp(rows, throttled=error_class.throttled, in_doubt=error_class.in_doubt)

    def _count(self, error: TableStoreError, rows: int) -> ErrorClass:
        error_class = classify(error.code)
        self.stats.error_codes[error.code] += rows
        if error_class.unknown_outcome:
            self.stats.unknown_outcomes += rows
        if error_class.action == "configuration" and self.fatal is None:
            self.fatal = ConfigurationError(
                f"Table Store returned {error.code}: {error.message} "
                "Every row would fail in the same way; see docs/troubleshooting.md."
            )
        return error_class

    def _reject(self, i: int, error: TableStoreError) -> None:
        self._results[i] = Result("rejected", error.code, error.message)
        first = self._first_batch or ()
        if len(first) > 1 and {self._results.get(i) for i in first} == {self._results[i]}:
            self.fatal = self.fatal or ConfigurationError(
                "Table Store rejected every row of the first batch for the same reason: "
                f"{error.code}: {error.message} "
                "The cause is the table or the instance, not the rows; see docs/troubleshooting.md."
            )


class _Run:
    """One call of `write_rows`: the queue, the requests in flight, and the results so far."""

    def __init__(self, rows: Iterable[Row], context: WriterContext) -> None:
        self._context = context
        self._clock = context.clock
        self._rows: list[Row] = []
        self._queue = SendQueue(pack(self._first_writes(rows)))
        self._results = Results(self._rows)
        self._limit = AimdLimit(context.max_concurrency, float(context.max_concurrency))
        self._in_flight: dict[Future[RowErrors], tuple[QueuedBatch, float]] = {}
        self._in_doubt_until_s = float("-inf")

    def finish(self) -> tuple[list[Result], WriteStats]:
        """Send until every row has a result and no request is in flight or in doubt."""
        try:
            with ExitStack() as stack:
                executor: Executor | None = None
                while self._queue or self._in_flight:
                    if not self._may_send():
                        self._wait()
                        continue
                    batch, started_s = self._queue.pop(), self._clock.monotonic()
                    if batch.failures:
                        self._results.stats.retried_rows += len(batch.rows)
                    call = partial(self._context.send, self._results.next_writes(batch.rows))
                    if not (self._in_flight or self._queue):  # a single request needs no thread
                        self._on_complete(batch, started_s, _call_now(call))
                        continue
                    executor = executor or stack.enter_context(
                        ThreadPoolExecutor(self._context.max_concurrency)
                    )
                    self._in_flight[executor.submit(call)] = batch, started_s
        finally:
            # The caller may send a newer change of one of these rows next, even after an error.
            for _, started_s in self._in_flight.values():
                self._mark_in_doubt(started_s)
            self._sleep_until(self._in_doubt_until_s)
        if self._results.fatal is not None:
            raise self._results.fatal
        return self._results.to_list(), self._results.stats

    def _first_writes(self, rows: Iterable[Row]) -> Iterator[RowWrite]:
        for row in rows:
            self._rows.append(row)
            yield row.writes[0]

    def _may_send(self) -> bool:
        """Return whether the next batch may be sent now; drop the queue if it never may."""
        now_s = self._clock.monotonic()
        if not self._queue or len(self._in_flight) >= int(self._limit.limit):
            return False
        start_s = max(now_s, self._queue.due_s())
        if self._results.fatal is not None or not self._context.deadline.allows_call(start_s):
            self._queue.clear()
            return False
        return start_s <= now_s

    def _wait(self) -> None:
        """Wait until a request ends or the next batch is due."""
        if not self._in_flight:
            if self._queue:
                self._sleep_until(self._queue.due_s())
            return
        timeout_s = None
        if self._queue and len(self._in_flight) < int(self._limit.limit):
            timeout_s = max(0.0, self._queue.due_s() - self._clock.monotonic())
        completed, _ = wait(self._in_flight, timeout_s, FIRST_COMPLETED)
        for future in completed:
            self._on_complete(*self._in_flight.pop(future), future)

    def _on_complete(self, batch: QueuedBatch, started_s: float, future: Future[RowErrors]) -> None:
        error = future.exception()
        if error is None:
            follow_up = self._results.on_response(batch.rows, future.result())
        elif isinstance(error, TableStoreError):
            # The frames of its traceback hold the request, and may refer to the error itself.
            follow_up = self._results.on_error(batch.rows, error.with_traceback(None))
        elif isinstance(error, ConfigurationError):
            self._results.fatal = self._results.fatal or error
            return
        else:
            self._mark_in_doubt(started_s)
            raise error
        now_s = self._clock.monotonic()
        if follow_up.in_doubt:
            self._mark_in_doubt(started_s)
        if follow_up.throttled:
            self._limit.decrease()
        elif error is None and not follow_up.retry:
            self._limit.increase()
        # A put in doubt that is executed after the row's next write would remove its columns.
        next_write_s = max(now_s, self._in_doubt_until_s)
        for part in pack(self._results.next_writes(follow_up.next_writes)):
            self._queue.push(follow_up.next_writes[part.start : part.stop], next_write_s, 0)
        for rows in follow_up.splits:
            self._queue.push(rows, now_s, 0)
        if follow_up.retry:
            failures = batch.failures + 1
            due_s = now_s + backoff_s(failures, self._context.uniform)
            self._queue.push(follow_up.retry, due_s, failures)

    def _mark_in_doubt(self, started_s: float) -> None:
        resolved_s = self._context.deadline.resolved_at_s(started_s, self._clock.monotonic())
        self._in_doubt_until_s = max(self._in_doubt_until_s, resolved_s)

    def _sleep_until(self, then_s: float) -> None:
        left_s = then_s - self._clock.monotonic()
        if left_s > 0:
            self._clock.sleep(left_s)


def _call_now(call: Callable[[], RowErrors]) -> Future[RowErrors]:
    """Call in this thread, with the result as a thread pool would return it."""
    future: Future[RowErrors] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - kept in the future; _on_complete raises it
        future.set_exception(error)
    return future

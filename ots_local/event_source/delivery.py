"""Invoke the handler with batches, and apply the result of each invocation to its queue.

A record is done only after the handler processed it or the on-failure destination accepted it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from ots_local.event_source.failures import (
    EXPIRED,
    RETRY_ATTEMPTS_EXHAUSTED,
    WHOLE_BATCH,
    FollowUp,
    FunctionTimeoutError,
    NotInvokedError,
    after_failure,
    after_no_invocation,
    after_partial_failure,
    after_success,
    count_too_old,
    failure_document,
    first_failed,
)
from ots_local.event_source.mapping import EventSourceMapping
from ots_local.event_source.progress import Progress
from ots_local.event_source.queue import Batch, PartitionQueue

Handler = Callable[[dict[str, Any]], object]

MAX_RETRY_DELAY_S = 5.0
"""Lambda's own delays are not documented; these grow from 0.1 s to this limit."""


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The response of an invocation, or its error."""

    response: Any = None
    error: BaseException | None = None


def invoke(handler: Handler, payload: str) -> InvocationResult:
    """Call the handler; event and response pass through JSON, as in Lambda's runtime."""
    try:
        return InvocationResult(json.loads(json.dumps(handler(json.loads(payload)))))
    except (Exception, SystemExit) as error:  # noqa: BLE001 # all of them are function errors
        return InvocationResult(error=error)


@dataclass(slots=True)
class Delivery:
    """Sends batches in this thread, or concurrently in a pool of threads."""

    handler: Handler
    mapping: EventSourceMapping
    progress: Progress
    clock: Callable[[], float]
    stream_arn: str
    function_arn: str
    _pool: ThreadPoolExecutor | None = None
    _in_flight: dict[Future[InvocationResult], tuple[str, PartitionQueue, Batch]] = field(
        default_factory=dict
    )

    @contextlib.contextmanager
    def thread_pool(self, threads: int) -> Iterator[None]:
        """Run the handler in threads; at the end, wait for the invocations in flight."""
        if threads == 1:
            yield
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="event-source") as pool:
            self._pool = pool
            try:
                yield
            finally:
                self._pool = None
                self.wait(None)
                self.collect()

    @property
    def has_in_flight(self) -> bool:
        """Whether an invocation is running."""
        return bool(self._in_flight)

    def wait(self, seconds: float | None) -> None:
        """Wait until an invocation ends, at most this long; None: until all have ended."""
        if seconds is None:
            wait(self._in_flight)
        else:
            wait(self._in_flight, timeout=seconds, return_when=FIRST_COMPLETED)

    def send(self, shard_id: str, queue: PartitionQueue, no_wait: bool) -> bool:
        """Send the queue's next batch if one is due; return whether there was one."""
        taken = queue.take(self.clock(), no_wait)
        if taken is None:
            return False
        with self._return_on_error(queue, taken):
            batch = self._discard_too_old(shard_id, taken)
            if not batch.records:
                queue.complete((), self.clock())
                return True
            batch = self._count_invocation(batch)
            if self._pool is None:
                self._complete(shard_id, queue, batch, invoke(self.handler, batch.payload))
            else:
                future = self._pool.submit(invoke, self.handler, batch.payload)
                self._in_flight[future] = (shard_id, queue, batch)
        return True

    def collect(self) -> bool:
        """Apply the results of the invocations that ended; return whether there was one."""
        ended = [future for future in self._in_flight if future.done()]
        for future in ended:
            shard_id, queue, batch = self._in_flight.pop(future)
            with self._return_on_error(queue, batch):
                self._complete(shard_id, queue, batch, future.result())
        return bool(ended)

    @contextlib.contextmanager
    def _return_on_error(self, queue: PartitionQueue, batch: Batch) -> Iterator[None]:
        """Return the batch to its queue if an error (Ctrl-C, the destination's) ends the poller."""
        try:
            yield
        except BaseException:
            queue.complete((batch,), self.clock())
            raise

    def _count_invocation(self, batch: Batch) -> Batch:
        sent_before = sum(record.deliveries > 0 for record in batch.records)
        self.progress.invocations += 1
        self.progress.redeliveries += sent_before
        self.progress.retries += sent_before > 0
        self.progress.record_lag(self.clock() - batch.records[-1].created_s)
        for record in batch.records:
            record.deliveries += 1
        return replace(batch, invocations=batch.invocations + 1)

    def _discard_too_old(self, shard_id: str, batch: Batch) -> Batch:
        count, reason = count_too_old(batch, self.clock(), self.mapping)
        if count:
            too_old = replace(batch, records=batch.records[:count])
            self._discard(shard_id, too_old, reason, function_error=False)
        return replace(batch, records=batch.records[count:])

    def _complete(
        self, shard_id: str, queue: PartitionQueue, batch: Batch, result: InvocationResult
    ) -> None:
        follow_up = self._follow_up(batch, result)
        if follow_up.discarded:
            self._discard(
                shard_id,
                follow_up.discarded,
                RETRY_ATTEMPTS_EXHAUSTED,
                function_error=bool(result.error),
            )
        for record in follow_up.done:
            record.done = True
        self.progress.records_delivered += len(follow_up.done)
        self.progress.bisects += follow_up.bisected
        if follow_up.bisected or follow_up.done:
            delay_s = 0.0
        else:
            delay_s = min(MAX_RETRY_DELAY_S, 0.05 * 2.0 ** min(batch.invocations, 9))
        queue.complete(follow_up.retries, self.clock(), delay_s)

    def _follow_up(self, batch: Batch, result: InvocationResult) -> FollowUp:
        """Return what follows the result under this mapping."""
        if isinstance(result.error, NotInvokedError):
            self.progress.not_invoked += 1
            return after_no_invocation(batch)
        failed_from: int | None = WHOLE_BATCH
        if result.error is not None:
            self.progress.last_error = result.error
            self.progress.timeouts += isinstance(result.error, FunctionTimeoutError)
        elif self.mapping.report_batch_item_failures:
            failed_from = first_failed(result.response, batch.sequence_numbers)
        else:
            failed_from = None
        if failed_from is None:
            return after_success(batch)
        if failed_from == WHOLE_BATCH:
            self.progress.function_errors += 1
            return after_failure(batch, self.mapping)
        self.progress.partial_failures += 1
        return after_partial_failure(batch, failed_from, self.mapping)

    def _discard(self, shard_id: str, batch: Batch, reason: str, *, function_error: bool) -> None:
        if self.mapping.on_failure is not None and reason != EXPIRED:
            document = failure_document(
                batch,
                condition=reason,
                function_error=function_error,
                shard_id=shard_id,
                stream_arn=self.stream_arn,
                function_arn=self.function_arn,
                now_s=self.clock(),
            )
            self.mapping.on_failure(document)
        self.progress.discarded[reason] += len(batch.records)
        for record in batch.records:
            record.done = True

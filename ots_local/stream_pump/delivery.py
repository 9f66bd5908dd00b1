"""Batches go from lanes to the handler, and what it answered goes back to the lanes.

Nothing is marked done before the handler succeeded with it, or the failure destination took it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from ots_local.stream_pump.answers import WHOLE_BATCH, first_failed
from ots_local.stream_pump.batches import (
    EXPIRED,
    RETRIES_EXHAUSTED,
    Batch,
    Next,
    NotInvokedError,
    TimedOutError,
    after_failure,
    after_no_invocation,
    after_partial,
    after_success,
    too_old,
)
from ots_local.stream_pump.lanes import Lane
from ots_local.stream_pump.mapping import EventSourceMapping
from ots_local.stream_pump.on_failure import failure_document
from ots_local.stream_pump.progress import Progress

Handler = Callable[[dict[str, Any]], object]

RETRY_DELAY_MAX_S = 5.0
"""Lambda's own delays are not documented; these grow from 0.1 s to this."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an invocation: an answer, or an error."""

    answer: Any = None
    error: BaseException | None = None


def invoke(handler: Handler, payload: str) -> Reply:
    """Call the handler as the runtime would: both ways through JSON, so that nothing is shared."""
    try:
        return Reply(json.loads(json.dumps(handler(json.loads(payload)))))
    except (Exception, SystemExit) as error:  # noqa: BLE001 # all of them are function errors
        return Reply(error=error)


@dataclass(slots=True)
class Delivery:
    """Sends batches, one after another or by a pool of threads."""

    handler: Handler
    mapping: EventSourceMapping
    progress: Progress
    clock: Callable[[], float]
    stream_arn: str
    function_arn: str
    _pool: ThreadPoolExecutor | None = None
    _in_flight: dict[Future[Reply], tuple[str, Lane, Batch]] = field(default_factory=dict)

    @contextlib.contextmanager
    def workers(self, threads: int) -> Iterator[None]:
        """Threads for the handler; however the block ends, what is in flight is settled first."""
        if threads == 1:
            yield
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="stream-pump") as pool:
            self._pool = pool
            try:
                yield
            finally:
                self._pool = None
                self.wait(None)
                self.land()

    @property
    def busy(self) -> bool:
        """Whether an invocation is under way."""
        return bool(self._in_flight)

    def wait(self, seconds: float | None) -> None:
        """Until an invocation ends, or the time is over; None: until all have ended."""
        if seconds is None:
            wait(self._in_flight)
        else:
            wait(self._in_flight, timeout=seconds, return_when=FIRST_COMPLETED)

    def send(self, shard_id: str, lane: Lane, at_once: bool) -> bool:
        """Send the lane's next batch if one is due; whether there was one."""
        taken = lane.take(self.clock(), at_once)
        if taken is None:
            return False
        with self._kept(lane, taken):
            batch = self._without_old(shard_id, taken)
            if not batch.entries:
                lane.settle(Next(), self.clock())
                return True
            batch = self._counted(batch)
            if self._pool is None:
                self._settle(shard_id, lane, batch, invoke(self.handler, batch.payload))
            else:
                future = self._pool.submit(invoke, self.handler, batch.payload)
                self._in_flight[future] = (shard_id, lane, batch)
        return True

    def land(self) -> bool:
        """Settle the invocations that have ended; whether there was one."""
        ended = [future for future in self._in_flight if future.done()]
        for future in ended:
            shard_id, lane, batch = self._in_flight.pop(future)
            with self._kept(lane, batch):
                self._settle(shard_id, lane, batch, future.result())
        return bool(ended)

    @contextlib.contextmanager
    def _kept(self, lane: Lane, batch: Batch) -> Iterator[None]:
        """What ends the pump (a failure destination that fails, Ctrl-C) loses no batch."""
        try:
            yield
        except BaseException:
            lane.settle(after_no_invocation(batch), self.clock())
            raise

    def _counted(self, batch: Batch) -> Batch:
        again = sum(entry.deliveries > 0 for entry in batch.entries)
        self.progress.invocations += 1
        self.progress.redeliveries += again
        self.progress.retries += again > 0
        self.progress.sent(self.clock() - batch.entries[-1].created_s)
        for entry in batch.entries:
            entry.deliveries += 1
        return replace(batch, invocations=batch.invocations + 1)

    def _without_old(self, shard_id: str, batch: Batch) -> Batch:
        count, reason = too_old(batch, self.clock(), self.mapping)
        if count:
            old = replace(batch, entries=batch.entries[:count])
            self._give_up(shard_id, old, reason, function_error=False)
        return replace(batch, entries=batch.entries[count:])

    def _settle(self, shard_id: str, lane: Lane, batch: Batch, reply: Reply) -> None:
        following = self._following(batch, reply)
        if following.given_up:
            self._give_up(
                shard_id, following.given_up, RETRIES_EXHAUSTED, function_error=bool(reply.error)
            )
        for entry in following.done:
            entry.done = True
        self.progress.records_delivered += len(following.done)
        self.progress.bisects += following.bisected
        moved_on = following.bisected or following.done
        delay_s = (
            0.0 if moved_on else min(RETRY_DELAY_MAX_S, 0.05 * 2.0 ** min(batch.invocations, 9))
        )
        lane.settle(following, self.clock(), delay_s)

    def _following(self, batch: Batch, reply: Reply) -> Next:
        """What the reply means under this mapping."""
        if isinstance(reply.error, NotInvokedError):
            self.progress.not_invoked += 1
            return after_no_invocation(batch)
        failed_from: int | None = WHOLE_BATCH
        if reply.error is not None:
            self.progress.last_error = reply.error
            self.progress.time_outs += isinstance(reply.error, TimedOutError)
        elif self.mapping.report_batch_item_failures:
            failed_from = first_failed(reply.answer, batch.sequence_numbers)
        else:
            failed_from = None
        if failed_from is None:
            return after_success(batch)
        if failed_from == WHOLE_BATCH:
            self.progress.function_errors += 1
            return after_failure(batch, self.mapping)
        self.progress.partial_answers += 1
        return after_partial(batch, failed_from, self.mapping)

    def _give_up(self, shard_id: str, batch: Batch, reason: str, *, function_error: bool) -> None:
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
        self.progress.dropped[reason] += len(batch.entries)
        for entry in batch.entries:
            entry.done = True

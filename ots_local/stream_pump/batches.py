"""A batch and what became of it go in; what is done, tried again and given up comes out.

The rules of retry, bisecting and age, as arithmetic; nothing is invoked and no clock is read here.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ots_local.stream_pump.mapping import RETENTION_S, EventSourceMapping

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"
EXPIRED = "Expired"
"""Left the stream while it was waiting: lost, and no destination hears of it."""


class TimedOutError(Exception):
    """A handler raises it where Lambda would end it: a function error like any other."""


class NotInvokedError(Exception):
    """A handler raises it where Lambda could not invoke it (throttled, say).

    Tried again until the record is too old; no retry is counted and nothing is bisected.
    """


@dataclass(slots=True, eq=False)
class Entry:
    """One record on its way, serialised once: the text is what every invocation is given."""

    sequence_number: str
    text: str
    size_bytes: int
    created_s: float
    read_s: float
    lane: int
    deliveries: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one lane that are sent together."""

    entries: tuple[Entry, ...]
    failures: int = 0
    """Failed invocations that count against MaximumRetryAttempts."""
    invocations: int = 0
    due_s: float = 0.0

    @property
    def sequence_numbers(self) -> list[str]:
        """Of the records, in order."""
        return [entry.sequence_number for entry in self.entries]

    @property
    def payload(self) -> str:
        """The event, as JSON."""
        return '{"Records":[' + ",".join(entry.text for entry in self.entries) + "]}"


@dataclass(frozen=True, slots=True)
class Next:
    """What follows an invocation: `again` in this order, before anything else of the lane."""

    done: tuple[Entry, ...] = ()
    again: tuple[Batch, ...] = ()
    given_up: Batch | None = None
    bisected: bool = False


def after_success(batch: Batch) -> Next:
    """Everything is done."""
    return Next(done=batch.entries)


def after_no_invocation(batch: Batch) -> Next:
    """The same again; the function never ran."""
    return Next(again=(batch,))


def after_failure(batch: Batch, mapping: EventSourceMapping) -> Next:
    """The whole batch failed: an exception, a time-out, a report that cannot be believed.

    Bisecting takes precedence over counting, for a split consumes no retry; a batch of one record
    cannot be split.
    """
    if mapping.bisect_batch_on_function_error and len(batch.entries) > 1:
        middle = (len(batch.entries) + 1) // 2
        halves = batch.entries[:middle], batch.entries[middle:]
        return Next(again=tuple(replace(batch, entries=half) for half in halves), bisected=True)
    return _count(batch, mapping)


def after_partial(batch: Batch, failed_from: int, mapping: EventSourceMapping) -> Next:
    """The function reported a checkpoint: records before it are done, the others tried again.

    With bisecting, the report is where the batch is split, and the split consumes no retry. A
    report of the very first record splits nothing, and counts. Without bisecting each report
    counts, also when it moved on (undocumented; the stricter reading).
    """
    done, rest = batch.entries[:failed_from], batch.entries[failed_from:]
    remainder = replace(batch, entries=rest)
    if mapping.bisect_batch_on_function_error and done:
        return Next(done=done, again=(remainder,), bisected=True)
    return replace(_count(remainder, mapping), done=done)


def _count(batch: Batch, mapping: EventSourceMapping) -> Next:
    failed = replace(batch, failures=batch.failures + 1)
    if 0 <= mapping.maximum_retry_attempts < failed.failures:
        return Next(given_up=failed)
    return Next(again=(failed,))


def too_old(batch: Batch, now_s: float, mapping: EventSourceMapping) -> tuple[int, str]:
    """How many records at the head may not be tried any more, and why.

    A record is given up when it is older than the limit, not when it is as old.
    """
    age_max = mapping.maximum_record_age_s
    limit, reason = (
        (RETENTION_S, EXPIRED) if not 0 <= age_max <= RETENTION_S else (age_max, TOO_OLD)
    )
    for count, entry in enumerate(batch.entries):
        if now_s - entry.created_s <= limit:
            return count, reason
    return len(batch.entries), reason

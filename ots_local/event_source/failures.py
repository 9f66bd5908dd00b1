"""Decide what follows an invocation: which records are done, retried, bisected or discarded.

These are pure functions of a batch and a response. Nothing is invoked, and no clock is read.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from ots_local.event_source.mapping import RETENTION_S, EventSourceMapping
from ots_local.event_source.queue import Batch, QueuedRecord

RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"
RECORD_AGE_EXCEEDED = "RecordAgeExceeded"
EXPIRED = "Expired"
"""The record left the stream before it was delivered. No on-failure destination receives it."""

WHOLE_BATCH = -1
"""The whole batch failed, and the response names no record to continue from."""


class FunctionTimeoutError(Exception):
    """Raised by a handler that Lambda would stop; a function error like any other."""


class NotInvokedError(Exception):
    """Raised by a handler that Lambda could not invoke, for example because of throttling.

    The batch is sent again until its records are too old. No retry is counted, and nothing is
    bisected.
    """


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What follows an invocation; `retries` are sent in this order, before any other batch."""

    done: tuple[QueuedRecord, ...] = ()
    retries: tuple[Batch, ...] = ()
    discarded: Batch | None = None
    bisected: bool = False


def first_failed(response: Any, sequence_numbers: Sequence[str]) -> int | None:
    """Return the position of the first failed record, None for success, or WHOLE_BATCH.

    Success, as documented: an empty or null response, an empty or null list. Failure of the whole
    batch: an empty, null or unknown identifier, or a wrong key in an entry. Of several
    identifiers the lowest sequence number counts, compared as a number. A response with a wrong
    top-level key counts as empty, that is, as success; records are then lost without an error.
    Undocumented cases: a response that is not an object is success, a malformed list is failure.
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    if not isinstance(response, dict):
        return None
    failures = response.get("batchItemFailures")
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return WHOLE_BATCH
    positions = {number: position for position, number in enumerate(sequence_numbers)}
    names = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in failures]
    known = [name for name in names if isinstance(name, str) and name in positions]
    return positions[min(known, key=int)] if len(known) == len(names) else WHOLE_BATCH


def after_success(batch: Batch) -> FollowUp:
    """Every record is done."""
    return FollowUp(done=batch.records)


def after_no_invocation(batch: Batch) -> FollowUp:
    """Send the same batch again, because the function did not run."""
    return FollowUp(retries=(batch,))


def after_failure(batch: Batch, mapping: EventSourceMapping) -> FollowUp:
    """Retry or bisect a batch that failed as a whole.

    Bisecting comes before counting, because a split does not use a retry. A batch of one record
    cannot be split.
    """
    if mapping.bisect_batch_on_function_error and len(batch.records) > 1:
        middle = (len(batch.records) + 1) // 2
        halves = batch.records[:middle], batch.records[middle:]
        return FollowUp(
            retries=tuple(replace(batch, records=half) for half in halves), bisected=True
        )
    return _count_failure(batch, mapping)


def after_partial_failure(batch: Batch, failed_from: int, mapping: EventSourceMapping) -> FollowUp:
    """Retry the records from the first failed one on; those before it are done.

    With bisecting, the batch is split at that record, and the split does not use a retry. A report
    of the very first record splits nothing and is counted. Without bisecting every report is
    counted, even if the batch made progress (undocumented; this is the stricter interpretation).
    """
    done, rest = batch.records[:failed_from], batch.records[failed_from:]
    remainder = replace(batch, records=rest)
    if mapping.bisect_batch_on_function_error and done:
        return FollowUp(done=done, retries=(remainder,), bisected=True)
    return replace(_count_failure(remainder, mapping), done=done)


def _count_failure(batch: Batch, mapping: EventSourceMapping) -> FollowUp:
    failed = replace(batch, failures=batch.failures + 1)
    if 0 <= mapping.maximum_retry_attempts < failed.failures:
        return FollowUp(discarded=failed)
    return FollowUp(retries=(failed,))


def count_too_old(batch: Batch, now_s: float, mapping: EventSourceMapping) -> tuple[int, str]:
    """Return how many records at the start of the batch are too old to be sent, and the reason.

    A record is too old when its age is greater than the limit, not when it is equal.
    """
    max_age_s = mapping.maximum_record_age_s
    limit_s, reason = (
        (RETENTION_S, EXPIRED)
        if not 0 <= max_age_s <= RETENTION_S
        else (max_age_s, RECORD_AGE_EXCEEDED)
    )
    for count, record in enumerate(batch.records):
        if now_s - record.created_s <= limit_s:
            return count, reason
    return len(batch.records), reason


def failure_document(
    batch: Batch,
    *,
    condition: str,
    function_error: bool,
    shard_id: str,
    stream_arn: str,
    function_arn: str,
    now_s: float,
) -> dict[str, Any]:
    """Return the document that Lambda puts into S3 for a discarded batch.

    `payload` is the event as JSON. `responseContext` is present if the function ran, and contains
    `functionError` if it raised.
    """
    first, last = batch.records[0], batch.records[-1]
    seed = f"{stream_arn} {shard_id} {first.sequence_number} {last.sequence_number} {now_s}"
    document: dict[str, Any] = {
        "requestContext": {
            "requestId": str(uuid.uuid5(uuid.NAMESPACE_OID, seed)),
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": batch.invocations,
        },
        "version": "1.0",
        "timestamp": _utc(now_s).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": f"{_utc(first.created_s):%Y-%m-%dT%H:%M:%SZ}",
            "approximateArrivalOfLastRecord": f"{_utc(last.created_s):%Y-%m-%dT%H:%M:%SZ}",
            "batchSize": len(batch.records),
            "streamArn": stream_arn,
        },
        "payload": batch.payload,
    }
    if batch.invocations:
        response = {"statusCode": 200, "executedVersion": "$LATEST"}
        document["responseContext"] = response | (
            {"functionError": "Unhandled"} if function_error else {}
        )
    return document


def object_key(document: dict[str, Any], mapping_id: str) -> str:
    """Return the key of the S3 object in which Lambda stores the document."""
    written = datetime.fromisoformat(document["timestamp"].replace("Z", "+00:00"))
    shard = document["DDBStreamBatchInfo"]["shardId"]
    name = f"{written:%Y-%m-%dT%H.%M.%S}-{document['requestContext']['requestId']}"
    return f"aws/lambda/{mapping_id}/{shard}/{written:%Y/%m/%d}/{name}"


def _utc(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, timezone.utc)

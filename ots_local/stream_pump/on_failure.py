"""Records that are given up go in; the document that Lambda puts into S3 for them comes out.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

from ots_local.stream_pump.batches import Batch


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
    """Metadata, and the event itself as `payload`, a JSON text.

    `responseContext` is there when the function ran; `functionError` when it raised.
    """
    first, last = batch.entries[0], batch.entries[-1]
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
            "batchSize": len(batch.entries),
            "streamArn": stream_arn,
        },
        "payload": batch.payload,
    }
    if batch.invocations:
        answered = {"statusCode": 200, "executedVersion": "$LATEST"}
        document["responseContext"] = answered | (
            {"functionError": "Unhandled"} if function_error else {}
        )
    return document


def object_key(document: dict[str, Any], mapping_id: str) -> str:
    """The name that Lambda gives the document's object in the bucket."""
    written = datetime.fromisoformat(document["timestamp"].replace("Z", "+00:00"))
    shard = document["DDBStreamBatchInfo"]["shardId"]
    name = f"{written:%Y-%m-%dT%H.%M.%S}-{document['requestContext']['requestId']}"
    return f"aws/lambda/{mapping_id}/{shard}/{written:%Y/%m/%d}/{name}"


def _utc(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, timezone.utc)

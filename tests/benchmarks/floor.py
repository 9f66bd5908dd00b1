"""The SDK by itself: rows go in that are built beforehand, and are written in full batches.

Encode, sign, send and decode is all that is left; what the function does beyond is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tablestore import (
    BatchWriteRowRequest,
    Condition,
    DeleteRowItem,
    OTSClient,
    PutRowItem,
    Row,
    RowExistenceExpectation,
    TableInBatchWriteRowItem,
    UpdateRowItem,
)
from tablestore.retry import NoRetryPolicy

from ots_sync import changes, rows, writer
from ots_sync.model import RowWrite
from tests.support.builders import ENVIRON

TABLE = ENVIRON["TABLE_NAME"]


def connect(endpoint: str, *, enable_native: bool = True) -> OTSClient:
    """The SDK's client as it comes, but for its retries."""
    return OTSClient(
        endpoint,
        ENVIRON["OTS_ID"],
        ENVIRON["OTS_SECRET"],
        ENVIRON["OTS_INSTANCE"],
        retry_policy=NoRetryPolicy(),
        enable_native=enable_native,
    )


def writes_of(event: Any, rules: rows.RowMapper) -> list[RowWrite]:
    """The rows that an event ends in."""
    understood, _ = changes.parse_event(event)
    translated, _ = rows.map_changes(understood, rules)
    return [row.writes[0] for row in translated]


def requests_of(writes: Sequence[RowWrite]) -> list[BatchWriteRowRequest]:
    """These rows as the SDK's own objects, in full batches."""
    requests = []
    for batch in writer.pack(writes):
        request = BatchWriteRowRequest()
        items = [item_of(writes[position]) for position in batch]
        request.add(TableInBatchWriteRowItem(TABLE, items))
        requests.append(request)
    return requests


def item_of(write: RowWrite) -> Any:
    """One row as the SDK's own object."""
    condition, key = Condition(RowExistenceExpectation.IGNORE), list(write.primary_key)
    if write.kind == "delete":
        return DeleteRowItem(Row(key), condition)
    if write.kind == "put":
        return PutRowItem(Row(key, list(write.columns)), condition)
    cells: dict[str, Any] = {"put": list(write.columns)}
    if write.delete_columns:
        cells["delete_all"] = list(write.delete_columns)
    return UpdateRowItem(Row(key, cells), condition)


def send(client: OTSClient, requests: Sequence[BatchWriteRowRequest]) -> None:
    """One call after the other."""
    for request in requests:
        client.batch_write_row(request)

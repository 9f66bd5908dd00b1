"""Write rows with the SDK alone, in full batches: the minimum cost that the function can have.

The rows are built before. The measured work is to encode, sign, send and decode.
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
    """Return the SDK's client with its defaults, except without retries."""
    return OTSClient(
        endpoint,
        ENVIRON["OTS_ID"],
        ENVIRON["OTS_SECRET"],
        ENVIRON["OTS_INSTANCE"],
        retry_policy=NoRetryPolicy(),
        enable_native=enable_native,
    )


def build_writes(event: Any, row_mapper: rows.RowMapper) -> list[RowWrite]:
    """Return the row writes for an event."""
    parsed, _ = changes.parse_event(event)
    mapped, _ = rows.map_changes(parsed, row_mapper)
    return [row.writes[0] for row in mapped]


def build_requests(writes: Sequence[RowWrite]) -> list[BatchWriteRowRequest]:
    """Return the row writes as requests of the SDK, in full batches."""
    requests = []
    for batch in writer.pack(writes):
        request = BatchWriteRowRequest()
        items = [to_sdk_item(writes[position]) for position in batch]
        request.add(TableInBatchWriteRowItem(TABLE, items))
        requests.append(request)
    return requests


def to_sdk_item(write: RowWrite) -> Any:
    """Return a row write as an object of the SDK."""
    condition, key = Condition(RowExistenceExpectation.IGNORE), list(write.primary_key)
    if write.kind == "delete":
        return DeleteRowItem(Row(key), condition)
    if write.kind == "put":
        return PutRowItem(Row(key, list(write.columns)), condition)
    columns: dict[str, Any] = {"put": list(write.columns)}
    if write.delete_columns:
        columns["delete_all"] = list(write.delete_columns)
    return UpdateRowItem(Row(key, columns), condition)


def send(client: OTSClient, requests: Sequence[BatchWriteRowRequest]) -> None:
    """Send the requests one after the other."""
    for request in requests:
        client.batch_write_row(request)

"""SDK clients of an emulator, and short forms of tables, rows, batches and expected errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from tablestore import (
    BatchWriteRowRequest,
    CapacityUnit,
    Condition,
    OTSClient,
    OTSServiceError,
    PutRowItem,
    ReservedThroughput,
    Row,
    TableInBatchWriteRowItem,
    TableMeta,
    TableOptions,
)
from tablestore.retry import NoRetryPolicy

from ots_local.tablestore import TableStore


def client_of(store: TableStore, native: bool = True, **options: Any) -> OTSClient:
    """Return an SDK client of an emulator, without retries and without a change of codec."""
    return OTSClient(
        store.endpoint,
        options.pop("access_key_id", store.access_key_id),
        options.pop("access_key_secret", store.access_key_secret),
        options.pop("instance", store.instance),
        enable_native=native,
        native_fallback=False,
        retry_policy=NoRetryPolicy(),
        **options,
    )


def make_table(
    client: OTSClient,
    name: str = "t",
    key: Sequence[tuple[Any, ...]] = (("id", "STRING"),),
    **options: Any,
) -> str:
    """Create a table; `options` are those of TableOptions."""
    client.create_table(
        TableMeta(name, list(key)),
        TableOptions(**options),
        ReservedThroughput(CapacityUnit(0, 0)),
    )
    return name


def put(client: OTSClient, key: str, columns: Sequence[tuple[Any, ...]] = (("a", 1),)) -> None:
    """Put a row into table "t", whose key column is "id"."""
    client.put_row("t", Row([("id", key)], list(columns)), Condition("IGNORE"))


def get(client: OTSClient, key: str, **options: Any) -> dict[str, Any] | None:
    """Return the newest value of each column of a row of table "t"; None without a row."""
    _, row, _ = client.get_row("t", [("id", key)], **options)
    if row is None:
        return None
    found: dict[str, Any] = {}
    for name, value, _ in row.attribute_columns:
        found.setdefault(name, bytes(value) if isinstance(value, bytearray) else value)
    return found


def put_item(key: str, columns: Sequence[tuple[Any, ...]] = (("a", 1),)) -> PutRowItem:
    """Return one put of a batch, for a table whose key column is "id"."""
    return PutRowItem(Row([("id", key)], list(columns)), Condition("IGNORE"))


def batch(*items: Any, table: str = "t") -> BatchWriteRowRequest:
    """Return a BatchWriteRow request for one table."""
    request = BatchWriteRowRequest()
    request.add(TableInBatchWriteRowItem(table, list(items)))
    return request


@contextmanager
def raises(code: str, message: str, status: int = 400) -> Iterator[None]:
    """Expect exactly this service error."""
    with pytest.raises(OTSServiceError) as caught:
        yield
    found = caught.value
    assert (found.code, found.message, found.http_status) == (code, message, status)


def error_of(call: Callable[[], object]) -> tuple[str, str, int]:
    """Return code, message and status of the service error that a call raises."""
    with pytest.raises(OTSServiceError) as caught:
        call()
    return caught.value.code, caught.value.message, caught.value.http_status

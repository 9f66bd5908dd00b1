"""Read rows of the target table, describe and create it, and probe what an access key may do.

All functions take an SDK client and raise TableStoreError. The row reads are retried.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/getrange
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import urllib3
from google.protobuf.message import DecodeError
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    BatchWriteRowRequest,
    CapacityUnit,
    Condition,
    OTSClient,
    OTSClientError,
    OTSServiceError,
    ReservedThroughput,
    Row,
    RowExistenceExpectation,
    TableInBatchGetRowItem,
    TableInBatchWriteRowItem,
    TableMeta,
    TableOptions,
    UpdateRowItem,
)

from ots_sync.errors import TableStoreError, printable
from ots_sync.model import PrimaryKey
from ots_sync.retry import backoff_s, classify
from ots_tools.compare.digests import Columns

ROWS_PER_BATCH_GET = 100
"""The most rows of a BatchGetRow."""
ROWS_PER_PAGE = 1_000
"""Rows per GetRange. The service allows 5,000, but they would take more memory."""
READ_ATTEMPTS = 10

INTEGER, STRING, BINARY = "INTEGER", "STRING", "BINARY"
KEY_TYPES = {"S": STRING, "N": INTEGER, "B": BINARY}
"""DynamoDB's type of a key attribute -> Table Store's type of a key column."""

KeySchema = Mapping[str, str]
"""Key columns in the table's order, each with its type."""

_MESSAGE_CHARACTERS = 300

T = TypeVar("T")


class TargetRow(NamedTuple):
    """A row of the target."""

    primary_key: list[tuple[str, Any]]
    columns: Columns


class RowPage(NamedTuple):
    """Rows in key order, the key of the next page (None at the end), and consumed read units."""

    rows: list[TargetRow]
    next_key: Any
    read_units: float


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table as Table Store describes it; it generates the values of the `generated` key columns.

    `time_to_live_s` is -1 if cells never expire.
    """

    key: KeySchema
    generated: tuple[str, ...]
    time_to_live_s: int
    max_versions: int
    allow_update: bool


def start_key(key_list: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the key before the first row."""
    return [(name, INF_MIN) for name in key_list]


def read_page(
    client: OTSClient, table: str, key_list: Sequence[str], start: Any, limit: int = ROWS_PER_PAGE
) -> RowPage:
    """Read the rows from a key on: at most `limit` of them, or 4 MB."""
    end = [(name, INF_MAX) for name in key_list]
    consumed, next_key, rows, _ = with_retries(
        lambda: client.get_range(table, "FORWARD", start, end, limit=limit, max_version=1)
    )
    return RowPage([_row(row) for row in rows], next_key, float(consumed.read))


def read_rows(client: OTSClient, table: str, keys: Sequence[PrimaryKey]) -> list[TargetRow | None]:
    """Read the row of each key, by position; None where there is no row."""
    found: list[TargetRow | None] = []
    for start in range(0, len(keys), ROWS_PER_BATCH_GET):
        batch = [list(key) for key in keys[start : start + ROWS_PER_BATCH_GET]]
        found += with_retries(lambda batch=batch: _read_batch(client, table, batch))  # type: ignore[misc]
    return found


def _read_batch(
    client: OTSClient, table: str, keys: list[list[tuple[str, Any]]]
) -> list[TargetRow | None]:
    request = BatchGetRowRequest()
    request.add(TableInBatchGetRowItem(table, keys, max_version=1))
    found: list[TargetRow | None] = []
    for item in client.batch_get_row(request).get_result_by_table(table):
        if not item.is_ok:
            raise TableStoreError(item.error_code or "NoErrorCode", item.error_message or "")
        found.append(_row(item.row) if item.row is not None else None)
    return found


def _row(row: Any) -> TargetRow:
    return TargetRow(row.primary_key, {name: value for name, value, _ in row.attribute_columns})


def with_retries(read: Callable[[], T]) -> T:
    """Call `read` until it succeeds or READ_ATTEMPTS have failed; return its result."""
    for attempt in range(1, READ_ATTEMPTS + 1):
        try:
            with map_sdk_errors():
                return read()
        except TableStoreError as error:
            if attempt == READ_ATTEMPTS or classify(error.code).action != "retry":
                raise
        time.sleep(backoff_s(attempt, random.uniform))
    raise AssertionError("unreachable")


def describe_table(client: OTSClient, table: str) -> TableDefinition:
    """Return the table's definition; requires ots:DescribeTable."""
    with map_sdk_errors():
        found = client.describe_table(table)
    columns = found.table_meta.schema_of_primary_key
    options = found.table_options
    return TableDefinition(
        key={column[0]: column[1] for column in columns},
        generated=tuple(column[0] for column in columns if len(column) > 2),
        time_to_live_s=options.time_to_live,
        max_versions=options.max_version,
        allow_update=options.allow_update is not False,
    )


def create_table(client: OTSClient, table: str, key: KeySchema) -> None:
    """Create a table with this key that keeps one version of each cell and never expires it."""
    options = TableOptions(time_to_live=-1, max_version=1)
    with map_sdk_errors():
        client.create_table(
            TableMeta(table, list(key.items())), options, ReservedThroughput(CapacityUnit(0, 0))
        )


def probe_write(client: OTSClient, table: str, key: KeySchema) -> TableStoreError | None:
    """Return the error of a write that cannot change anything; requires ots:BatchWriteRow.

    The write deletes a random column of a random row if the row exists, so that
    OTSConditionCheckFail shows that everything else is right. None means that it was executed.
    """
    row = Row(_random_key(key), {"delete_all": [f"x{secrets.token_hex(16)}"]})
    request = BatchWriteRowRequest()
    if_exists = Condition(RowExistenceExpectation.EXPECT_EXIST)
    request.add(TableInBatchWriteRowItem(table, [UpdateRowItem(row, if_exists)]))
    try:
        with map_sdk_errors():
            (result,) = client.batch_write_row(request).get_update_by_table(table)
    except TableStoreError as error:
        return error
    return (
        None if result.is_ok else TableStoreError(result.error_code, _message(result.error_message))
    )


def probe_reads(
    client: OTSClient, table: str, key: KeySchema
) -> Iterator[tuple[str, TableStoreError | None]]:
    """Yield each read action and the service's error for it, None if it is allowed."""
    actions: Mapping[str, Callable[[], object]] = {
        "DescribeTable": lambda: client.describe_table(table),
        "ListTable": client.list_table,
        "GetRow": lambda: client.get_row(table, _random_key(key), max_version=1),
    }
    for action, read in actions.items():
        try:
            with map_sdk_errors():
                read()
        except TableStoreError as error:
            yield action, error
        else:
            yield action, None


def _random_key(key: KeySchema) -> list[tuple[str, Any]]:
    """Return a key that no row has."""
    text = secrets.token_hex(16)
    values: dict[str, Any] = {
        STRING: text,
        INTEGER: -secrets.randbits(62) - 1,
        BINARY: bytearray(text.encode()),
    }
    return [(name, values[kind]) for name, kind in key.items()]


@contextmanager
def map_sdk_errors() -> Iterator[None]:
    """Raise errors of the SDK and the network as TableStoreError, without data of the request."""
    try:
        yield
    except OTSServiceError as error:
        message = _message(error.get_error_message()) or f"HTTP status {error.get_http_status()}"
        raise TableStoreError(error.get_error_code() or "NoErrorCode", message) from None
    except OTSClientError as error:
        status = error.get_http_status()
        message = f"HTTP status {status}" if status else "the response is not Table Store's"
        raise TableStoreError("ResponseNotTrusted", message) from None
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        raise TableStoreError("ConnectFailed", type(error).__name__) from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TableStoreError("ConnectionBroken", type(error).__name__) from None
    except (DecodeError, LookupError, ValueError) as error:
        raise TableStoreError("ResponseUnreadable", type(error).__name__) from None


def _message(message: object) -> str:
    return printable(message or "", _MESSAGE_CHARACTERS)

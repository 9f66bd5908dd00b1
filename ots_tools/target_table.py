"""The target table as a whole: its definition, a new one, and what an access key may do with it.

Refuses by TableStoreError, with the service's own code and words, or the network's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3
from google.protobuf.message import DecodeError
from tablestore import (
    BatchWriteRowRequest,
    CapacityUnit,
    Condition,
    OTSClient,
    OTSClientError,
    OTSServiceError,
    ReservedThroughput,
    Row,
    RowExistenceExpectation,
    TableInBatchWriteRowItem,
    TableMeta,
    TableOptions,
    UpdateRowItem,
)

from ots_sync.errors import TableStoreError

Key = Mapping[str, str]
"""Key columns in the table's order, each with its type."""

INTEGER, STRING, BINARY = "INTEGER", "STRING", "BINARY"
KEY_TYPES = {"S": STRING, "N": INTEGER, "B": BINARY}
"""DynamoDB's type of a key attribute -> Table Store's of a key column."""

_SAID = 300


@dataclass(frozen=True, slots=True)
class Definition:
    """What Table Store tells of a table. `generated`: key columns whose value it makes itself."""

    key: Key
    generated: tuple[str, ...]
    time_to_live_s: int
    max_versions: int
    allow_update: bool


def describe(client: OTSClient, table: str) -> Definition:
    """The table's definition; takes ots:DescribeTable."""
    with _told():
        found = client.describe_table(table)
    columns = found.table_meta.schema_of_primary_key
    options = found.table_options
    return Definition(
        key={column[0]: column[1] for column in columns},
        generated=tuple(column[0] for column in columns if len(column) > 2),
        time_to_live_s=options.time_to_live,
        max_versions=options.max_version,
        allow_update=options.allow_update is not False,
    )


def create(client: OTSClient, table: str, key: Key) -> None:
    """Makes a table of this key that keeps one version of each cell for ever."""
    options = TableOptions(time_to_live=-1, max_version=1)
    with _told():
        client.create_table(
            TableMeta(table, list(key.items())), options, ReservedThroughput(CapacityUnit(0, 0))
        )


def ask_to_write(client: OTSClient, table: str, key: Key) -> TableStoreError | None:
    """What the service says to a write that cannot change anything; takes ots:BatchWriteRow.

    A made-up row has to exist already, and would lose a column that nobody has: a refusal with
    OTSConditionCheckFail shows that all else was right. None when it was carried out.
    """
    row = Row(_made_up(key), {"delete_all": [f"x{secrets.token_hex(16)}"]})
    request = BatchWriteRowRequest()
    only_if_there = Condition(RowExistenceExpectation.EXPECT_EXIST)
    request.add(TableInBatchWriteRowItem(table, [UpdateRowItem(row, only_if_there)]))
    try:
        with _told():
            (answer,) = client.batch_write_row(request).get_update_by_table(table)
    except TableStoreError as error:
        return error
    return (
        None if answer.is_ok else TableStoreError(answer.error_code, _plain(answer.error_message))
    )


def reads(client: OTSClient, table: str, key: Key) -> Iterator[tuple[str, TableStoreError | None]]:
    """What the service says to each kind of reading, None where it is allowed; nothing is kept."""
    asked: Mapping[str, Callable[[], object]] = {
        "DescribeTable": lambda: client.describe_table(table),
        "ListTable": client.list_table,
        "GetRow": lambda: client.get_row(table, _made_up(key), max_version=1),
    }
    for action, ask in asked.items():
        try:
            with _told():
                ask()
        except TableStoreError as error:
            yield action, error
        else:
            yield action, None


def _made_up(key: Key) -> list[tuple[str, Any]]:
    """A key that no row has."""
    nonce = secrets.token_hex(16)
    values: dict[str, Any] = {
        STRING: nonce,
        INTEGER: -secrets.randbits(62) - 1,
        BINARY: bytearray(nonce.encode()),
    }
    return [(name, values[kind]) for name, kind in key.items()]


@contextmanager
def _told() -> Iterator[None]:
    """Raise exceptions of the SDK and the network as TableStoreError, without request data."""
    try:
        yield
    except OTSServiceError as error:
        words = _plain(error.get_error_message()) or f"HTTP status {error.get_http_status()}"
        raise TableStoreError(error.get_error_code() or "NoErrorCode", words) from None
    except OTSClientError as error:
        status = error.get_http_status()
        words = f"HTTP status {status}" if status else "its answer cannot be read or trusted"
        raise TableStoreError("AnswerNotTrusted", words) from None
    except (urllib3.exceptions.HTTPError, OSError, DecodeError, LookupError, ValueError) as error:
        raise TableStoreError("ConnectFailed", type(error.__cause__ or error).__name__) from None


def _plain(message: object) -> str:
    """The service's words so that they can neither forge a line nor flood it."""
    return ascii(str(message or ""))[1:-1][:_SAID]

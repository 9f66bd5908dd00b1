"""Keys or a place in the target table go in, rows come out: GetRange and BatchGetRow, tried again.

Uses the client of the handler module. Raises TableStoreError when every attempt failed.
https://www.alibabacloud.com/help/en/tablestore/developer-reference/getrange
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import urllib3
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    OTSClientError,
    OTSServiceError,
    TableInBatchGetRowItem,
)

from ots_sync import retry
from ots_sync.errors import TableStoreError
from ots_sync.model import PrimaryKey
from ots_sync.retry import backoff_s
from ots_tools.digests import Columns

ROWS_PER_READ = 100
"""Of a BatchGetRow."""
ROWS_PER_PAGE = 1_000
"""Of a GetRange, which would give 5,000: what is in memory at once matters more."""
TRIES = 10

T = TypeVar("T")


class FoundRow(NamedTuple):
    """A row as it stands."""

    primary_key: list[tuple[str, Any]]
    columns: Columns


class RowPage(NamedTuple):
    """Some rows in key order, where to go on (None: the end), and the read units they took."""

    rows: list[FoundRow]
    following: Any
    read_units: float


def first_key(key_list: Sequence[str]) -> list[tuple[str, Any]]:
    """Where the table begins."""
    return [(name, INF_MIN) for name in key_list]


def page(
    client: Any, table: str, key_list: Sequence[str], start: Any, limit: int = ROWS_PER_PAGE
) -> RowPage:
    """The rows from a key on: up to `limit` or 4 MB."""
    end = [(name, INF_MAX) for name in key_list]
    consumed, following, rows, _ = tried(
        lambda: client.get_range(table, "FORWARD", start, end, limit=limit, max_version=1)
    )
    return RowPage([_row(row) for row in rows], following, float(consumed.read))


def rows_of(client: Any, table: str, keys: Sequence[PrimaryKey]) -> list[FoundRow | None]:
    """The row of each key, by position; None where there is none."""
    found: list[FoundRow | None] = []
    for start in range(0, len(keys), ROWS_PER_READ):
        some = [list(key) for key in keys[start : start + ROWS_PER_READ]]
        found += tried(lambda some=some: _batch(client, table, some))  # type: ignore[misc]
    return found


def _batch(client: Any, table: str, keys: list[list[tuple[str, Any]]]) -> list[FoundRow | None]:
    request = BatchGetRowRequest()
    request.add(TableInBatchGetRowItem(table, keys, max_version=1))
    found: list[FoundRow | None] = []
    for item in client.batch_get_row(request).get_result_by_table(table):
        if not item.is_ok:
            raise TableStoreError(item.error_code or "NoErrorCode", item.error_message or "")
        found.append(_row(item.row) if item.row is not None else None)
    return found


def _row(row: Any) -> FoundRow:
    return FoundRow(row.primary_key, {name: value for name, value, _ in row.attribute_columns})


def tried(read: Callable[[], T]) -> T:
    """What a read returns, after as many tries as it takes, up to some."""
    for number in range(1, TRIES + 1):
        try:
            return _told(read)
        except TableStoreError as error:
            if number == TRIES or retry.classify(error.code).action != "retry":
                raise
        time.sleep(backoff_s(number, random.uniform))
    raise AssertionError("unreachable")


def _told(read: Callable[[], T]) -> T:
    try:
        return read()
    except OTSServiceError as error:
        raise TableStoreError(
            error.get_error_code() or "NoErrorCode", error.get_error_message() or ""
        ) from None
    except OTSClientError:
        raise TableStoreError("ResponseNotTrusted", "the answer is not Table Store's") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TableStoreError("ConnectionBroken", type(error).__name__) from None

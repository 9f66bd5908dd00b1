"""A table of Table Store through the official SDK: made for a key, and read a row at a time.

A client, a table's name and a primary key go in; a row comes out, or None where there is none.
Raises UnreachableError, or SaidNoError with the service's own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import urllib3
from tablestore import (
    CapacityUnit,
    OTSClient,
    OTSClientError,
    OTSServiceError,
    ReservedThroughput,
    TableMeta,
    TableOptions,
)

Row = Mapping[str, Any]
"""Column name -> value, the key columns first; a binary is bytes."""

KEY_TYPES = {str: "STRING", int: "INTEGER", bytearray: "BINARY"}


class StoreTroubleError(Exception):
    """Table Store did not do what was asked."""


class SaidNoError(StoreTroubleError):
    """The service's own code and message, which hold no value."""


class OtherKeysError(StoreTroubleError):
    """A table of that name has another primary key."""


class UnreachableError(StoreTroubleError):
    """Nobody answered, or not as Table Store does."""


def create(client: OTSClient, table: str, keys: Mapping[str, type]) -> None:
    """Make the table, unless there is one of that name; `keys` in the table's order.

    Raises OtherKeysError when that one has others.
    """
    meta = TableMeta(table, [(name, KEY_TYPES[kind]) for name, kind in keys.items()])
    try:
        with _told():
            client.create_table(meta, TableOptions(), ReservedThroughput(CapacityUnit(0, 0)))
    except SaidNoError as error:
        if not str(error).startswith("OTSObjectAlreadyExist"):
            raise
        with _told():
            found = client.describe_table(table).table_meta.schema_of_primary_key
        there = [(name, kind) for name, kind, *_ in found]
        if there != meta.schema_of_primary_key:
            raise OtherKeysError(
                f"The table {table} is there already, with the primary key {_spelled(there)}, not "
                f"{_spelled(meta.schema_of_primary_key)}."
            ) from None


def read(client: OTSClient, table: str, primary_key: Any) -> Row | None:
    """The row of this key as it stands now."""
    with _told():
        _, row, _ = client.get_row(table, list(primary_key), max_version=1)
    if row is None:
        return None
    cells = [(name, value) for name, value, *_ in [*row.primary_key, *row.attribute_columns]]
    return {name: bytes(v) if isinstance(v, bytearray) else v for name, v in cells}


def _spelled(keys: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {kind.lower()}" for name, kind in keys)


@contextmanager
def _told() -> Iterator[None]:
    """The SDK's and the network's errors as ours."""
    try:
        yield
    except OTSServiceError as error:
        raise SaidNoError(f"{error.get_error_code()}: {error.get_error_message()}") from None
    except (OTSClientError, urllib3.exceptions.HTTPError, OSError) as error:
        reason = type(getattr(error, "reason", None) or error).__name__
        raise UnreachableError(f"No Table Store answers there ({reason}).") from None

"""Create a Table Store table for a key, and read single rows, with the official SDK."""

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
"""Column name -> value, the key columns first; a binary value is bytes."""

KEY_TYPES = {str: "STRING", int: "INTEGER", bytearray: "BINARY"}


class TargetTableError(Exception):
    """A request to Table Store failed."""


class ServiceError(TargetTableError):
    """Table Store rejected the request; the message has its code and message, and no value."""


class KeyMismatchError(TargetTableError):
    """A table with this name has another primary key."""


class UnreachableError(TargetTableError):
    """The endpoint does not respond, or is not a Table Store."""


def create_target_table(client: OTSClient, table: str, keys: Mapping[str, type]) -> None:
    """Create the table unless it exists; `keys` are in the order of the table's primary key.

    Raises KeyMismatchError if it exists with another primary key, ServiceError, and
    UnreachableError.
    """
    meta = TableMeta(table, [(name, KEY_TYPES[kind]) for name, kind in keys.items()])
    try:
        with _map_sdk_error():
            client.create_table(meta, TableOptions(), ReservedThroughput(CapacityUnit(0, 0)))
    except ServiceError as error:
        if not str(error).startswith("OTSObjectAlreadyExist"):
            raise
        with _map_sdk_error():
            schema = client.describe_table(table).table_meta.schema_of_primary_key
        existing = [(name, kind) for name, kind, *_ in schema]
        if existing != meta.schema_of_primary_key:
            raise KeyMismatchError(
                f"The table {table} exists with the primary key {_key_text(existing)}, not "
                f"{_key_text(meta.schema_of_primary_key)}."
            ) from None


def read_row(client: OTSClient, table: str, primary_key: Any) -> Row | None:
    """Return the current row with this key, or None; raises ServiceError or UnreachableError."""
    with _map_sdk_error():
        _, row, _ = client.get_row(table, list(primary_key), max_version=1)
    if row is None:
        return None
    columns = [(name, value) for name, value, *_ in [*row.primary_key, *row.attribute_columns]]
    return {name: bytes(v) if isinstance(v, bytearray) else v for name, v in columns}


def _key_text(keys: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {kind.lower()}" for name, kind in keys)


@contextmanager
def _map_sdk_error() -> Iterator[None]:
    """Raise errors of the SDK and of the network as errors of this module."""
    try:
        yield
    except OTSServiceError as error:
        raise ServiceError(f"{error.get_error_code()}: {error.get_error_message()}") from None
    except (OTSClientError, urllib3.exceptions.HTTPError, OSError) as error:
        reason = type(getattr(error, "reason", None) or error).__name__
        raise UnreachableError(
            f"Table Store does not respond at the configured endpoint ({reason})."
        ) from None

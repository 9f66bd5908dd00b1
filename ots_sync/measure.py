"""Keys and columns go in, the bytes that Table Store counts for them come out.

Refuses what Table Store has no type for, or cannot hold; all that the door's functions return
passes here. https://www.alibabacloud.com/help/en/tablestore/product-overview/limits-on-wide-column-model
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ots_sync.converter import ColumnValue
from ots_sync.errors import RefusedError
from ots_sync.limits import (
    BOOLEAN_BYTES,
    COLUMN_VALUE_BYTES,
    INTEGER_MAX,
    INTEGER_MIN,
    KEY_VALUE_BYTES,
    NUMBER_BYTES,
)

Column = tuple[str, ColumnValue]
PrimaryKey = Sequence[tuple[str, str | int | bytearray]]


def key_bytes(primary_key: PrimaryKey) -> int:
    """The counted bytes of a primary key; refuses one that Table Store cannot hold."""
    total = 0
    for name, value in primary_key:
        size = len(value) if type(value) is str and value.isascii() else value_bytes(value)
        if size > KEY_VALUE_BYTES:
            raise RefusedError("KeyLength", f"key column {name} is over {KEY_VALUE_BYTES} bytes")
        total += len(name) + size
    return total


def value_bytes(value: Any) -> int:
    """The counted bytes of a value; refuses what Table Store has no type for, or cannot hold."""
    kind = type(value)
    if kind is str:
        if value.isascii():
            return len(value)
        try:
            return len(value.encode())
        except UnicodeEncodeError:
            raise RefusedError("Text", "text with a lone surrogate is not valid UTF-8") from None
    if kind is int:
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return NUMBER_BYTES
        raise RefusedError("IntegerRange", "an integer is not within 64 bits")
    if kind is bytearray:
        return len(value)
    if kind is bool:
        return BOOLEAN_BYTES
    if kind is float:
        if isfinite(value):
            return NUMBER_BYTES
        raise RefusedError("DoubleRange", "a double is not a finite number")
    raise RefusedError(
        "ValueType", f"a {kind.__name__} is no column value: use str, int, float, bool or bytearray"
    )


def column_bytes(columns: Sequence[Column], key_list: Sequence[str]) -> int:
    """The bytes of names and values together; refuses a column that cannot be written."""
    names = [column[0] for column in columns]
    for key in key_list:
        if key in names:
            raise RefusedError("ColumnName", f"column {_named(key)} has the name of a key column")
    total = name_bytes("".join(names))
    for name, value in columns:
        try:
            size = len(value) if type(value) is str and value.isascii() else value_bytes(value)
        except RefusedError as error:
            raise RefusedError(error.code, f"column {_named(name)}: {error}") from None
        if size > COLUMN_VALUE_BYTES:
            raise RefusedError(
                "ColumnLength", f"column {_named(name)} is over {COLUMN_VALUE_BYTES} bytes"
            )
        total += size
    return total


def _named(name: str) -> str:
    """A name that can neither forge a line of the log nor flood it."""
    return ascii(name)[:64]


def name_bytes(name: str) -> int:
    """The counted bytes of a column's name, or of several strung together."""
    return len(name) if name.isascii() else len(name.encode())

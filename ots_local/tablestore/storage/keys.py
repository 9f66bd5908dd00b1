"""Encode primary keys as bytes that sort in the order of Table Store.

Integers sort by value, strings by their UTF-8 bytes, binaries by their bytes. INF_MIN sorts before
and INF_MAX after every value. A prefix of a value sorts before the value.
"""

from __future__ import annotations

from ots_local.tablestore.model import Cell
from ots_local.tablestore.storage.values import (
    BOOLEAN,
    INF_MAX,
    INF_MIN,
    INTEGER,
    decode_integer,
)

_LOW, _VALUE, _HIGH = b"\x00", b"\x01", b"\x02"
_SIGN = 1 << 63


def encode_key(key: tuple[Cell, ...]) -> bytes:
    """Encode a key, or a bound of a range, as sortable bytes."""
    return b"".join([_encode_column(cell.value or b"") for cell in key])


def _encode_column(value: bytes) -> bytes:
    kind = value[0]
    if kind == INTEGER:
        return _VALUE + (decode_integer(value) + _SIGN).to_bytes(8, "big")
    if kind == INF_MIN:
        return _LOW
    if kind == INF_MAX:
        return _HIGH
    if kind == BOOLEAN:
        return _VALUE + value[1:]
    # Escape zero bytes and end each column with two, so that "a" < "a\0" < "aa" in any column.
    return _VALUE + value[5:].replace(b"\0", b"\0\xff") + b"\0\0"

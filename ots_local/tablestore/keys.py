"""Primary keys as bytes whose order is the service's: key values to bytes; the order is SQLite's.

Integers go by value, strings by their UTF-8 bytes, binaries by their bytes; INF_MIN stands before
and INF_MAX after everything. A prefix sorts before what it begins.
"""

from __future__ import annotations

from ots_local.tablestore.rows import Cell
from ots_local.tablestore.values import BOOLEAN, INF_MAX, INF_MIN, INTEGER, integer

_LOW, _VALUE, _HIGH = b"\x00", b"\x01", b"\x02"
_SIGN = 1 << 63


def encode_key(values: tuple[Cell, ...]) -> bytes:
    """Make the sortable bytes of a key, or of a border of a range."""
    return b"".join([_column(cell.value or b"") for cell in values])


def _column(raw: bytes) -> bytes:
    kind = raw[0]
    if kind == INTEGER:
        return _VALUE + (integer(raw) + _SIGN).to_bytes(8, "big")
    if kind == INF_MIN:
        return _LOW
    if kind == INF_MAX:
        return _HIGH
    if kind == BOOLEAN:
        return _VALUE + raw[1:]
    # A zero byte is escaped and two end the column, so that "a" < "a\0" < "aa" in any position.
    return _VALUE + raw[5:].replace(b"\0", b"\0\xff") + b"\0\0"

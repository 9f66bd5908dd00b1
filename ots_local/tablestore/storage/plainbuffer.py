"""Encode and decode rows in PlainBuffer, the format of rows on the wire and in the storage.

Layout and checksums (CRC-8, polynomial 7):
https://www.alibabacloud.com/help/en/tablestore/developer-reference/plainbuffer
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache

from fastcrc import crc8

from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.model import Cell, Key
from ots_local.tablestore.storage.values import (
    AUTO_INCREMENT,
    BINARY,
    BOOLEAN,
    DOUBLE,
    INF_MAX,
    INF_MIN,
    INTEGER,
    STRING,
)

HEADER = b"\x75\0\0\0"
_KEY, _DATA, _CELL, _NAME, _VALUE, _OPERATION, _TIME, _DELETED, _ROW_SUM, _CELL_SUM = range(1, 11)
_FIXED = {INTEGER: 9, DOUBLE: 9, BOOLEAN: 2, INF_MIN: 1, INF_MAX: 1, AUTO_INCREMENT: 1}
_int32 = struct.Struct("<i")
_int64 = struct.Struct("<q")
_crc = crc8.smbus


def parse_row(data: bytes) -> tuple[Key, list[Cell], bool]:
    """Parse one row: its key, its cells, and whether it has the delete marker.

    Raises:
        ServiceError: OTSParameterInvalid, when the bytes are not exactly one row, or a checksum
            is wrong.
    """
    if data[:4] != HEADER:
        raise _broken_cell(f"mismatch header, actual: {data[:4].hex()}, expect: {HEADER.hex()}")
    key, cells, deleted, end = _parse_row(data, 4)
    # The official Node SDK appends zero bytes to the bounds of a range.
    if data[end:].strip(b"\0"):
        raise _broken_cell("has more data in cell, but they can't be parsed")
    return key, cells, deleted


def parse_stored_row(data: bytes) -> tuple[Key, list[Cell]]:
    """Parse a row that `encode_row` encoded, without verifying its checksums."""
    key, cells, _, _ = _parse_row(data, 0, check=False)
    return key, cells


def _parse_row(data: bytes, at: int, check: bool = True) -> tuple[Key, list[Cell], bool, int]:
    sums = bytearray()
    cells: list[Cell] = []
    deleted = False
    try:
        if data[at] != _KEY:
            raise _broken_cell(f"mismatch tag, actual tag({data[at]}), expect({_KEY})")
        key: list[Cell] = []
        at = _parse_cells(data, at + 1, key, sums, check)
        if data[at] == _DATA:
            at = _parse_cells(data, at + 1, cells, sums, check)
        if data[at] == _DELETED:
            deleted = True
            at += 1
        if data[at] != _ROW_SUM:
            raise _broken_cell("row is not end with checksum tag")
        sums.append(deleted)
        if check and data[at + 1] != (total := _crc(bytes(sums))):
            raise _broken_cell(f"checksum is mismatch, {data[at + 1]}:{total}")
    except (IndexError, struct.error):
        raise invalid_parameter("data format is invalid.") from None
    return tuple(key), cells, deleted, at + 2


def _parse_cells(data: bytes, at: int, result: list[Cell], sums: bytearray, check: bool) -> int:
    """Parse cells from an offset; return the offset after them.

    This is the innermost loop of every request.
    """
    int32, int64, crc, new, cell = _int32.unpack_from, _int64.unpack_from, _crc, tuple.__new__, Cell
    # Local names: global lookups would take a third of the time of this loop.
    name_tag, value_tag, end_tag, fixed, string = _NAME, _VALUE, _CELL_SUM, _FIXED, STRING
    add, add_sum = result.append, sums.append
    while data[at] == _CELL:
        if data[at + 1] != name_tag:
            raise _broken_cell(f"mismatch tag, actual tag({data[at + 1]}), expect({_NAME})")
        start = at + 6
        at = start + int32(data, at + 2)[0]
        if at < start:
            raise invalid_parameter("data format is invalid.")
        name = data[start:at]
        value = operation = timestamp = None
        total = crc(name) if check else 0
        tag = data[at]
        if tag == value_tag:
            start = at + 5
            length = int32(data, at + 1)[0]
            at = start + length
            value = data[start:at]
            if check:
                kind = data[start]
                expected = 5 + int32(data, start + 1)[0] if kind == string else fixed.get(kind)
                if length != expected or length != len(value):
                    _check_value(value, length)
                total = crc(value, total)
            tag = data[at]
        if tag != end_tag:
            if tag == _OPERATION:
                operation = data[at + 1]
                at += 2
                tag = data[at]
            if tag == _TIME:
                timestamp = int64(data, at + 1)[0]
                total = crc(data[at + 1 : at + 9], total)
                at += 9
                tag = data[at]
            if operation is not None:
                total = crc(bytes((operation,)), total)
            if tag != end_tag:
                raise _broken_cell("cell is not end with checksum[0x0A] tag")
        given = data[at + 1]
        if check and given != total:
            raise _broken_cell(f"checksum is mismatch, {given}:{total}")
        add_sum(given)
        add(new(cell, (name, value, timestamp, operation)))
        at += 2
    return at


def _check_value(value: bytes, length: int) -> None:
    """Raise an error if the length of a value does not fit its type."""
    if len(value) != length or not length:
        raise invalid_parameter("data format is invalid.")
    kind = value[0]
    if kind in (STRING, BINARY):
        if length != 5 + _int32.unpack_from(value, 1)[0]:
            raise _broken_cell(f"wrong string format, size: {length}")
    elif kind == BOOLEAN:
        raise invalid_parameter(f"Invalid boolean real value, value length: {length - 1}.")
    elif kind in _FIXED:
        raise invalid_parameter("data format is invalid.")
    else:
        raise invalid_parameter("data format is invalid, unknown variant type occured.")


def check_encoded_value(value: bytes) -> None:
    """Raise an error if bytes are not exactly one encoded value, as in a filter."""
    if not value or len(value) != _FIXED.get(value[0]):
        try:
            _check_value(value, len(value))
        except struct.error:
            raise invalid_parameter("data format is invalid.") from None


@lru_cache(maxsize=8192)
def _cell_prefix(name: bytes) -> tuple[bytes, int]:
    """Return the first bytes of a cell and the checksum of its name."""
    return b"\x03\x04" + _int32.pack(len(name)) + name + b"\x05", _crc(name)


def encode_cells(cells: Iterable[Cell], sums: bytearray, now: int | None = None) -> bytes:
    """Encode cells that have a value and append their checksums to `sums`.

    `now` (milliseconds) is the default timestamp; None leaves out missing timestamps.
    """
    parts: list[bytes] = []
    int32, crc, prefix_of, add = _int32.pack, _crc, _cell_prefix, parts.append
    default = b"" if now is None else _int64.pack(now)
    for name, value, timestamp, _ in cells:
        assert value is not None
        prefix, total = prefix_of(name)
        total = crc(value, total)
        stamp = default if timestamp is None else _int64.pack(timestamp)
        if stamp:
            total = crc(stamp, total)
            add(b"%b%b%b\x07%b\x0a%c" % (prefix, int32(len(value)), value, stamp, total))
        else:
            add(b"%b%b%b\x0a%c" % (prefix, int32(len(value)), value, total))
        sums.append(total)
    return b"".join(parts)


def encode_row(key: Iterable[Cell], cells: Iterable[Cell] = (), now: int | None = None) -> bytes:
    """Encode a row without the header, as in a list of rows and in the storage.

    `now` (milliseconds) is the default timestamp; None leaves out missing timestamps.
    """
    sums = bytearray()
    key_data = encode_cells(key, sums)
    data = encode_cells(cells, sums, now)
    sums.append(0)
    attributes = b"\x02" + data if data else b""
    return b"\x01" + key_data + attributes + bytes((_ROW_SUM, _crc(bytes(sums))))


def _broken_cell(what: str) -> ServiceError:
    return invalid_parameter(f"Cell data broken, {what}.")

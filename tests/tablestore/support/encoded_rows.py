"""Build rows, cells and keys as bytes, also such as no SDK would send; checksums are valid."""

from __future__ import annotations

import struct

from ots_local.tablestore.model import Cell
from ots_local.tablestore.storage import plainbuffer, values
from ots_local.tablestore.storage.keys import encode_key


def cell(name: bytes = b"a", value: bytes | None = values.encode(1), more: bytes = b"") -> bytes:
    """Return a cell with its checksum; `more` is inserted between value and checksum."""
    body = b"\x03\x04" + struct.pack("<i", len(name)) + name
    total = plainbuffer._crc(name)
    if value is not None:
        body += b"\x05" + struct.pack("<i", len(value)) + value
        total = plainbuffer._crc(value, total)
    operation, stamp = b"", b""
    if more[:1] == b"\x06":
        operation, stamp = more[1:2], more[3:]
    elif more[:1] == b"\x07":
        stamp = more[1:]
    total = plainbuffer._crc(operation, plainbuffer._crc(stamp, total))
    return body + more + bytes([0x0A, total])


def row(key: bytes, data: bytes = b"", marker: bytes = b"") -> bytes:
    """Return a row with its checksum."""
    sums = bytes(
        part[-1] for part in [*_cells(key), *_cells(data.removeprefix(b"\x02"))] if part
    ) + (b"\1" if marker else b"\0")
    total = plainbuffer._crc(sums)
    return plainbuffer.HEADER + b"\x01" + key + data + marker + bytes([0x09, total])


def _cells(data: bytes) -> list[bytes]:
    """Split consecutive cells; cells of this module do not contain the tag bytes."""
    return [b"\x03\x04" + part for part in data.split(b"\x03\x04")[1:]]


def sortable_key(*key: values.Scalar) -> bytes:
    """Encode the values of a key as sortable bytes."""
    return encode_key(tuple(Cell(b"k", values.encode(value)) for value in key))


KEY = cell(b"id", values.encode("k"))
DATA = b"\x02" + cell()
STAMP = b"\x07" + struct.pack("<q", 1)

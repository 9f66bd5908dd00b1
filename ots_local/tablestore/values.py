"""One value as it travels: Python value to type byte and payload, and back; refuses other types.

A value is kept as its bytes everywhere in this package, so that most rows pass through without
being read. Layout: one type byte, then 8 bytes of an integer or a double (little-endian), one byte
of a boolean, or a 4-byte length and the bytes of a string or a binary.
"""

from __future__ import annotations

import struct
from typing import Final

INTEGER: Final = 0
DOUBLE: Final = 1
BOOLEAN: Final = 2
STRING: Final = 3
BINARY: Final = 7
INF_MIN: Final = 9
INF_MAX: Final = 10
AUTO_INCREMENT: Final = 11

# The names that the service's messages use.
TYPE_NAMES: Final = {
    INTEGER: "VT_INTEGER",
    DOUBLE: "VT_DOUBLE",
    BOOLEAN: "VT_BOOLEAN",
    STRING: "VT_STRING",
    BINARY: "VT_BLOB",
    INF_MIN: "VT_INF_MIN",
    INF_MAX: "VT_INF_MAX",
    AUTO_INCREMENT: "VT_AUTO_INCREMENT",
}
# Bytes of a value that are not counted as data: the type byte and, where there is one, the length.
FRAME: Final = {
    INTEGER: 1,
    DOUBLE: 1,
    BOOLEAN: 1,
    STRING: 5,
    BINARY: 5,
    INF_MIN: 1,
    INF_MAX: 1,
    AUTO_INCREMENT: 1,
}
Scalar = int | float | bool | str | bytes

_INT = struct.Struct("<bq")
_DOUBLE = struct.Struct("<bd")
_LENGTH = struct.Struct("<bi")


def encode_integer(value: int) -> bytes:
    """Make the bytes of a signed 64-bit integer."""
    return _INT.pack(INTEGER, value)


def integer(raw: bytes) -> int:
    """Read the bytes of an integer."""
    return int(_INT.unpack(raw)[1])


def decode(raw: bytes) -> Scalar:
    """Read any value's bytes; a binary comes back as bytes, a string as str."""
    kind = raw[0]
    if kind == INTEGER:
        return integer(raw)
    if kind == DOUBLE:
        return float(_DOUBLE.unpack(raw)[1])
    if kind == BOOLEAN:
        return raw[1] != 0
    if kind == STRING:
        return raw[5:].decode("utf-8")
    if kind == BINARY:
        return raw[5:]
    raise ValueError(f"{TYPE_NAMES.get(kind, kind)} has no value")


def encode(value: Scalar) -> bytes:
    """Make a value's bytes: int, float, bool, str, or bytes for a binary."""
    if isinstance(value, bool):
        return bytes((BOOLEAN, value))
    if isinstance(value, int):
        return encode_integer(value)
    if isinstance(value, float):
        return _DOUBLE.pack(DOUBLE, value)
    if isinstance(value, str):
        text = value.encode("utf-8")
        return _LENGTH.pack(STRING, len(text)) + text
    return _LENGTH.pack(BINARY, len(value)) + value


def size(raw: bytes) -> int:
    """Count a value's bytes as the service counts data: 8, 1, or the length."""
    return len(raw) - FRAME[raw[0]]

"""Encode and decode single values.

The emulator passes values around in encoded form, so that it does not decode most rows at all.
Layout: one type byte; then 8 bytes of an integer or a double (little-endian), one byte of a
boolean, or a 4-byte length and the bytes of a string or a binary.
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

# The names of the types in the error messages of the service.
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
# Bytes of an encoded value that do not count as data: the type byte and, where present, the length.
OVERHEAD: Final = {
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
    """Encode a signed 64-bit integer."""
    return _INT.pack(INTEGER, value)


def decode_integer(encoded: bytes) -> int:
    """Decode an integer."""
    return int(_INT.unpack(encoded)[1])


def decode(encoded: bytes) -> Scalar:
    """Decode a value; a binary becomes bytes, a string becomes str.

    Raises:
        ValueError: the type is INF_MIN, INF_MAX, AUTO_INCREMENT or unknown.
    """
    kind = encoded[0]
    if kind == INTEGER:
        return decode_integer(encoded)
    if kind == DOUBLE:
        return float(_DOUBLE.unpack(encoded)[1])
    if kind == BOOLEAN:
        return encoded[1] != 0
    if kind == STRING:
        return encoded[5:].decode("utf-8")
    if kind == BINARY:
        return encoded[5:]
    raise ValueError(f"{TYPE_NAMES.get(kind, kind)} has no value")


def encode(value: Scalar) -> bytes:
    """Encode a value: int, float, bool, str, or bytes for a binary."""
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

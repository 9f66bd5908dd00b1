"""What a column may be: name and value in, counted size out; refuses what breaks a limit."""

from __future__ import annotations

import math
import re
import struct
from functools import lru_cache

from ots_local.tablestore import limits
from ots_local.tablestore.errors import invalid
from ots_local.tablestore.values import BINARY, BOOLEAN, DOUBLE, FRAME, INTEGER, STRING, TYPE_NAMES

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,254}")
_ATTRIBUTE_TYPES = (INTEGER, DOUBLE, BOOLEAN, STRING, BINARY)


@lru_cache(maxsize=8192)
def check_column_name(name: bytes, lenient: bool) -> None:
    """Refuse a column name that the service does not take."""
    if not name:
        raise invalid("invalid name of column: empty name.")
    good = (
        len(name) <= limits.NAME_BYTES and not name.startswith(b"#") and is_utf8(name)
        if lenient
        else _NAME.fullmatch(name) is not None
    )
    if not good:
        raise invalid(f"Invalid column name: '{text(name)}'.")


def check_value(name: bytes, value: bytes) -> int:
    """Refuse a value that no attribute can have; returns its bytes as they are counted."""
    kind = value[0]
    if kind == INTEGER:
        return 8
    length = len(value) - FRAME[kind]
    if kind in (STRING, BINARY):
        if length > limits.VALUE_BYTES:
            check_length("attribute", name, length, limits.VALUE_BYTES)
        if kind == STRING and not value.isascii():
            check_utf8(name, value)
    elif kind == DOUBLE:
        number = struct.unpack_from("<d", value, 1)[0]
        if math.isnan(number):
            raise invalid("NaN can't be set to double value.")
        if math.isinf(number):
            raise invalid("Infinity can't be set to double value.")
    elif kind not in _ATTRIBUTE_TYPES:
        raise invalid(f"{TYPE_NAMES[kind]} is an invalid type for the attribute column.")
    return length


def check_length(kind: str, name: bytes, length: int, limit: int) -> None:
    """Refuse a string or binary that is too long; `kind` is how messages call the column."""
    if length > limit:
        raise invalid(
            f"The length of {kind} column: '{text(name)}' exceeds the MaxLength:{limit} "
            f"with CurrentLength:{length}."
        )


def check_utf8(name: bytes, value: bytes) -> None:
    """Refuse a string that is none."""
    if not is_utf8(value[5:]):
        raise invalid(f"Value of column {text(name)} must be UTF8 encoding.")


def is_utf8(found: bytes) -> bool:
    """Tell whether bytes are text."""
    try:
        found.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def text(name: bytes) -> str:
    """Write a name as messages show it."""
    return name.decode("utf-8", "replace")

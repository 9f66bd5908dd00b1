"""Map attribute names to column names and back.

DynamoDB allows any UTF-8 text as a name. Table Store documents `[A-Za-z_][A-Za-z0-9_]*` up to 255
bytes: https://www.alibabacloud.com/help/en/tablestore/product-overview/naming-conventions-and-data-types
The mode `escape` maps every name to a valid one, reversibly and without collisions: each maximal
run of invalid characters becomes `_0x<hex of its UTF-8>_`. A leading digit, and an underscore
before `0x`, count as invalid. The mode `verbatim` sends names unchanged.
"""

from __future__ import annotations

import re

from ots_sync.errors import RejectedError
from ots_sync.limits import COLUMN_NAME_BYTES

MODES = ("escape", "verbatim")

_VALID = re.compile(r"(?!.*_0x)[A-Za-z_][A-Za-z0-9_]*")
_INVALID_RUN = re.compile(r"(?:\A[0-9]|_(?=0x)|[^A-Za-z0-9_])(?:_(?=0x)|[^A-Za-z0-9_])*")
_ESCAPED_RUN = re.compile(r"_0x((?:[0-9a-f]{2})+)_")


def is_valid(name: str) -> bool:
    """Return whether the name is a valid column name that `escape` does not change."""
    return _VALID.fullmatch(name) is not None and len(name) <= COLUMN_NAME_BYTES


def to_column_name(attribute: str, mode: str) -> str:
    """Return the column name of an attribute; raises RejectedError if it is empty or too long."""
    try:
        if mode == "escape" and not _VALID.fullmatch(attribute):
            name = _INVALID_RUN.sub(lambda run: f"_0x{run[0].encode().hex()}_", attribute)
            size = len(name)
        else:
            name, size = attribute, len(attribute.encode())
    except UnicodeEncodeError:
        raise RejectedError("ColumnName", "an attribute's name is not valid UTF-8") from None
    if not 1 <= size <= COLUMN_NAME_BYTES:
        raise RejectedError(
            "ColumnName", f"the column name has {size} bytes; 1 to {COLUMN_NAME_BYTES} are valid"
        )
    return name


def to_attribute_name(column: str, mode: str) -> str:
    """Return the attribute name that `to_column_name` maps to this column."""
    if mode != "escape":
        return column
    return _ESCAPED_RUN.sub(lambda run: bytes.fromhex(run[1]).decode(), column)

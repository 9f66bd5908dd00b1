"""A DynamoDB attribute name goes in, a Table Store column name comes out, and back.

DynamoDB allows any UTF-8 text; Table Store documents `[A-Za-z_][A-Za-z0-9_]*` up to 255 bytes:
https://www.alibabacloud.com/help/en/tablestore/product-overview/naming-conventions-and-data-types
`escape` maps every name to such a one, reversibly and without collisions: each maximal run of
characters that do not fit becomes `_0x<hex of its UTF-8>_`. A leading digit, and an underscore
that stands before `0x`, count as not fitting. `verbatim` passes names on.
"""

from __future__ import annotations

import re

from ots_sync.errors import RefusedError
from ots_sync.limits import COLUMN_NAME_BYTES

MODES = ("escape", "verbatim")

_FITS = re.compile(r"(?!.*_0x)[A-Za-z_][A-Za-z0-9_]*")
_MISFIT = re.compile(r"(?:\A[0-9]|_(?=0x)|[^A-Za-z0-9_])(?:_(?=0x)|[^A-Za-z0-9_])*")
_ESCAPED = re.compile(r"_0x((?:[0-9a-f]{2})+)_")


def fits(name: str) -> bool:
    """Whether the name is a column name as it stands, and means itself when it is read back."""
    return _FITS.fullmatch(name) is not None and len(name) <= COLUMN_NAME_BYTES


def column_name(attribute: str, mode: str) -> str:
    """The column's name for an attribute's; refuses one that is empty or too long."""
    try:
        if mode == "escape" and not _FITS.fullmatch(attribute):
            name = _MISFIT.sub(lambda run: f"_0x{run[0].encode().hex()}_", attribute)
            size = len(name)
        else:
            name, size = attribute, len(attribute.encode())
    except UnicodeEncodeError:
        raise RefusedError("ColumnName", "an attribute's name is not valid UTF-8") from None
    if not 1 <= size <= COLUMN_NAME_BYTES:
        raise RefusedError("ColumnName", f"a column's name is not 1-{COLUMN_NAME_BYTES} bytes")
    return name


def attribute_name(column: str, mode: str) -> str:
    """The attribute's name that `column_name` made this column from."""
    if mode != "escape":
        return column
    return _ESCAPED.sub(lambda run: bytes.fromhex(run[1]).decode(), column)

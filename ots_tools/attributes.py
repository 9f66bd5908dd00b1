"""A column value and a DynamoDB type go in, the attribute value comes out that it was made from.

The way back of ring 1's converter, for keys that only the target names, and to prove that the way
there loses nothing. Binary comes back as bytes, as boto3 has it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from ots_sync import numeric
from ots_sync.model import ColumnValue


def to_attribute(column: ColumnValue, tag: str) -> dict[str, Any]:
    """The DynamoDB form of a column, given DynamoDB's type. Raises KeyError for an unknown one."""
    return {tag: _VALUES[tag](column)}


def _number(column: Any) -> str:
    return numeric.to_decimal_text(repr(column) if isinstance(column, float) else str(column))


def _document(column: Any) -> Any:
    """What was an L or M, read back from its JSON, with base64 turned into bytes again."""
    return _revived(json.loads(column))


def _binaries(column: Any) -> list[bytes]:
    return [b64decode(member) for member in json.loads(column)]


def _revived(document: Any) -> Any:
    if isinstance(document, list):
        return [_revived_tagged(element) for element in document]
    return {name: _revived_tagged(element) for name, element in document.items()}


def _revived_tagged(tagged: dict[str, Any]) -> dict[str, Any]:
    ((tag, value),) = tagged.items()
    if tag in ("L", "M"):
        return {tag: _revived(value)}
    if tag == "B":
        return {tag: b64decode(value)}
    if tag == "BS":
        return {tag: [b64decode(member) for member in value]}
    return {tag: value}


_VALUES: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "B": bytes,
    "BOOL": bool,
    "NULL": lambda _: True,
    "L": _document,
    "M": _document,
    "SS": json.loads,
    "NS": json.loads,
    "BS": _binaries,
}

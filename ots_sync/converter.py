"""A DynamoDB attribute value goes in, a Table Store column value comes out, and back by type.

Takes the wire form of both of DynamoDB's clients: base64 text (Lambda's events) and bytes (boto3)
for binary. Refuses what is not exactly representable; nothing is rounded. The table is at the foot.
Rules of the article, made exact: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/
HowItWorks.NamingRulesDataTypes.html for DynamoDB's types, README "Types" for ours.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from ots_sync import numerics
from ots_sync.errors import RefusedError
from ots_sync.limits import NESTING_LEVELS

Tagged = Mapping[str, Any]
"""One attribute value in DynamoDB's form: `{"S": "text"}`."""

ColumnValue = str | int | float | bool | bytearray
"""One column value in Table Store's form; bytearray is Binary (the SDK's own choice)."""


def to_column(tagged: Tagged, pin: str | None = None) -> ColumnValue:
    """The column value of one attribute; `pin` is the type that a number must take.

    Raises RefusedError for an unknown type, a malformed value, or a number that does not fit.
    """
    tag, value = _opened(tagged)
    if pin is not None and tag == "N":
        return numerics.pinned(value, pin)
    return TYPES[tag].to_column(value)


def to_key(tagged: Tagged) -> str | int | bytearray:
    """The value of a primary key column: S, B, or N when it is a 64-bit integer."""
    tag, value = _opened(tagged)
    if tag not in ("S", "N", "B"):
        raise RefusedError("KeyType", f"a key is of type {tag}; only S, N and B can be")
    key = TYPES[tag].to_column(value)
    if tag == "N" and type(key) is not int:
        raise RefusedError("KeyNumber", "a key number is not a 64-bit integer")
    assert not isinstance(key, float)
    return key


def to_attribute(column: ColumnValue, tag: str) -> dict[str, Any]:
    """The DynamoDB form (bytes for binary, as boto3 has it) of a column, given DynamoDB's type."""
    return {tag: TYPES[tag].to_attribute(column)}


def json_text(tagged: Tagged, depth: int = 1) -> str:
    """The one JSON spelling of a nested value: compact, sorted, numbers plain, text as it is."""
    tag, value = _opened(tagged)
    return TYPES[tag].json_text(value, depth)


def _opened(tagged: Tagged) -> tuple[str, Any]:
    """The type and the value of a tagged value, which has exactly one of the ten types."""
    try:
        (opened,) = tagged.items()
        if opened[0] in TYPES:
            return opened
    except (AttributeError, ValueError):  # no mapping, or not of one type
        pass
    raise RefusedError("UnknownType", "the value does not have exactly one known type tag")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RefusedError("MalformedValue", "an S is not text")


def _binary(value: Any) -> bytearray:
    if isinstance(value, str):
        try:
            return bytearray(b64decode(value, validate=True))
        except ValueError:
            raise RefusedError("MalformedValue", "a B is not base64") from None
    if isinstance(value, (bytes, bytearray)):
        return bytearray(value)
    raise RefusedError("MalformedValue", "a B is neither base64 text nor bytes")


def _boolean(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise RefusedError("MalformedValue", "a BOOL is neither true nor false")


def _null(value: Any) -> str:
    if value is True:
        return ""
    raise RefusedError("MalformedValue", "a NULL is not true")


def _base64(value: Any) -> str:
    return b64encode(_binary(value)).decode("ascii")


def _members(value: Any, spell: Callable[[Any], str]) -> list[str]:
    """The members of a set as text, sorted: a set has no order, and verify must not see one."""
    if not isinstance(value, (list, tuple, set, frozenset)) or not value:
        raise RefusedError("MalformedValue", "a set is not a list of at least one member")
    return sorted(map(spell, value))


def _set_text(value: Any, spell: Callable[[Any], str]) -> str:
    return "[" + ",".join(map(encode_basestring, _members(value, spell))) + "]"


def _list_text(value: Any, depth: int = 1) -> str:
    if not isinstance(value, (list, tuple)):
        raise RefusedError("MalformedValue", "an L is not a list")
    _check_depth(depth)
    return "[" + ",".join([json_text(element, depth + 1) for element in value]) + "]"


def _map_text(value: Any, depth: int = 1) -> str:
    if not isinstance(value, dict):
        raise RefusedError("MalformedValue", "an M is not an object")
    _check_depth(depth)
    members = [
        f"{encode_basestring(name)}:{json_text(value[name], depth + 1)}" for name in sorted(value)
    ]
    return "{" + ",".join(members) + "}"


def _check_depth(depth: int) -> None:
    if depth > NESTING_LEVELS:
        raise RefusedError("Nesting", f"the value is nested deeper than {NESTING_LEVELS} levels")


def _document(column: Any) -> Any:
    """What was an L or M, read back from its JSON, with base64 turned into bytes again."""
    return _revived(json.loads(column))


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


class Type(NamedTuple):
    """One DynamoDB type: value to column, column to value, value to JSON inside a list or map."""

    to_column: Callable[[Any], ColumnValue]
    to_attribute: Callable[[Any], Any]
    json_text: Callable[[Any, int], str]


# One line for each type of DynamoDB; what is not here is refused.
TYPES: dict[str, Type] = {
    "S": Type(_text, str, lambda v, _: f'{{"S":{encode_basestring(_text(v))}}}'),
    "N": Type(numerics.column, numerics.text, lambda v, _: f'{{"N":"{numerics.plain(v)}"}}'),
    "B": Type(_binary, bytes, lambda v, _: f'{{"B":"{_base64(v)}"}}'),
    "BOOL": Type(_boolean, bool, lambda v, _: '{"BOOL":true}' if _boolean(v) else '{"BOOL":false}'),
    "NULL": Type(_null, lambda _: True, lambda v, _: f'{{"NULL":true}}{_null(v)}'),
    "L": Type(_list_text, _document, lambda v, depth: f'{{"L":{_list_text(v, depth)}}}'),
    "M": Type(_map_text, _document, lambda v, depth: f'{{"M":{_map_text(v, depth)}}}'),
    "SS": Type(
        lambda v: _set_text(v, _text), json.loads, lambda v, _: f'{{"SS":{_set_text(v, _text)}}}'
    ),
    "NS": Type(
        lambda v: _set_text(v, numerics.plain),
        json.loads,
        lambda v, _: f'{{"NS":{_set_text(v, numerics.plain)}}}',
    ),
    "BS": Type(
        lambda v: bytearray(_set_text(v, _base64), "ascii"),
        lambda column: [b64decode(member) for member in json.loads(column)],
        lambda v, _: f'{{"BS":{_set_text(v, _base64)}}}',
    ),
}

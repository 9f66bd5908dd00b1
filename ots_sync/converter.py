"""Convert DynamoDB attribute values to Table Store column values.

Accepts the wire format of both DynamoDB clients: binary as base64 text (Lambda events) and as bytes
(boto3). A value that has no exact column value is rejected; nothing is rounded. The rules are the
article's, made exact; the README's section "Types" shows them. DynamoDB's types:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from binascii import a2b_base64
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from ots_sync import numeric
from ots_sync.errors import RejectedError
from ots_sync.limits import NESTING_LEVELS
from ots_sync.model import AttributeValue, ColumnValue


def to_column(attribute_value: AttributeValue) -> ColumnValue:
    """Return the column value of one attribute.

    Raises RejectedError for an unknown type or a malformed value.
    """
    try:  # as in `untag`; inlined here and below because most of the time is spent in these lines
        (tag,) = attribute_value
        convert, value = TO_COLUMN[tag], attribute_value[tag]
    except UNTAG_ERRORS:
        raise _unknown_type() from None
    return convert(value)


def to_key(attribute_value: AttributeValue) -> str | int | bytearray:
    """Return the value of a primary key column: S, B, or N if it is a 64-bit integer."""
    try:
        (tag,) = attribute_value
        convert, value = _TO_KEY[tag], attribute_value[tag]
    except UNTAG_ERRORS:
        tag, _ = untag(attribute_value)
        raise RejectedError("KeyType", f"a key has type {tag}; only S, N and B are valid") from None
    return convert(value)


def untag(attribute_value: AttributeValue) -> tuple[str, Any]:
    """Return the type tag and the value; raises RejectedError without exactly one known tag."""
    try:
        (tag,) = attribute_value
        if tag in TYPES:
            return tag, attribute_value[tag]
    except UNTAG_ERRORS:
        pass
    raise _unknown_type()


# Raised when the value is not a mapping, or has no tag, several tags or an unknown tag.
UNTAG_ERRORS = (KeyError, TypeError, ValueError)


def _unknown_type() -> RejectedError:
    return RejectedError("UnknownType", "the value does not have exactly one known type tag")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RejectedError("MalformedValue", "an S is not text")


def _binary(value: Any) -> bytearray:
    if isinstance(value, str):
        try:
            return bytearray(_from_base64(value))
        except ValueError:
            raise RejectedError("MalformedValue", "a B is not base64") from None
    if isinstance(value, (bytes, bytearray)):
        return bytearray(value)
    raise RejectedError("MalformedValue", "a B is neither base64 text nor bytes")


if sys.version_info >= (3, 11):  # b64decode without its wrappers

    def _from_base64(text: str) -> bytes:
        return a2b_base64(text, strict_mode=True)
else:

    def _from_base64(text: str) -> bytes:
        return b64decode(text, validate=True)


def _key_number(value: Any) -> int:
    number = numeric.to_column(value)
    if type(number) is int:
        return number
    raise RejectedError("KeyNumber", "a key number is not a 64-bit integer")


def _boolean(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise RejectedError("MalformedValue", "a BOOL is neither true nor false")


def _null(value: Any) -> str:
    if value is True:
        return ""
    raise RejectedError("MalformedValue", "a NULL is not true")


def _base64(value: Any) -> str:
    return b64encode(_binary(value)).decode()


def _json_text(value: Any) -> str:
    try:
        return encode_basestring(value)
    except TypeError:
        raise RejectedError("MalformedValue", "an S is not text") from None


def _members(value: Any) -> Iterable[Any]:
    """Return the members of a set. Callers sort them because a set has no order to preserve."""
    if not isinstance(value, (list, tuple, set, frozenset)) or not value:
        raise RejectedError("MalformedValue", "a set is not a list of at least one member")
    return value


def _texts_json(value: Any) -> str:
    try:
        return "[" + ",".join([encode_basestring(text) for text in sorted(_members(value))]) + "]"
    except TypeError:
        raise RejectedError("MalformedValue", "a member of an SS is not text") from None


def _numbers_json(value: Any) -> str:
    return (
        '["' + '","'.join(sorted([numeric.to_decimal_text(one) for one in _members(value)])) + '"]'
    )


def _binaries_json(value: Any) -> str:
    return '["' + '","'.join(sorted([_base64(one) for one in _members(value)])) + '"]'


def _list_json(value: Any, depth: int = 1) -> str:
    if not isinstance(value, (list, tuple)):
        raise RejectedError("MalformedValue", "an L is not a list")
    return "[" + ",".join([_nested_json(element, depth) for element in value]) + "]"


def _map_json(value: Any, depth: int = 1) -> str:
    if not isinstance(value, dict):
        raise RejectedError("MalformedValue", "an M is not an object")
    members = [
        f"{encode_basestring(name)}:{_nested_json(value[name], depth)}" for name in sorted(value)
    ]
    return "{" + ",".join(members) + "}"


def _nested_json(attribute_value: AttributeValue, depth: int) -> str:
    """Return the canonical JSON of a value inside a list or map that is `depth` levels deep."""
    try:
        (tag,) = attribute_value
        to_json, value = _TO_JSON[tag], attribute_value[tag]
    except UNTAG_ERRORS:
        raise _unknown_type() from None
    if tag != "L" and tag != "M":
        return f'{{"{tag}":{to_json(value)}}}'
    if depth == NESTING_LEVELS:
        raise RejectedError("Nesting", f"the value is nested deeper than {NESTING_LEVELS} levels")
    inner = _list_json(value, depth + 1) if tag == "L" else _map_json(value, depth + 1)
    return f'{{"{tag}":{inner}}}'


class Type(NamedTuple):
    """The conversions of one DynamoDB type: to a column, and to JSON inside a list or map."""

    to_column: Callable[[Any], ColumnValue]
    to_json: Callable[[Any], str]


# One line per DynamoDB type. A value of any other type is rejected.
TYPES: dict[str, Type] = {
    "S": Type(_text, _json_text),
    "N": Type(numeric.to_column, lambda value: f'"{numeric.to_decimal_text(value)}"'),
    "B": Type(_binary, lambda value: f'"{_base64(value)}"'),
    "BOOL": Type(_boolean, lambda value: "true" if _boolean(value) else "false"),
    "NULL": Type(_null, lambda value: "true" + _null(value)),
    "L": Type(_list_json, _list_json),
    "M": Type(_map_json, _map_json),
    "SS": Type(_texts_json, _texts_json),
    "NS": Type(_numbers_json, _numbers_json),
    "BS": Type(lambda value: bytearray(_binaries_json(value), "ascii"), _binaries_json),
}

# The types that a key can have.
_TO_KEY: dict[str, Callable[[Any], str | int | bytearray]] = {
    "S": _text,
    "N": _key_number,
    "B": _binary,
}

# The columns of the table above: one lookup per value.
TO_COLUMN = {tag: kind.to_column for tag, kind in TYPES.items()}
_TO_JSON = {tag: kind.to_json for tag, kind in TYPES.items()}

"""A DynamoDB attribute value goes in, a Table Store column value comes out.

Takes the wire form of both of DynamoDB's clients: base64 text (Lambda's events) and bytes (boto3)
for binary. Refuses what is not exactly representable; nothing is rounded. The table is at the foot.
Rules of the article, made exact: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/
HowItWorks.NamingRulesDataTypes.html for DynamoDB's types, README "Types" for ours.
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from ots_sync import numerics
from ots_sync.errors import RefusedError
from ots_sync.limits import NESTING_LEVELS

Tagged = Mapping[str, Any]
"""One attribute value in DynamoDB's form: `{"S": "text"}`."""

ColumnValue = str | int | float | bool | bytearray
"""One column value in Table Store's form; bytearray is Binary (the SDK's own choice)."""


def to_column(tagged: Tagged) -> ColumnValue:
    """The column value of one attribute.

    Raises RefusedError for an unknown type or a malformed value.
    """
    try:  # as in `opened`; here and below written out, for nearly all time goes by in these lines
        (tag,) = tagged
        convert, value = TO_COLUMN[tag], tagged[tag]
    except NOT_ONE_TYPE:
        raise _unknown() from None
    return convert(value)


def to_key(tagged: Tagged) -> str | int | bytearray:
    """The value of a primary key column: S, B, or N when it is a 64-bit integer."""
    try:
        (tag,) = tagged
        convert, value = _TO_KEY[tag], tagged[tag]
    except NOT_ONE_TYPE:
        tag, _ = opened(tagged)
        raise RefusedError("KeyType", f"a key is of type {tag}; only S, N and B can be") from None
    return convert(value)


def opened(tagged: Tagged) -> tuple[str, Any]:
    """The type and the value of a tagged value, which has exactly one of the ten types."""
    try:
        (tag,) = tagged
        if tag in TYPES:
            return tag, tagged[tag]
    except NOT_ONE_TYPE:
        pass
    raise _unknown()


# What it raises to take the one type out of what is no mapping, or of none, several or no known.
NOT_ONE_TYPE = (KeyError, TypeError, ValueError)


def _unknown() -> RefusedError:
    return RefusedError("UnknownType", "the value does not have exactly one known type tag")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RefusedError("MalformedValue", "an S is not text")


def _binary(value: Any) -> bytearray:
    if isinstance(value, str):
        try:
            return bytearray(_from_base64(value))
        except ValueError:
            raise RefusedError("MalformedValue", "a B is not base64") from None
    if isinstance(value, (bytes, bytearray)):
        return bytearray(value)
    raise RefusedError("MalformedValue", "a B is neither base64 text nor bytes")


if sys.version_info >= (3, 11):  # what b64decode comes down to, without what it is wrapped in

    def _from_base64(text: str) -> bytes:
        return a2b_base64(text, strict_mode=True)
else:

    def _from_base64(text: str) -> bytes:
        return b64decode(text, validate=True)


def _key_number(value: Any) -> int:
    number = numerics.column(value)
    if type(number) is int:
        return number
    raise RefusedError("KeyNumber", "a key number is not a 64-bit integer")


def _boolean(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise RefusedError("MalformedValue", "a BOOL is neither true nor false")


def _null(value: Any) -> str:
    if value is True:
        return ""
    raise RefusedError("MalformedValue", "a NULL is not true")


def _base64(value: Any) -> str:
    return b64encode(_binary(value)).decode()


def _json_text(value: Any) -> str:
    try:
        return encode_basestring(value)
    except TypeError:
        raise RefusedError("MalformedValue", "an S is not text") from None


def _members(value: Any) -> Iterable[Any]:
    """The members of a set; one of text is sorted, for a set has no order, and verify must not see
    one.
    """
    if not isinstance(value, (list, tuple, set, frozenset)) or not value:
        raise RefusedError("MalformedValue", "a set is not a list of at least one member")
    return value


def _texts_json(value: Any) -> str:
    try:
        return "[" + ",".join([encode_basestring(text) for text in sorted(_members(value))]) + "]"
    except TypeError:
        raise RefusedError("MalformedValue", "a member of an SS is not text") from None


def _numbers_json(value: Any) -> str:
    return '["' + '","'.join(sorted([numerics.plain(one) for one in _members(value)])) + '"]'


def _binaries_json(value: Any) -> str:
    return '["' + '","'.join(sorted([_base64(one) for one in _members(value)])) + '"]'


def _list_json(value: Any, depth: int = 1) -> str:
    if not isinstance(value, (list, tuple)):
        raise RefusedError("MalformedValue", "an L is not a list")
    return "[" + ",".join([_nested_json(element, depth) for element in value]) + "]"


def _map_json(value: Any, depth: int = 1) -> str:
    if not isinstance(value, dict):
        raise RefusedError("MalformedValue", "an M is not an object")
    members = [
        f"{encode_basestring(name)}:{_nested_json(value[name], depth)}" for name in sorted(value)
    ]
    return "{" + ",".join(members) + "}"


def _nested_json(tagged: Tagged, depth: int) -> str:
    """A value inside a list or map that is itself `depth` levels down, in its one spelling."""
    try:
        (tag,) = tagged
        to_json, value = _TO_JSON[tag], tagged[tag]
    except NOT_ONE_TYPE:
        raise _unknown() from None
    if tag != "L" and tag != "M":
        return f'{{"{tag}":{to_json(value)}}}'
    if depth == NESTING_LEVELS:
        raise RefusedError("Nesting", f"the value is nested deeper than {NESTING_LEVELS} levels")
    inner = _list_json(value, depth + 1) if tag == "L" else _map_json(value, depth + 1)
    return f'{{"{tag}":{inner}}}'


class Type(NamedTuple):
    """One DynamoDB type: value to column, value to JSON inside a list or map."""

    to_column: Callable[[Any], ColumnValue]
    to_json: Callable[[Any], str]


# One line for each type of DynamoDB; what is not here is refused.
TYPES: dict[str, Type] = {
    "S": Type(_text, _json_text),
    "N": Type(numerics.column, lambda value: f'"{numerics.plain(value)}"'),
    "B": Type(_binary, lambda value: f'"{_base64(value)}"'),
    "BOOL": Type(_boolean, lambda value: "true" if _boolean(value) else "false"),
    "NULL": Type(_null, lambda value: "true" + _null(value)),
    "L": Type(_list_json, _list_json),
    "M": Type(_map_json, _map_json),
    "SS": Type(_texts_json, _texts_json),
    "NS": Type(_numbers_json, _numbers_json),
    "BS": Type(lambda value: bytearray(_binaries_json(value), "ascii"), _binaries_json),
}

# What a key can be.
_TO_KEY: dict[str, Callable[[Any], str | int | bytearray]] = {
    "S": _text,
    "N": _key_number,
    "B": _binary,
}

# Columns of the table by themselves: one look-up a value.
TO_COLUMN = {tag: kind.to_column for tag, kind in TYPES.items()}
_TO_JSON = {tag: kind.to_json for tag, kind in TYPES.items()}

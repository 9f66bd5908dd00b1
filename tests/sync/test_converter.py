"""Test the conversion of each DynamoDB type, at every depth, and that it is reversible."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_sync import converter
from ots_sync.errors import RejectedError
from ots_tools.items import to_attribute
from tests.support.attribute_values import VALUES

COLUMNS: dict[str, tuple[dict[str, Any], Any]] = {
    "string": ({"S": "This is test!"}, "This is test!"),
    "string-empty": ({"S": ""}, ""),
    "string-nul": ({"S": "a\x00b"}, "a\x00b"),
    "string-unicode": ({"S": "日本 😀 \u2028"}, "日本 😀 \u2028"),
    "number-integer": ({"N": "123"}, 123),
    "number-double": ({"N": "2.3"}, 2.3),
    "number-digits": ({"N": "9223372036854775808"}, "9223372036854775808"),
    "binary": ({"B": "ASMV"}, bytearray([0x01, 0x23, 0x15])),
    "binary-empty": ({"B": ""}, bytearray()),
    "binary-bytes": ({"B": b"\x01\x23\x15"}, bytearray([0x01, 0x23, 0x15])),
    "binary-bytearray": ({"B": bytearray(b"\xff")}, bytearray(b"\xff")),
    "bool-true": ({"BOOL": True}, True),
    "bool-false": ({"BOOL": False}, False),
    "null": ({"NULL": True}, ""),
    "list": ({"L": [{"S": "a"}, {"N": "1"}]}, '[{"S":"a"},{"N":"1"}]'),
    "list-empty": ({"L": []}, "[]"),
    "list-keeps-its-order": ({"L": [{"N": "2"}, {"N": "1"}]}, '[{"N":"2"},{"N":"1"}]'),
    "map": ({"M": {"key1": {"S": "value1"}}}, '{"key1":{"S":"value1"}}'),
    "map-empty": ({"M": {}}, "{}"),
    "map-sorted": ({"M": {"b": {"N": "1"}, "a": {"N": "2"}}}, '{"a":{"N":"2"},"b":{"N":"1"}}'),
    "string-set": ({"SS": ["b", "a"]}, '["a","b"]'),
    "string-set-empty-member": ({"SS": ["a", ""]}, '["","a"]'),
    "number-set": ({"NS": ["2", "1"]}, '["1","2"]'),
    "number-set-plain": ({"NS": ["1.50", "1E1"]}, '["1.5","10"]'),
    "number-set-sorted-as-text": ({"NS": ["9", "10"]}, '["10","9"]'),
    "binary-set": ({"BS": ["ASM=", "ARE="]}, bytearray(b'["ARE=","ASM="]')),
    "binary-set-bytes": ({"BS": [b"\x01\x23", b"\x01\x11"]}, bytearray(b'["ARE=","ASM="]')),
    "binary-set-as-python-set": ({"BS": {b"\x01\x23", b"\x01\x11"}}, bytearray(b'["ARE=","ASM="]')),
    # The JSON is canonical at every depth.
    "nested-text-not-escaped": (
        {"L": [{"S": '日本 "q" \\ \n\x00'}]},
        '[{"S":"日本 \\"q\\" \\\\ \\n\\u0000"}]',
    ),
    "nested-scalars": (
        {"L": [{"NULL": True}, {"BOOL": True}, {"BOOL": False}, {"N": "1.50"}, {"B": "ASMV"}]},
        '[{"NULL":true},{"BOOL":true},{"BOOL":false},{"N":"1.5"},{"B":"ASMV"}]',
    ),
    "nested-bytes-as-base64": ({"L": [{"B": b"\x01\x23\x15"}]}, '[{"B":"ASMV"}]'),
    "nested-sets-sorted": (
        {"M": {"m": {"M": {"s": {"SS": ["b", "a"]}, "n": {"NS": ["2", "1e0"]}}}}},
        '{"m":{"M":{"n":{"NS":["1","2"]},"s":{"SS":["a","b"]}}}}',
    ),
    "nested-binary-set": ({"L": [{"BS": [b"\x02", "AQ=="]}]}, '[{"BS":["AQ==","Ag=="]}]'),
    "nested-empty": ({"L": [{"L": []}, {"M": {}}, {"S": ""}]}, '[{"L":[]},{"M":{}},{"S":""}]'),
    "nested-base64-reencoded": ({"L": [{"B": "QR=="}]}, '[{"B":"QQ=="}]'),
    "nested-51-digits": ({"L": [{"N": "1e50"}]}, '[{"N":"1' + "0" * 50 + '"}]'),
}


@pytest.mark.parametrize(("tagged", "column"), COLUMNS.values(), ids=COLUMNS)
def test_value_becomes_the_expected_column(tagged: dict[str, Any], column: Any) -> None:
    found = converter.to_column(tagged)
    assert found == column
    assert type(found) is type(column)


def test_type_table_has_the_ten_types_of_dynamodb() -> None:
    assert set(converter.TYPES) == {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}


REJECTED: dict[str, tuple[Any, str]] = {
    "no-tag": ({}, "exactly one known type tag"),
    "two-tags": ({"S": "a", "N": "1"}, "exactly one known type tag"),
    "unknown-tag": ({"X": "a"}, "exactly one known type tag"),
    "lower-case-tag": ({"s": "a"}, "exactly one known type tag"),
    "untagged": ("a", "exactly one known type tag"),
    "null": (None, "exactly one known type tag"),
    "list": (["a"], "exactly one known type tag"),
    "string-from-number": ({"S": 1}, "an S is not text"),
    "string-null": ({"S": None}, "an S is not text"),
    "number-from-json-number": ({"N": 1.5}, "an N is not a number"),
    "number-nan": ({"N": "NaN"}, "an N is not a number"),
    "binary-not-base64": ({"B": "!"}, "a B is not base64"),
    "binary-without-padding": ({"B": "QQ"}, "a B is not base64"),
    "binary-full-width": ({"B": "\uff21\uff21\uff21\uff21"}, "a B is not base64"),
    "binary-from-list": ({"B": [1]}, "a B is neither"),
    "bool-from-text": ({"BOOL": "true"}, "a BOOL is neither"),
    "bool-from-integer": ({"BOOL": 1}, "a BOOL is neither"),
    "null-false": ({"NULL": False}, "a NULL is not true"),
    "null-from-integer": ({"NULL": 1}, "a NULL is not true"),
    "list-from-text": ({"L": "ab"}, "an L is not a list"),
    "list-from-map": ({"L": {"a": {"S": "a"}}}, "an L is not a list"),
    "list-untagged": ({"L": ["a"]}, "exactly one known type tag"),
    "list-of-null": ({"L": [None]}, "exactly one known type tag"),
    "map-from-list": ({"M": [{"S": "a"}]}, "an M is not an object"),
    "map-untagged": ({"M": {"a": "b"}}, "exactly one known type tag"),
    "set-empty": ({"SS": []}, "a set is not a list of at least one member"),
    "set-from-text": ({"SS": "ab"}, "a set is not a list"),
    "set-null": ({"NS": None}, "a set is not a list"),
    "string-set-of-numbers": ({"SS": [1]}, "a member of an SS is not text"),
    "number-set-of-words": ({"NS": ["1", "b"]}, "an N is not a number"),
    "binary-set-of-words": ({"BS": ["!"]}, "a B is not base64"),
    "nested-number": ({"L": [{"M": {"a": {"N": "1_000"}}}]}, "an N is not a number"),
    "nested-null": ({"L": [{"NULL": False}]}, "a NULL is not true"),
    "nested-string-from-number": ({"L": [{"S": 1}]}, "an S is not text"),
}


@pytest.mark.parametrize(("tagged", "reason"), REJECTED.values(), ids=REJECTED)
def test_malformed_value_is_rejected_with_its_type_in_the_reason(tagged: Any, reason: str) -> None:
    with pytest.raises(RejectedError, match=reason):
        converter.to_column(tagged)


def nested(levels: int, tag: str) -> dict[str, Any]:
    """Return lists or maps inside each other; the attribute itself is the first level."""
    value: dict[str, Any] = {tag: [] if tag == "L" else {}}
    for _ in range(levels - 1):
        value = {"L": [value]} if tag == "L" else {"M": {"n": value}}
    return value


@pytest.mark.parametrize("tag", ["L", "M"])
def test_nesting_is_limited_to_32_levels(tag: str) -> None:
    """DynamoDB counts the attribute itself as the first level. Recursion stops at the limit."""
    assert json.loads(str(converter.to_column(nested(32, tag))))
    for levels in (33, 5000):
        with pytest.raises(RejectedError, match="nested deeper than 32 levels"):
            converter.to_column(nested(levels, tag))


KEYS = {
    "string": ({"S": "a"}, "a"),
    "integer": ({"N": "-1"}, -1),
    "integer-with-exponent": ({"N": "1.0e1"}, 10),
    "integer-maximum": ({"N": "9223372036854775807"}, 2**63 - 1),
    "binary": ({"B": "AQ=="}, bytearray([1])),
}


@pytest.mark.parametrize(("tagged", "value"), KEYS.values(), ids=KEYS)
def test_value_becomes_the_expected_key(tagged: dict[str, Any], value: Any) -> None:
    found = converter.to_key(tagged)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("tagged", "code"),
    [
        ({"N": "1.5"}, "KeyNumber"),
        ({"N": "9223372036854775808"}, "KeyNumber"),
        ({"N": "1e-130"}, "KeyNumber"),
        ({"N": "x"}, "MalformedNumber"),
        ({"BOOL": True}, "KeyType"),
        ({"NULL": True}, "KeyType"),
        ({"SS": ["a"]}, "KeyType"),
        ({"L": []}, "KeyType"),
        ({"S": None}, "MalformedValue"),
        ({"X": "a"}, "UnknownType"),
        ({"S": "a", "N": "1"}, "UnknownType"),
        ("a", "UnknownType"),
    ],
    ids=str,
)
def test_value_that_is_no_valid_key_is_rejected(tagged: Any, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        converter.to_key(tagged)
    assert rejected.value.code == code


def normalize(tagged: Any) -> Any:
    """Return a value without what DynamoDB does not keep.

    It does not keep the order of maps and sets, the notation of numbers, and the base64 text.
    """
    ((tag, value),) = tagged.items()
    if tag == "N":
        return tag, Decimal(value)
    if tag in ("B", "BS"):
        members = [value] if tag == "B" else value
        return tag, frozenset(map(to_bytes, members))
    if tag in ("SS", "NS"):
        return tag, frozenset(map(Decimal, value) if tag == "NS" else value)
    if tag == "L":
        return tag, tuple(map(normalize, value))
    if tag == "M":
        return tag, frozenset((name, normalize(inner)) for name, inner in value.items())
    return tag, value


def to_bytes(binary: Any) -> bytes:
    """Return the bytes of a B value, which is base64 text or bytes."""
    column = converter.to_key({"B": binary})
    assert isinstance(column, bytearray)
    return bytes(column)


@given(VALUES)
def test_column_converts_back_to_the_attribute(tagged: dict[str, Any]) -> None:
    """The type is known from the item; converted again, the result is the same column."""
    ((tag, _),) = tagged.items()
    column = converter.to_column(tagged)
    attribute = to_attribute(column, tag)
    assert normalize(attribute) == normalize(tagged)
    assert converter.to_column(attribute) == column


@given(VALUES, st.randoms(use_true_random=False))
def test_order_of_maps_and_sets_and_form_of_binaries_do_not_matter(
    tagged: dict[str, Any], random: Any
) -> None:
    """The same item in Lambda's events and in boto3's responses has the same columns."""
    assert converter.to_column(shuffled(tagged, random)) == converter.to_column(tagged)


def shuffled(tagged: Any, random: Any) -> dict[str, Any]:
    """Return the same value with maps and sets in another order, and binaries as bytes."""
    ((tag, value),) = tagged.items()
    if tag == "L":
        return {tag: [shuffled(inner, random) for inner in value]}
    if tag == "M":
        names = random.sample(sorted(value), len(value))
        return {tag: {name: shuffled(value[name], random) for name in names}}
    if tag == "B":
        return {tag: to_bytes(value)}
    if tag == "BS":
        members = list(map(to_bytes, value))
        return {tag: random.sample(members, len(members))}
    if tag in ("SS", "NS"):
        return {tag: random.sample(value, len(value))}
    return {tag: value}

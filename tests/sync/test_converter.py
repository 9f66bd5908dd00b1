"""The type table: what each of DynamoDB's types becomes, at every depth, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ots_sync import converter
from ots_sync.errors import RejectedError

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
    "list-order-is-kept": ({"L": [{"N": "2"}, {"N": "1"}]}, '[{"N":"2"},{"N":"1"}]'),
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
    "binary-set-of-a-set": ({"BS": {b"\x01\x23", b"\x01\x11"}}, bytearray(b'["ARE=","ASM="]')),
    # One spelling of JSON at every depth.
    "nested-text-as-it-is": (
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
    "nested-empties": ({"L": [{"L": []}, {"M": {}}, {"S": ""}]}, '[{"L":[]},{"M":{}},{"S":""}]'),
    "nested-base64-anew": ({"L": [{"B": "QR=="}]}, '[{"B":"QQ=="}]'),
    "nested-51-digits": ({"L": [{"N": "1e50"}]}, '[{"N":"1' + "0" * 50 + '"}]'),
}


@pytest.mark.parametrize(("tagged", "column"), COLUMNS.values(), ids=COLUMNS)
def test_column(tagged: dict[str, Any], column: Any) -> None:
    found = converter.to_column(tagged)
    assert found == column
    assert type(found) is type(column)


def test_table_has_the_ten_types() -> None:
    assert set(converter.TYPES) == {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}


REFUSED: dict[str, tuple[Any, str]] = {
    "no-tag": ({}, "exactly one known type tag"),
    "two-tags": ({"S": "a", "N": "1"}, "exactly one known type tag"),
    "unknown-tag": ({"X": "a"}, "exactly one known type tag"),
    "lower-case-tag": ({"s": "a"}, "exactly one known type tag"),
    "untagged": ("a", "exactly one known type tag"),
    "none": (None, "exactly one known type tag"),
    "list": (["a"], "exactly one known type tag"),
    "string-of-number": ({"S": 1}, "an S is not text"),
    "string-of-none": ({"S": None}, "an S is not text"),
    "number-of-json": ({"N": 1.5}, "an N is not a number"),
    "number-nan": ({"N": "NaN"}, "an N is not a number"),
    "binary-no-base64": ({"B": "!"}, "a B is not base64"),
    "binary-short-base64": ({"B": "QQ"}, "a B is not base64"),
    "binary-full-width": ({"B": "\uff21\uff21\uff21\uff21"}, "a B is not base64"),
    "binary-of-list": ({"B": [1]}, "a B is neither"),
    "bool-of-text": ({"BOOL": "true"}, "a BOOL is neither"),
    "bool-of-integer": ({"BOOL": 1}, "a BOOL is neither"),
    "null-false": ({"NULL": False}, "a NULL is not true"),
    "null-of-integer": ({"NULL": 1}, "a NULL is not true"),
    "list-of-text": ({"L": "ab"}, "an L is not a list"),
    "list-of-map": ({"L": {"a": {"S": "a"}}}, "an L is not a list"),
    "list-untagged": ({"L": ["a"]}, "exactly one known type tag"),
    "list-of-none": ({"L": [None]}, "exactly one known type tag"),
    "map-of-list": ({"M": [{"S": "a"}]}, "an M is not an object"),
    "map-untagged": ({"M": {"a": "b"}}, "exactly one known type tag"),
    "set-empty": ({"SS": []}, "a set is not a list of at least one member"),
    "set-of-text": ({"SS": "ab"}, "a set is not a list"),
    "set-of-none": ({"NS": None}, "a set is not a list"),
    "string-set-of-numbers": ({"SS": [1]}, "a member of an SS is not text"),
    "number-set-of-words": ({"NS": ["1", "b"]}, "an N is not a number"),
    "binary-set-of-words": ({"BS": ["!"]}, "a B is not base64"),
    "nested-number": ({"L": [{"M": {"a": {"N": "1_000"}}}]}, "an N is not a number"),
    "nested-null": ({"L": [{"NULL": False}]}, "a NULL is not true"),
}


@pytest.mark.parametrize(("tagged", "reason"), REFUSED.values(), ids=REFUSED)
def test_malformed_value_is_refused_with_the_type_and_never_the_value(
    tagged: Any, reason: str
) -> None:
    with pytest.raises(RejectedError, match=reason):
        converter.to_column(tagged)


def nested(levels: int, tag: str) -> dict[str, Any]:
    """So many lists or maps, one in the other, the first being the attribute itself."""
    value: dict[str, Any] = {tag: [] if tag == "L" else {}}
    for _ in range(levels - 1):
        value = {"L": [value]} if tag == "L" else {"M": {"n": value}}
    return value


@pytest.mark.parametrize("tag", ["L", "M"])
def test_nesting_up_to_32_levels(tag: str) -> None:
    """The attribute itself is the first level, as DynamoDB counts; no deeper is recursed into."""
    assert json.loads(str(converter.to_column(nested(32, tag))))
    for levels in (33, 5000):
        with pytest.raises(RejectedError, match="nested deeper than 32 levels"):
            converter.to_column(nested(levels, tag))


KEYS = {
    "string": ({"S": "a"}, "a"),
    "integer": ({"N": "-1"}, -1),
    "integer-spelled": ({"N": "1.0e1"}, 10),
    "integer-last": ({"N": "9223372036854775807"}, 2**63 - 1),
    "binary": ({"B": "AQ=="}, bytearray([1])),
}


@pytest.mark.parametrize(("tagged", "value"), KEYS.values(), ids=KEYS)
def test_key(tagged: dict[str, Any], value: Any) -> None:
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
    ],
    ids=str,
)
def test_key_that_cannot_be_one_is_refused(tagged: Any, code: str) -> None:
    with pytest.raises(RejectedError) as refused:
        converter.to_key(tagged)
    assert refused.value.code == code

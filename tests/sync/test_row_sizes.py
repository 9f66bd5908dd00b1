"""The bytes that Table Store counts, and what no table takes: both sides of every limit."""

from __future__ import annotations

from typing import Any

import pytest

from ots_sync.errors import RejectedError
from ots_sync.rows import columns_size, key_size, name_size, value_size

COUNTED: dict[str, tuple[Any, int]] = {
    "text": ("abc", 3),
    "text-utf8": ("é日😀", 2 + 3 + 4),
    "text-nul": ("\x00", 1),
    "text-empty": ("", 0),
    "binary": (bytearray(b"\xff\x00"), 2),
    "binary-empty": (bytearray(), 0),
    "integer": (1, 8),
    "integer-last": (2**63 - 1, 8),
    "integer-first": (-(2**63), 8),
    "double": (0.5, 8),
    "boolean": (False, 1),
}


@pytest.mark.parametrize(("value", "size"), COUNTED.values(), ids=COUNTED)
def test_value_counts(value: Any, size: int) -> None:
    assert value_size(value) == size


REFUSED: dict[str, tuple[Any, str]] = {
    "integer-over": (2**63, "not within 64 bits"),
    "integer-under": (-(2**63) - 1, "not within 64 bits"),
    "nan": (float("nan"), "not a finite number"),
    "infinity": (float("-inf"), "not a finite number"),
    "surrogate": ("\ud800", "not valid UTF-8"),
    "surrogate-within": ("a\udfffb", "not valid UTF-8"),
    "none": (None, "type NoneType; use"),
    "bytes": (b"a", "type bytes; use"),  # the SDK would send them as text
    "list": ([1], "type list; use"),
    "dict": ({}, "type dict; use"),
}


@pytest.mark.parametrize(("value", "reason"), REFUSED.values(), ids=REFUSED)
def test_value_that_no_column_takes_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(RejectedError, match=reason):
        value_size(value)


def test_key_counts_names_and_values() -> None:
    assert key_size([("user_id", "é"), ("action_time", 1)]) == 7 + 2 + 11 + 8


@pytest.mark.parametrize("long", ["k" * 1024, "é" * 512, bytearray(1024)], ids=["a", "e", "b"])
def test_key_value_up_to_1024_bytes(long: Any) -> None:
    assert key_size([("k", long)]) == 1 + 1024
    more: Any = long + (b"b" if isinstance(long, bytearray) else "b")
    with pytest.raises(RejectedError, match="key column k has 1025 bytes"):
        key_size([("k", more)])


def test_columns_count_names_and_values() -> None:
    assert columns_size([("é", "ab"), ("b", 1)], ()) == 2 + 2 + 1 + 8
    assert name_size("é") == 2


@pytest.mark.parametrize("letter", ["x", bytearray(b"x")], ids=["text", "binary"])
def test_column_value_up_to_2_mib(letter: Any) -> None:
    assert columns_size([("wide", letter * 2_097_152)], ()) == 4 + 2_097_152
    with pytest.raises(RejectedError, match="column 'wide' has 2097153 bytes"):
        columns_size([("wide", letter * 2_097_153)], ())


def test_column_with_the_name_of_a_key_column_is_refused() -> None:
    with pytest.raises(RejectedError, match="column 'user_id' has the same name as a key column"):
        columns_size([("a", 1), ("user_id", "a")], ("user_id", "action_time"))


@pytest.mark.parametrize("value", ["secret\ud800", 2**63, float("inf")], ids=ascii)
def test_refused_value_is_named_by_its_column_and_not_told(value: Any) -> None:
    with pytest.raises(RejectedError, match=r"^column 'a\\nb': ") as refused:
        columns_size([("good", 1), ("a\nb", value)], ())
    assert str(value) not in str(refused.value)

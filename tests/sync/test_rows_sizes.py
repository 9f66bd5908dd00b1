"""Test the counted sizes of keys and columns, and the splitting of large rows."""

from __future__ import annotations

from typing import Any

import pytest

from ots_sync.errors import RejectedError
from ots_sync.model import Column
from ots_sync.rows import columns_size, key_size, name_size, value_size
from tests.support.builders import row
from tests.support.fakes import InMemoryTable

MIB = 1024 * 1024

SIZES: dict[str, tuple[Any, int]] = {
    "text": ("abc", 3),
    "text-utf8": ("é日😀", 2 + 3 + 4),
    "text-nul": ("\x00", 1),
    "text-empty": ("", 0),
    "binary": (bytearray(b"\xff\x00"), 2),
    "binary-empty": (bytearray(), 0),
    "integer": (1, 8),
    "integer-maximum": (2**63 - 1, 8),
    "integer-minimum": (-(2**63), 8),
    "double": (0.5, 8),
    "boolean": (False, 1),
}


@pytest.mark.parametrize(("value", "size"), SIZES.values(), ids=SIZES)
def test_value_has_its_counted_size(value: Any, size: int) -> None:
    assert value_size(value) == size


REJECTED: dict[str, tuple[Any, str]] = {
    "integer-above-maximum": (2**63, "not within 64 bits"),
    "integer-below-minimum": (-(2**63) - 1, "not within 64 bits"),
    "nan": (float("nan"), "not a finite number"),
    "infinity": (float("-inf"), "not a finite number"),
    "lone-surrogate": ("\ud800", "not valid UTF-8"),
    "lone-surrogate-inside": ("a\udfffb", "not valid UTF-8"),
    "null": (None, "type NoneType; use"),
    "bytes": (b"a", "type bytes; use"),  # the SDK would send it as text
    "list": ([1], "type list; use"),
    "dict": ({}, "type dict; use"),
}


@pytest.mark.parametrize(("value", "reason"), REJECTED.values(), ids=REJECTED)
def test_value_that_no_column_can_store_is_rejected(value: Any, reason: str) -> None:
    with pytest.raises(RejectedError, match=reason):
        value_size(value)


def test_size_of_a_key_includes_names_and_values() -> None:
    assert key_size([("user_id", "é"), ("action_time", 1)]) == 7 + 2 + 11 + 8


@pytest.mark.parametrize(
    "long", ["k" * 1024, "é" * 512, bytearray(1024)], ids=["ascii", "utf8", "binary"]
)
def test_key_value_has_at_most_1024_bytes(long: Any) -> None:
    assert key_size([("k", long)]) == 1 + 1024
    too_long: Any = long + (b"b" if isinstance(long, bytearray) else "b")
    with pytest.raises(RejectedError, match="key column k has 1025 bytes"):
        key_size([("k", too_long)])


def test_size_of_columns_includes_names_and_values() -> None:
    assert columns_size([("é", "ab"), ("b", 1)], ()) == 2 + 2 + 1 + 8
    assert name_size("é") == 2


@pytest.mark.parametrize("one_byte", ["x", bytearray(b"x")], ids=["text", "binary"])
def test_column_value_has_at_most_2_mib(one_byte: Any) -> None:
    assert columns_size([("wide", one_byte * 2_097_152)], ()) == 4 + 2_097_152
    with pytest.raises(RejectedError, match="column 'wide' has 2097153 bytes"):
        columns_size([("wide", one_byte * 2_097_153)], ())


def test_column_with_the_name_of_a_key_column_is_rejected() -> None:
    with pytest.raises(RejectedError, match="column 'user_id' has the same name as a key column"):
        columns_size([("a", 1), ("user_id", "a")], ("user_id", "action_time"))


@pytest.mark.parametrize("value", ["secret\ud800", 2**63, float("inf")], ids=ascii)
def test_rejection_names_the_column_without_its_value(value: Any) -> None:
    with pytest.raises(RejectedError, match=r"^column 'a\\nb': ") as rejected:
        columns_size([("good", 1), ("a\nb", value)], ())
    assert str(value) not in str(rejected.value)


def integers(count: int, prefix: str = "c") -> list[Column]:
    return [(f"{prefix}{number:04}", number) for number in range(count)]


def kinds_and_cells(writes: Any) -> list[tuple[str, int]]:
    return [(write.kind, len(write.columns) + len(write.delete_columns)) for write in writes]


@pytest.mark.parametrize(
    ("kind", "put", "deleted", "expected"),
    [
        ("put", 0, 0, [("put", 0)]),
        ("put", 1024, 0, [("put", 1024)]),
        ("put", 1025, 0, [("put", 1024), ("update", 1)]),
        ("put", 2049, 0, [("put", 1024), ("update", 1024), ("update", 1)]),
        ("update", 1000, 24, [("update", 1024)]),
        ("update", 1000, 25, [("update", 1024), ("update", 1)]),
        ("update", 1, 2048, [("update", 1024), ("update", 1024), ("update", 1)]),
        ("delete", 0, 0, [("delete", 0)]),
    ],
)
def test_row_with_more_columns_than_one_write_allows_is_split(
    kind: str, put: int, deleted: int, expected: list[tuple[str, int]]
) -> None:
    """The first write has the row's own kind, and columns are put before any are deleted.

    A write that only deletes would not create the row.
    """
    names = [f"d{number}" for number in range(deleted)]
    writes = row(kind, columns=integers(put), delete_columns=names).writes
    assert kinds_and_cells(writes) == expected
    assert [column for write in writes for column in write.columns] == integers(put)
    assert [name for write in writes for name in write.delete_columns] == names


def test_split_writes_end_in_the_whole_row() -> None:
    """The first write of a put removes the columns that existed before."""
    columns = [*integers(1500), ("b", bytearray(2 * MIB)), ("t", "x" * 2 * MIB)]
    table = InMemoryTable({("user", 1): {"stale": 1}})
    writes = row("put", columns=columns).writes
    assert len(writes) > 1
    for write in writes:
        table.send([write])
    assert table.rows == {("user", 1): {**dict(columns), "b": bytes(2 * MIB)}}


@pytest.mark.parametrize("over", [0, 1])
def test_write_has_at_most_4_mib_of_counted_bytes(over: int) -> None:
    """Names, values, and 8 bytes per cell for its timestamp are counted."""
    key = len("user_id" + "user" + "action_time") + 8
    rest = 4 * MIB - key - 2 * (1 + 8) - 2 * MIB + over
    writes = row(columns=[("a", "x" * 2 * MIB), ("b", "x" * rest)]).writes
    assert len(writes) == 1 + over
    assert writes[0].counted_bytes <= 4 * MIB
    if not over:
        assert writes[0].counted_bytes == 4 * MIB


def test_write_within_its_own_limits_is_within_the_body_limit() -> None:
    """Empty cells have the largest share of overhead, so a full write of them is the worst case."""
    (full,) = row(columns=[(f"{number:04}", "") for number in range(1024)]).writes
    assert full.body_bytes - full.counted_bytes + 4 * MIB < 5_000_000 - 4096

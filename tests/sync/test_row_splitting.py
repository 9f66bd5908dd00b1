"""One row as writes within the limits, and rows as batches within theirs: both sides of each."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_sync import writer
from ots_sync.model import Column, RowWrite
from tests.support.builders import row, write
from tests.support.fakes import MemoryStore

MIB = 1024 * 1024


def integers(count: int, prefix: str = "c") -> list[Column]:
    return [(f"{prefix}{number:04}", number) for number in range(count)]


def sizes(writes: Any) -> list[tuple[str, int]]:
    return [(step.kind, len(step.columns) + len(step.delete_columns)) for step in writes]


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
def test_more_columns_than_one_write_takes_become_steps(
    kind: str, put: int, deleted: int, expected: list[tuple[str, int]]
) -> None:
    """The first step is of the row's own kind; each begins with what puts columns, so that none
    that only deletes comes before the row is there.
    """
    gone = [f"d{number}" for number in range(deleted)]
    steps = row(kind, columns=integers(put), deleted=gone).writes
    assert sizes(steps) == expected
    assert [column for step in steps for column in step.columns] == integers(put)
    assert [name for step in steps for name in step.delete_columns] == gone


def test_steps_end_in_the_whole_row() -> None:
    """Cut or not, the row is the same; a put's first step takes away what stood there."""
    columns = [*integers(1500), ("b", bytearray(2 * MIB)), ("t", "x" * 2 * MIB)]
    store = MemoryStore({("user", 1): {"stale": 1}})
    steps = row("put", columns=columns).writes
    assert len(steps) > 1
    for step in steps:
        store.send([step])
    assert store.rows == {("user", 1): {**dict(columns), "b": bytes(2 * MIB)}}


@pytest.mark.parametrize("over", [0, 1])
def test_counted_bytes_of_a_row_up_to_4_mib(over: int) -> None:
    """Names, values and 8 for each cell's timestamp."""
    key = len("user_id" + "user" + "action_time") + 8
    rest = 4 * MIB - key - 2 * (1 + 8) - 2 * MIB + over
    steps = row(columns=[("a", "x" * 2 * MIB), ("b", "x" * rest)]).writes
    assert len(steps) == 1 + over
    assert steps[0].counted_bytes <= 4 * MIB
    if not over:
        assert steps[0].counted_bytes == 4 * MIB


def test_write_within_its_own_limits_is_within_a_body() -> None:
    """The smallest cells count least for what they take: a full write of them at the full count."""
    (full,) = row(columns=[(f"{number:04}", "") for number in range(1024)]).writes
    assert full.body_bytes - full.counted_bytes + 4 * MIB < 5_000_000 - 4096


def packed(writes: list[RowWrite]) -> list[int]:
    return [len(batch) for batch in writer.pack(writes)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(0, []), (1, [1]), (200, [200]), (201, [200, 1]), (400, [200, 200]), (401, [200, 200, 1])],
)
def test_batch_holds_up_to_200_rows(rows: int, expected: list[int]) -> None:
    assert packed([write(action_time=number) for number in range(rows)]) == expected


@pytest.mark.parametrize("over", [0, 1])
def test_batch_counts_up_to_4_mib(over: int) -> None:
    one = write(action_time=1, columns=[("a", "x" * MIB)])
    rest = 4 * MIB - 2 * one.counted_bytes
    frame = write(action_time=2, columns=[("a", "x"), ("b", "x")]).counted_bytes - 2
    other = write(
        action_time=2, columns=[("a", "x" * MIB), ("b", "x" * (rest - frame - MIB + over))]
    )
    writes = [one, write(action_time=3, columns=[("a", "x" * MIB)]), other]
    assert sum(w.counted_bytes for w in writes) == 4 * MIB + over
    assert packed(writes) == ([3] if not over else [2, 1])


def test_small_cells_are_bounded_by_the_body() -> None:
    """Booleans with names of 14 letters: 200 rows of 1,024 count less than they take in the body,
    and what the count alone would let through is over 5 MB.
    """
    cells: list[Column] = [(f"{number:014}", True) for number in range(1024)]
    writes = [write(action_time=number, columns=cells) for number in range(200)]
    first, *_ = list(writer.pack(writes))
    assert sum(writes[i].body_bytes for i in first) <= 5_000_000
    assert sum(writes[i].body_bytes for i in (*first, len(first))) > 5_000_000 - 4096
    assert sum(writes[i].counted_bytes for i in (*first, len(first))) < 4 * MIB


SIZES = st.lists(st.tuples(st.integers(1, 4 * MIB), st.integers(1, 4_990_000)), max_size=600)


@given(SIZES)
def test_batches_are_legal_in_order_and_as_few_as_that_allows(
    sizes: list[tuple[int, int]],
) -> None:
    """Each position once; each batch within the limits; none could take the next row too."""
    writes = [replace(write(), counted_bytes=c, body_bytes=b) for c, b in sizes]
    parts = list(writer.pack(writes))
    assert [i for part in parts for i in part] == list(range(len(writes)))
    for part in parts:
        assert legal([writes[i] for i in part])
    for part, following in pairwise(parts):
        assert not legal([writes[i] for i in (*part, following[0])])


def legal(writes: list[RowWrite]) -> bool:
    return (
        1 <= len(writes) <= 200
        and sum(w.counted_bytes for w in writes) <= 4 * MIB
        and sum(w.body_bytes for w in writes) <= 5_000_000 - 4096
    )

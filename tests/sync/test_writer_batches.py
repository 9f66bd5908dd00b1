"""Test the packing of writes into batches, on both sides of every limit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_sync import writer
from ots_sync.model import Column, RowWrite
from tests.support.builders import write

MIB = 1024 * 1024


def batch_sizes(writes: list[RowWrite]) -> list[int]:
    return [len(batch) for batch in writer.pack(writes)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(0, []), (1, [1]), (200, [200]), (201, [200, 1]), (400, [200, 200]), (401, [200, 200, 1])],
)
def test_batch_has_at_most_200_rows(rows: int, expected: list[int]) -> None:
    assert batch_sizes([write(action_time=number) for number in range(rows)]) == expected


@pytest.mark.parametrize("over", [0, 1])
def test_batch_has_at_most_4_mib_of_counted_bytes(over: int) -> None:
    one = write(action_time=1, columns=[("a", "x" * MIB)])
    rest = 4 * MIB - 2 * one.counted_bytes
    frame = write(action_time=2, columns=[("a", "x"), ("b", "x")]).counted_bytes - 2
    other = write(
        action_time=2, columns=[("a", "x" * MIB), ("b", "x" * (rest - frame - MIB + over))]
    )
    writes = [one, write(action_time=3, columns=[("a", "x" * MIB)]), other]
    assert sum(w.counted_bytes for w in writes) == 4 * MIB + over
    assert batch_sizes(writes) == ([3] if not over else [2, 1])


def test_batch_of_small_cells_is_within_the_body_limit() -> None:
    """Small cells take more bytes in the body than the service counts.

    Batches limited by the counted bytes alone would exceed 5 MB.
    """
    cells: list[Column] = [(f"{number:014}", True) for number in range(1024)]
    writes = [write(action_time=number, columns=cells) for number in range(200)]
    first, *_ = list(writer.pack(writes))
    assert sum(writes[i].body_bytes for i in first) <= 5_000_000
    assert sum(writes[i].body_bytes for i in (*first, len(first))) > 5_000_000 - 4096
    assert sum(writes[i].counted_bytes for i in (*first, len(first))) < 4 * MIB


ROW_SIZES = st.lists(st.tuples(st.integers(1, 4 * MIB), st.integers(1, 4_990_000)), max_size=600)


@given(ROW_SIZES)
def test_batches_have_every_row_once_in_order_and_are_full(
    sizes: list[tuple[int, int]],
) -> None:
    """Each batch is within the limits, and would not be with the next row."""
    writes = [replace(write(), counted_bytes=c, body_bytes=b) for c, b in sizes]
    batches = list(writer.pack(writes))
    assert [i for batch in batches for i in batch] == list(range(len(writes)))
    for batch in batches:
        assert is_within_limits([writes[i] for i in batch])
    for batch, following in pairwise(batches):
        assert not is_within_limits([writes[i] for i in (*batch, following[0])])


def is_within_limits(writes: list[RowWrite]) -> bool:
    return (
        1 <= len(writes) <= 200
        and sum(w.counted_bytes for w in writes) <= 4 * MIB
        and sum(w.body_bytes for w in writes) <= 5_000_000 - 4096
    )

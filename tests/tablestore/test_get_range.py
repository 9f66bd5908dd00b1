"""GetRange reads rows in key order, between two bounds, page by page."""

from __future__ import annotations

import string
from typing import Any

import pytest
from tablestore import INF_MAX, INF_MIN, OTSClient

from ots_local.tablestore.model import Cell
from ots_local.tablestore.storage import values
from ots_local.tablestore.storage.keys import encode_key
from tests.tablestore.support.clients import batch, make_table, put_item
from tests.tablestore.support.encoded_rows import sortable_key


def read(client: OTSClient, direction: str, start: Any, end: Any, **options: Any) -> list[str]:
    """Read a range of table "t" page by page; return the keys, their columns joined."""
    found: list[str] = []
    while start is not None:
        _, start, rows, _ = client.get_range("t", direction, start, end, **options)
        found += ["".join(str(value) for _, value in row.primary_key) for row in rows]
    return found


def test_pages_of_any_size_return_the_same_rows_in_both_directions(client: OTSClient) -> None:
    make_table(client)
    client.batch_write_row(batch(*[put_item(letter) for letter in string.ascii_letters]))
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    for limit in (1, 7, 52, None):
        assert read(client, "FORWARD", low, high, limit=limit) == sorted(string.ascii_letters)
        backward = read(client, "BACKWARD", high, low, limit=limit)
        assert backward == sorted(string.ascii_letters, reverse=True)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (("a", INF_MIN), ("a", INF_MAX), ["a1", "a2"]),
        (("a", 1), ("a", 2), ["a1"]),
        (("a", 2), ("b", 2), ["a2", "b1"]),
        (("a", INF_MAX), ("c", INF_MIN), ["b1", "b2"]),
        (("a", INF_MAX), ("b", INF_MIN), []),
        ((INF_MIN, 7), (INF_MAX, -7), ["a1", "a2", "b1", "b2"]),
        (("", 0), ("b", 1), ["a1", "a2"]),
    ],
)
def test_start_is_inclusive_and_end_is_exclusive_in_both_directions(
    sdk: OTSClient, start: Any, end: Any, found: list[str]
) -> None:
    make_table(sdk, key=[("id", "STRING"), ("n", "INTEGER")])
    rows = [put_item("x") for _ in range(4)]
    for row, key in zip(rows, ("a1", "a2", "b1", "b2"), strict=True):
        row.row.primary_key = [("id", key[0]), ("n", int(key[1]))]
    sdk.batch_write_row(batch(*rows))

    def bound(key: Any) -> list[tuple[str, Any]]:
        return [("id", key[0]), ("n", key[1])]

    assert read(sdk, "FORWARD", bound(start), bound(end)) == found
    # Backward, the upper bound is the start and therefore inclusive.
    back = read(sdk, "BACKWARD", bound(end), bound(start))
    every = ["a1", "a2", "b1", "b2"]
    low, high = sortable_bound(start), sortable_bound(end)
    expected = [key for key in every if low < sortable_key(key[0], int(key[1])) <= high]
    assert back == expected[::-1]


def sortable_bound(key: Any) -> bytes:
    """Encode a bound as sortable bytes."""
    bounds = {id(INF_MIN): values.INF_MIN, id(INF_MAX): values.INF_MAX}
    return encode_key(
        tuple(
            Cell(b"k", bytes([bounds[id(part)]]) if id(part) in bounds else values.encode(part))
            for part in key
        )
    )


def test_range_omits_rows_without_the_selected_columns(client: OTSClient) -> None:
    """A selected key column returns every row."""
    make_table(client)
    client.batch_write_row(batch(put_item("k", [("a", 1)]), put_item("l", [("b", 2)])))
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    assert read(client, "FORWARD", low, high, columns_to_get=["a"]) == ["k"]
    assert read(client, "FORWARD", low, high, columns_to_get=["z"]) == []
    assert read(client, "FORWARD", low, high, columns_to_get=["z", "id"]) == ["k", "l"]

"""GetRange goes through rows in the order of their keys, from border to border, page by page."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tablestore import INF_MAX, INF_MIN, OTSClient

from ots_local.tablestore import values
from ots_local.tablestore.keys import encode_key
from ots_local.tablestore.rows import Cell
from tests.tablestore.clients import batch, make_table, put_item

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
BINARIES = st.binary(max_size=8)


def sortable(*key: values.Scalar) -> bytes:
    """Encode a key."""
    return encode_key(tuple(Cell(b"k", values.encode(value)) for value in key))


@given(one=st.tuples(TEXTS, INTEGERS, BINARIES), other=st.tuples(TEXTS, INTEGERS, BINARIES))
def test_order_of_keys(one: Any, other: Any) -> None:
    """Encoded keys sort as keys do: strings by UTF-8, integers by value, binaries by bytes."""
    plain = [(key[0].encode(), key[1], key[2]) for key in (one, other)]
    assert (sortable(*one) < sortable(*other)) is (plain[0] < plain[1])


@given(key=st.tuples(TEXTS, INTEGERS, BINARIES), place=st.integers(0, 2))
def test_borders_enclose_keys(key: Any, place: int) -> None:
    """INF_MIN stands before every value of a column, INF_MAX after."""
    cells = [Cell(b"k", values.encode(value)) for value in key]
    low = [*cells[:place], Cell(b"k", bytes([values.INF_MIN])), *cells[place + 1 :]]
    high = [*cells[:place], Cell(b"k", bytes([values.INF_MAX])), *cells[place + 1 :]]
    assert encode_key(tuple(low)) < sortable(*key) < encode_key(tuple(high))


def read(client: OTSClient, direction: str, start: Any, end: Any, **options: Any) -> list[str]:
    """Read a range of table "t" to its end and tell its keys, joined."""
    found: list[str] = []
    while start is not None:
        _, start, rows, _ = client.get_range("t", direction, start, end, **options)
        found += ["".join(str(value) for _, value in row.primary_key) for row in rows]
    return found


def test_pages(client: OTSClient) -> None:
    """Pages of any size, both ways, add up to the same rows."""
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
def test_borders(sdk: OTSClient, start: Any, end: Any, found: list[str]) -> None:
    """The first border belongs to a range and the second does not, forward and backward."""
    make_table(sdk, key=[("id", "STRING"), ("n", "INTEGER")])
    rows = [put_item("x") for _ in range(4)]
    for row, key in zip(rows, ("a1", "a2", "b1", "b2"), strict=True):
        row.row.primary_key = [("id", key[0]), ("n", int(key[1]))]
    sdk.batch_write_row(batch(*rows))

    def border(key: Any) -> list[tuple[str, Any]]:
        return [("id", key[0]), ("n", key[1])]

    assert read(sdk, "FORWARD", border(start), border(end)) == found
    # The same run of keys backwards begins at the last one and ends before the one ahead.
    back = read(sdk, "BACKWARD", border(end), border(start))
    every = ["a1", "a2", "b1", "b2"]
    low, high = sortable_border(start), sortable_border(end)
    expected = [key for key in every if low < sortable(key[0], int(key[1])) <= high]
    assert back == expected[::-1]


def sortable_border(key: Any) -> bytes:
    """Encode a border."""
    borders = {id(INF_MIN): values.INF_MIN, id(INF_MAX): values.INF_MAX}
    return encode_key(
        tuple(
            Cell(b"k", bytes([borders[id(part)]]) if id(part) in borders else values.encode(part))
            for part in key
        )
    )


def test_columns_of_a_range(client: OTSClient) -> None:
    """Rows without the columns asked for do not show, unless a key column is asked for."""
    make_table(client)
    client.batch_write_row(batch(put_item("k", [("a", 1)]), put_item("l", [("b", 2)])))
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    assert read(client, "FORWARD", low, high, columns_to_get=["a"]) == ["k"]
    assert read(client, "FORWARD", low, high, columns_to_get=["z"]) == []
    assert read(client, "FORWARD", low, high, columns_to_get=["z", "id"]) == ["k", "l"]


@settings(max_examples=20, deadline=None)
@given(keys=st.lists(BINARIES, unique=True, max_size=12))
def test_binary_keys(keys: list[bytes]) -> None:
    """Rows of binary keys come in the order of their bytes."""
    from ots_local.tablestore.tables import Tables

    tables = Tables(None)
    number = tables.create("t", "{}")
    tables.put(number, [(sortable(key), 0, key) for key in keys])
    found = [row for _, _, row in tables.scan(number, b"", b"\xff")]
    tables.close()
    assert found == sorted(keys)

"""Encoded primary keys sort in the order of the service."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ots_local.tablestore.model import Cell
from ots_local.tablestore.storage import values
from ots_local.tablestore.storage.database import Database
from ots_local.tablestore.storage.keys import encode_key
from tests.tablestore.support.encoded_rows import sortable_key

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
BINARIES = st.binary(max_size=8)


@given(one=st.tuples(TEXTS, INTEGERS, BINARIES), other=st.tuples(TEXTS, INTEGERS, BINARIES))
def test_encoded_keys_sort_like_keys(one: Any, other: Any) -> None:
    """Strings by UTF-8 bytes, integers by value, binaries by bytes."""
    plain = [(key[0].encode(), key[1], key[2]) for key in (one, other)]
    assert (sortable_key(*one) < sortable_key(*other)) is (plain[0] < plain[1])


@given(key=st.tuples(TEXTS, INTEGERS, BINARIES), column=st.integers(0, 2))
def test_inf_min_sorts_before_and_inf_max_after_every_value(key: Any, column: int) -> None:
    cells = [Cell(b"k", values.encode(value)) for value in key]
    low = [*cells[:column], Cell(b"k", bytes([values.INF_MIN])), *cells[column + 1 :]]
    high = [*cells[:column], Cell(b"k", bytes([values.INF_MAX])), *cells[column + 1 :]]
    assert encode_key(tuple(low)) < sortable_key(*key) < encode_key(tuple(high))


@settings(max_examples=20, deadline=None)
@given(keys=st.lists(BINARIES, unique=True, max_size=12))
def test_database_scans_binary_keys_in_byte_order(keys: list[bytes]) -> None:
    database = Database(None)
    table_id = database.create_table("t", "{}")
    database.put_rows(table_id, [(sortable_key(key), 0, key) for key in keys])
    found = [row for _, _, row in database.scan(table_id, b"", b"\xff")]
    database.close()
    assert found == sorted(keys)

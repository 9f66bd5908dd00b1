"""Generated histories of writes, compared with a dictionary."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tablestore import (
    INF_MAX,
    INF_MIN,
    Condition,
    DeleteRowItem,
    OTSClient,
    PutRowItem,
    Row,
    UpdateRowItem,
)

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import batch, client_of, make_table

KEYS = st.sampled_from(["", "a", "a\0", "aa", "é", "\U0001f600"])
NAMES = st.sampled_from(["a", "b", "c", "A", "_"])
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.binary(max_size=6).map(bytearray),
)
COLUMNS = st.dictionaries(NAMES, VALUES, max_size=4)
WRITES = st.one_of(
    st.tuples(st.just("put"), KEYS, COLUMNS),
    st.tuples(st.just("update"), KEYS, COLUMNS.filter(bool)),
    st.tuples(st.just("remove"), KEYS, st.sets(NAMES, min_size=1, max_size=3)),
    st.tuples(st.just("delete"), KEYS, st.none()),
)
BATCHES = st.lists(st.lists(WRITES, min_size=1, max_size=4, unique_by=lambda write: write[1]))

Model = dict[str, dict[str, Any]]


def item(write: tuple[str, str, Any]) -> Any:
    """Return the batch item of a write."""
    kind, key, columns = write
    names: Any = [("id", key)]
    if kind == "put":
        return PutRowItem(Row(names, list(columns.items())), Condition("IGNORE"))
    if kind == "delete":
        return DeleteRowItem(Row(names), Condition("IGNORE"))
    if kind == "update":
        return UpdateRowItem(Row(names, {"put": list(columns.items())}), Condition("IGNORE"))
    return UpdateRowItem(Row(names, {"delete_all": sorted(columns)}), Condition("IGNORE"))


def apply(model: Model, write: tuple[str, str, Any]) -> None:
    """Apply a write to the model."""
    kind, key, columns = write
    if kind == "put":
        model[key] = dict(columns)
    elif kind == "delete":
        model.pop(key, None)
    elif kind == "update":
        model.setdefault(key, {}).update(columns)
    elif key in model:
        for name in columns:
            model[key].pop(name, None)


def read_all(client: OTSClient) -> list[tuple[str, dict[str, Any]]]:
    """Read all rows of the table in key order."""
    _, after, rows, _ = client.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert after is None
    return [
        (row.primary_key[0][1], {name: value for name, value, _ in row.attribute_columns})
        for row in rows
    ]


@settings(max_examples=40, deadline=None)
@given(native=st.booleans(), batches=BATCHES)
def test_rows_equal_a_model_after_any_history_of_batches(native: bool, batches: list[Any]) -> None:
    """With both codecs; a range returns the rows in key order."""
    with TableStore() as store:
        client = client_of(store, native=native)
        make_table(client)
        model: Model = {}
        for writes in batches:
            assert client.batch_write_row(batch(*map(item, writes))).is_all_succeed()
            for write in writes:
                apply(model, write)
        expected = sorted(model.items(), key=lambda row: row[0].encode())
        assert same(read_all(client), expected)
        assert store.rows("t").keys() == {(key,) for key in model}


def same(found: object, expected: object) -> bool:
    """Compare values and their types: 1, 1.0 and True are different."""
    return repr(found) == repr(sort_columns(expected))


def sort_columns(rows: Any) -> list[tuple[str, dict[str, Any]]]:
    """Sort the columns by name, as the service returns them."""
    return [(key, dict(sorted(columns.items()))) for key, columns in rows]

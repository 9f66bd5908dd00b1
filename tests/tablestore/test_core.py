"""The shortest path through the local Table Store: a row goes in and comes out."""

from __future__ import annotations

from tablestore import (
    CapacityUnit,
    Condition,
    OTSClient,
    ReservedThroughput,
    Row,
    TableMeta,
    TableOptions,
)

from ots_local.tablestore import TableStore


def test_row_comes_back(table_store: TableStore) -> None:
    """What the SDK puts, the SDK and the snapshot see."""
    client = OTSClient(
        table_store.endpoint,
        table_store.access_key_id,
        table_store.access_key_secret,
        table_store.instance,
    )
    meta = TableMeta("people", [("id", "STRING")])
    client.create_table(meta, TableOptions(), ReservedThroughput(CapacityUnit(0, 0)))
    client.put_row("people", Row([("id", "a")], [("age", 7)]), Condition("IGNORE"))
    _, row, _ = client.get_row("people", [("id", "a")])
    assert [column[:2] for column in row.attribute_columns] == [("age", 7)]
    assert table_store.rows("people") == {("a",): {"age": 7}}

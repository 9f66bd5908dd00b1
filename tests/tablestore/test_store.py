"""TableStore, the emulator in the process of a program or test."""

from __future__ import annotations

import pytest
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
from tests.tablestore.support.clients import client_of


def test_row_written_with_the_sdk_is_read_by_the_sdk_and_rows(table_store: TableStore) -> None:
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


def test_environ_contains_the_variables_of_a_client() -> None:
    with TableStore(instance="mine", sts_token="token") as store:
        assert store.environ() == {
            "OTS_ENDPOINT": store.endpoint,
            "OTS_ID": store.access_key_id,
            "OTS_SECRET": store.access_key_secret,
            "OTS_INSTANCE": "mine",
            "OTS_STS_TOKEN": "token",
        }


def test_unknown_flag_is_rejected_at_once() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        TableStore(anything=True)


def test_several_emulators_run_independently_in_one_process() -> None:
    with TableStore() as one, TableStore() as other:
        assert one.endpoint != other.endpoint
        assert client_of(one).list_table() == client_of(other).list_table() == ()

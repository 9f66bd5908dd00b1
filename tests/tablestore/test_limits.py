"""Every limit of the service, on both sides: what just fits is done, one more is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    ComparatorType,
    CompositeColumnCondition,
    Condition,
    LogicalOperator,
    OTSClient,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
)

from ots_local.tablestore import TableStore
from tests.tablestore.clients import (
    batch,
    client_of,
    get,
    make_table,
    put,
    put_item,
    refusal,
    refused,
)
from tests.tablestore.raw import send

MIB = 1024 * 1024


def test_rows_of_a_batch(client: OTSClient) -> None:
    """A BatchWriteRow holds 200 rows."""
    make_table(client)
    rows = [put_item(f"k{number}") for number in range(201)]
    assert client.batch_write_row(batch(*rows[:200])).is_all_succeed()
    with refused("OTSParameterInvalid", "Rows count exceeds the upper limit: 200."):
        client.batch_write_row(batch(*rows))


def test_rows_of_a_batch_get(client: OTSClient) -> None:
    """A BatchGetRow asks for 100 rows."""
    make_table(client)

    def ask(count: int) -> Any:
        request = BatchGetRowRequest()
        keys = [[("id", f"k{number}")] for number in range(count)]
        request.add(TableInBatchGetRowItem("t", keys, [], None, 1))
        return client.batch_get_row(request)

    assert len(ask(100).get_succeed_rows()) == 100
    with refused("OTSParameterInvalid", "Rows count exceeds the upper limit: 100."):
        ask(101)


def rows_of_4_mib(framing: int, *stamp: int) -> list[Any]:
    """Make three rows of 4 MiB, when each has so many bytes beside its value."""
    sizes = (2 * MIB - framing, 2 * MIB - 2 * framing - 1, 1)
    return [
        put_item(f"k{number}", [("a", "x" * size, *stamp)]) for number, size in enumerate(sizes)
    ]


TOO_MUCH = (
    "The total data size of BatchWriteRow request exceeds the limit, "
    f"limit size: {4 * MIB}, data size: {4 * MIB + 1}."
)


@pytest.mark.parametrize("dated", [True, False], ids=["dated", "undated"])
def test_data_of_a_batch(client: OTSClient, dated: bool) -> None:
    """A BatchWriteRow carries 4 MiB of keys, names, values and timestamps, given or not."""
    make_table(client)
    stamp = (int(time.time() * 1000),) if dated else ()
    rows = rows_of_4_mib(len("idk0a") + 8, *stamp)
    assert client.batch_write_row(batch(*rows)).is_all_succeed()
    rows[2] = put_item("k2", [("a", "xx", *stamp)])
    with refused("OTSParameterInvalid", TOO_MUCH):
        client.batch_write_row(batch(*rows))


def test_data_of_a_batch_loosely() -> None:
    """The flag counts the 8 bytes of a timestamp only where it is given."""
    with TableStore(timestamp_bytes=True) as store:
        client = client_of(store)
        make_table(client)
        rows = rows_of_4_mib(len("idk0a"))
        assert client.batch_write_row(batch(*rows)).is_all_succeed()
        rows[2] = put_item("k2", [("a", "xx")])
        with refused("OTSParameterInvalid", TOO_MUCH):
            client.batch_write_row(batch(*rows))


@pytest.mark.parametrize("write", ["PutRow", "UpdateRow"])
def test_data_of_a_row(sdk: OTSClient, write: str) -> None:
    """A PutRow and an UpdateRow carry 4 MiB too."""
    make_table(sdk)

    def call(size: int) -> None:
        cells = [("a", "x" * 2 * MIB), ("b", "x" * size)]
        if write == "PutRow":
            sdk.put_row("t", Row([("id", "k")], cells), Condition("IGNORE"))
        else:
            sdk.update_row("t", Row([("id", "k")], {"put": cells}), Condition("IGNORE"))

    fits = 2 * MIB - (3 + 1 + 1 + 8 + 8)
    call(fits)
    with refused(
        "OTSParameterInvalid",
        f"The total data size of {write} request exceeds the limit, "
        f"limit size: {4 * MIB}, data size: {4 * MIB + 1}.",
    ):
        call(fits + 1)


def test_body(store: TableStore) -> None:
    """A request of more than 5 MB is refused before it is read."""
    assert send(store, "PutRow", b"\0" * 5_000_001).error == (
        413,
        "OTSRequestBodyTooLarge",
        "The size of POST data is too large.",
    )
    assert send(store, "PutRow", b"\0" * 5_000_000).error[1] == "OTSParameterInvalid"


def test_tables(sdk: OTSClient) -> None:
    """An instance has 64 tables."""
    for number in range(64):
        make_table(sdk, f"t{number}")
    with refused("OTSQuotaExhausted", "Number of tables exceeds the quota:64.", 403):
        make_table(sdk, "t64")


def test_pace_of_table_operations() -> None:
    """Where it is asked for, tables are made, changed and deleted so many times a second."""
    with TableStore(table_rate=0.001) as store:
        client = client_of(store)
        make_table(client)
        frequent = ("OTSQuotaExhausted", "Too frequent table operations.", 403)
        assert refusal(lambda: make_table(client, "u")) == frequent
        assert refusal(lambda: client.delete_table("t")) == frequent
        assert client.list_table() == ("t",)


def test_rows_of_a_range(sdk: OTSClient) -> None:
    """A GetRange reads 5,000 rows, shown or not, and says where to go on."""
    make_table(sdk)
    for start in range(0, 5001, 200):
        keys = range(start, min(start + 200, 5001))
        sdk.batch_write_row(batch(*[put_item(f"{key:05d}") for key in keys]))

    def ask(**options: Any) -> tuple[int, Any]:
        low, high = [("id", INF_MIN)], [("id", INF_MAX)]
        _, after, rows, _ = sdk.get_range("t", "FORWARD", low, high, **options)
        return len(rows), after

    assert ask() == (5000, [("id", "05000")])
    assert ask(limit=6000) == (5000, [("id", "05000")])
    assert ask(limit=4999) == (4999, [("id", "04999")])
    hides_all = SingleColumnCondition("a", 2, ComparatorType.EQUAL)
    assert ask(column_filter=hides_all) == (0, [("id", "05000")])
    assert ask(column_filter=hides_all, limit=10) == (0, [("id", "05000")])


def test_data_of_a_range(sdk: OTSClient) -> None:
    """A GetRange stops after 4 MB of data."""
    make_table(sdk)
    for key in "abcde":
        put(sdk, key, [("a", "x" * MIB)])
    _, after, rows, _ = sdk.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert [row.primary_key[0][1] for row in rows] == ["a", "b", "c", "d"]
    assert after == [("id", "e")]


def test_conditions_of_a_filter(sdk: OTSClient) -> None:
    """A filter is made of 10 conditions."""
    make_table(sdk)
    put(sdk, "k")

    def nested(count: int) -> Any:
        found: Any = SingleColumnCondition("a", 1, ComparatorType.EQUAL)
        for _ in range(count - 1):
            both = CompositeColumnCondition(LogicalOperator.AND)
            both.add_sub_condition(found)
            both.add_sub_condition(SingleColumnCondition("a", 1, ComparatorType.EQUAL))
            found = both
        return found

    assert get(sdk, "k", column_filter=nested(10)) == {"a": 1}
    with refused("OTSParameterInvalid", "The count of filter exceeds the max:10."):
        get(sdk, "k", column_filter=nested(11))
    with refused("OTSParameterInvalid", "The count of filter exceeds the max:10."):
        sdk.put_row("t", Row([("id", "k")], [("a", 1)]), Condition("IGNORE", nested(11)))

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


def columns(count: int) -> list[tuple[str, int]]:
    """Make small columns."""
    return [(f"c{number:04d}", number) for number in range(count)]


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


@pytest.mark.parametrize("write", ["put", "update", "delete_all"])
def test_columns_of_a_write(client: OTSClient, write: str) -> None:
    """A row change names 1,024 columns; a stored row may have more."""
    make_table(client)

    def call(cells: list[tuple[str, int]]) -> None:
        row: Any = [("id", "k")]
        if write == "put":
            client.put_row("t", Row(row, cells), Condition("IGNORE"))
        elif write == "update":
            client.update_row("t", Row(row, {"put": cells}), Condition("IGNORE"))
        else:
            names = [name for name, _ in cells]
            client.update_row("t", Row(row, {"delete_all": names}), Condition("IGNORE"))

    call(columns(1024))
    with refused(
        "OTSParameterInvalid",
        "The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.",
    ):
        call(columns(1025))
    client.update_row("t", Row([("id", "k")], {"put": [("more", 1)]}), Condition("IGNORE"))
    assert len(get(client, "k") or {}) == (1 if write == "delete_all" else 1025)


def test_columns_to_get(client: OTSClient) -> None:
    """A read names 128 columns."""
    make_table(client)
    put(client, "k", columns(200))
    names = [name for name, _ in columns(129)]
    assert len(get(client, "k", columns_to_get=names[:128]) or {}) == 128
    with refused(
        "OTSParameterInvalid",
        "The number of columns from the request exceeds the limit, "
        "limit count: 128, column count: 129.",
    ):
        get(client, "k", columns_to_get=names)


def test_columns_to_get_loosely() -> None:
    """The flag lets a read name 1,024 columns, as the official tests do."""
    names = [name for name, _ in columns(1025)]
    with TableStore(columns_to_get=True) as store:
        client = client_of(store)
        make_table(client)
        put(client, "k", columns(1024))
        assert len(get(client, "k", columns_to_get=names[:1024]) or {}) == 1024
        assert "limit count: 1024," in refusal(lambda: get(client, "k", columns_to_get=names))[1]


@pytest.mark.parametrize(
    ("kind", "value"), [("STRING", "x"), ("STRING", "é"), ("BINARY", bytearray(b"\0"))]
)
def test_key_values(client: OTSClient, kind: str, value: Any) -> None:
    """A string or binary in a key has 1,024 bytes."""
    make_table(client, key=[("id", kind)])
    size = len(value.encode() if isinstance(value, str) else value)
    fits = value * (1024 // size)
    client.put_row("t", Row([("id", fits)], [("a", 1)]), Condition("IGNORE"))
    with refused(
        "OTSParameterInvalid",
        "The length of primary key column: 'id' exceeds the MaxLength:1024 "
        f"with CurrentLength:{1024 + size}.",
    ):
        client.put_row("t", Row([("id", fits + value)], [("a", 1)]), Condition("IGNORE"))


@pytest.mark.parametrize("value", ["x", bytearray(b"\0")], ids=["string", "binary"])
def test_values(client: OTSClient, value: Any) -> None:
    """A string or binary attribute has 2 MiB."""
    make_table(client)
    put(client, "k", [("a", value * 2 * MIB)])
    with refused(
        "OTSParameterInvalid",
        "The length of attribute column: 'a' exceeds the MaxLength:2097152 "
        "with CurrentLength:2097153.",
    ):
        put(client, "k", [("a", value * (2 * MIB + 1))])


def test_names(client: OTSClient) -> None:
    """Names of columns and tables have 255 bytes."""
    make_table(client, "t" * 255, key=[("k" * 255, "STRING")])
    make_table(client)
    put(client, "k", [("c" * 255, 1)])
    long = "n" * 256
    with refused("OTSParameterInvalid", f"Invalid column name: '{long}'."):
        put(client, "k", [(long, 1)])
    with refused("OTSParameterInvalid", f"Invalid column name: '{long}'."):
        make_table(client, "u", key=[(long, "STRING")])
    with refused("OTSParameterInvalid", f"Invalid table name: '{long}'."):
        make_table(client, long)


def test_key_columns(client: OTSClient) -> None:
    """A primary key has 1 to 4 columns."""
    key = [(f"k{number}", "STRING") for number in range(5)]
    make_table(client, "one", key=key[:1])
    make_table(client, "four", key=key[:4])
    for wrong in ([], key):
        with refused(
            "OTSParameterInvalid", "The number of primary key columns must be in range: [1, 4]."
        ):
            make_table(client, "none", key=wrong)


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

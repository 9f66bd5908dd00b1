"""The limits of the service: the largest accepted value and the smallest rejected one."""

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
from tests.tablestore.support.clients import (
    batch,
    client_of,
    error_of,
    get,
    make_table,
    put,
    put_item,
    raises,
)
from tests.tablestore.support.raw_http import send

MIB = 1024 * 1024


def test_batch_write_has_at_most_200_rows(client: OTSClient) -> None:
    make_table(client)
    rows = [put_item(f"k{number}") for number in range(201)]
    assert client.batch_write_row(batch(*rows[:200])).is_all_succeed()
    with raises("OTSParameterInvalid", "Rows count exceeds the upper limit: 200."):
        client.batch_write_row(batch(*rows))


def test_batch_get_has_at_most_100_rows(client: OTSClient) -> None:
    make_table(client)

    def read(count: int) -> Any:
        request = BatchGetRowRequest()
        keys = [[("id", f"k{number}")] for number in range(count)]
        request.add(TableInBatchGetRowItem("t", keys, [], None, 1))
        return client.batch_get_row(request)

    assert len(read(100).get_succeed_rows()) == 100
    with raises("OTSParameterInvalid", "Rows count exceeds the upper limit: 100."):
        read(101)


def rows_of_4_mib(overhead: int, *stamp: int) -> list[Any]:
    """Return three rows of 4 MiB in total; `overhead` bytes per row are not in its value."""
    sizes = (2 * MIB - overhead, 2 * MIB - 2 * overhead - 1, 1)
    return [
        put_item(f"k{number}", [("a", "x" * size, *stamp)]) for number, size in enumerate(sizes)
    ]


TOO_MUCH = (
    "The total data size of BatchWriteRow request exceeds the limit, "
    f"limit size: {4 * MIB}, data size: {4 * MIB + 1}."
)


@pytest.mark.parametrize("timestamps", [True, False], ids=["with timestamps", "without timestamps"])
def test_batch_write_has_at_most_4_mib_with_timestamps(client: OTSClient, timestamps: bool) -> None:
    make_table(client)
    stamp = (int(time.time() * 1000),) if timestamps else ()
    rows = rows_of_4_mib(len("idk0a") + 8, *stamp)
    assert client.batch_write_row(batch(*rows)).is_all_succeed()
    rows[2] = put_item("k2", [("a", "xx", *stamp)])
    with raises("OTSParameterInvalid", TOO_MUCH):
        client.batch_write_row(batch(*rows))


def test_lenient_batch_write_counts_explicit_timestamps_only() -> None:
    with TableStore(explicit_timestamp_bytes=True) as store:
        client = client_of(store)
        make_table(client)
        rows = rows_of_4_mib(len("idk0a"))
        assert client.batch_write_row(batch(*rows)).is_all_succeed()
        rows[2] = put_item("k2", [("a", "xx")])
        with raises("OTSParameterInvalid", TOO_MUCH):
            client.batch_write_row(batch(*rows))


@pytest.mark.parametrize("write", ["PutRow", "UpdateRow"])
def test_put_and_update_have_at_most_4_mib(sdk: OTSClient, write: str) -> None:
    make_table(sdk)

    def call(size: int) -> None:
        cells = [("a", "x" * 2 * MIB), ("b", "x" * size)]
        if write == "PutRow":
            sdk.put_row("t", Row([("id", "k")], cells), Condition("IGNORE"))
        else:
            sdk.update_row("t", Row([("id", "k")], {"put": cells}), Condition("IGNORE"))

    largest = 2 * MIB - (3 + 1 + 1 + 8 + 8)
    call(largest)
    with raises(
        "OTSParameterInvalid",
        f"The total data size of {write} request exceeds the limit, "
        f"limit size: {4 * MIB}, data size: {4 * MIB + 1}.",
    ):
        call(largest + 1)


def test_body_has_at_most_5_mb(store: TableStore) -> None:
    assert send(store, "PutRow", b"\0" * 5_000_001).error == (
        413,
        "OTSRequestBodyTooLarge",
        "The size of POST data is too large.",
    )
    assert send(store, "PutRow", b"\0" * 5_000_000).error[1] == "OTSParameterInvalid"


def test_instance_has_at_most_64_tables(sdk: OTSClient) -> None:
    for number in range(64):
        make_table(sdk, f"t{number}")
    with raises("OTSQuotaExhausted", "Number of tables exceeds the quota:64.", 403):
        make_table(sdk, "t64")


def test_table_rate_limits_create_update_and_delete() -> None:
    with TableStore(table_rate=0.001) as store:
        client = client_of(store)
        make_table(client)
        frequent = ("OTSQuotaExhausted", "Too frequent table operations.", 403)
        assert error_of(lambda: make_table(client, "u")) == frequent
        assert error_of(lambda: client.delete_table("t")) == frequent
        assert client.list_table() == ("t",)


def test_range_reads_at_most_5000_rows_before_the_filter(sdk: OTSClient) -> None:
    make_table(sdk)
    for start in range(0, 5001, 200):
        keys = range(start, min(start + 200, 5001))
        sdk.batch_write_row(batch(*[put_item(f"{key:05d}") for key in keys]))

    def read(**options: Any) -> tuple[int, Any]:
        low, high = [("id", INF_MIN)], [("id", INF_MAX)]
        _, after, rows, _ = sdk.get_range("t", "FORWARD", low, high, **options)
        return len(rows), after

    assert read() == (5000, [("id", "05000")])
    assert read(limit=6000) == (5000, [("id", "05000")])
    assert read(limit=4999) == (4999, [("id", "04999")])
    matches_none = SingleColumnCondition("a", 2, ComparatorType.EQUAL)
    assert read(column_filter=matches_none) == (0, [("id", "05000")])
    assert read(column_filter=matches_none, limit=10) == (0, [("id", "05000")])


def test_range_stops_after_4_mib_of_data(sdk: OTSClient) -> None:
    make_table(sdk)
    for key in "abcde":
        put(sdk, key, [("a", "x" * MIB)])
    _, after, rows, _ = sdk.get_range("t", "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)])
    assert [row.primary_key[0][1] for row in rows] == ["a", "b", "c", "d"]
    assert after == [("id", "e")]


def test_filter_has_at_most_10_conditions(sdk: OTSClient) -> None:
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
    with raises("OTSParameterInvalid", "The count of filter exceeds the max:10."):
        get(sdk, "k", column_filter=nested(11))
    with raises("OTSParameterInvalid", "The count of filter exceeds the max:10."):
        sdk.put_row("t", Row([("id", "k")], [("a", 1)]), Condition("IGNORE", nested(11)))


def columns(count: int) -> list[tuple[str, int]]:
    """Return small columns."""
    return [(f"c{number:04d}", number) for number in range(count)]


@pytest.mark.parametrize("write", ["put", "update", "delete_all"])
def test_row_change_has_at_most_1024_columns(client: OTSClient, write: str) -> None:
    """A stored row may have more."""
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
    with raises(
        "OTSParameterInvalid",
        "The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.",
    ):
        call(columns(1025))
    client.update_row("t", Row([("id", "k")], {"put": [("more", 1)]}), Condition("IGNORE"))
    assert len(get(client, "k") or {}) == (1 if write == "delete_all" else 1025)


def test_read_selects_at_most_128_columns(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", columns(200))
    names = [name for name, _ in columns(129)]
    assert len(get(client, "k", columns_to_get=names[:128]) or {}) == 128
    with raises(
        "OTSParameterInvalid",
        "The number of columns from the request exceeds the limit, "
        "limit count: 128, column count: 129.",
    ):
        get(client, "k", columns_to_get=names)


def test_lenient_read_selects_at_most_1024_columns() -> None:
    names = [name for name, _ in columns(1025)]
    with TableStore(many_columns_to_get=True) as store:
        client = client_of(store)
        make_table(client)
        put(client, "k", columns(1024))
        assert len(get(client, "k", columns_to_get=names[:1024]) or {}) == 1024
        assert "limit count: 1024," in error_of(lambda: get(client, "k", columns_to_get=names))[1]


@pytest.mark.parametrize(
    ("kind", "value"), [("STRING", "x"), ("STRING", "é"), ("BINARY", bytearray(b"\0"))]
)
def test_string_or_binary_key_has_at_most_1024_bytes(
    client: OTSClient, kind: str, value: Any
) -> None:
    make_table(client, key=[("id", kind)])
    size = len(value.encode() if isinstance(value, str) else value)
    longest = value * (1024 // size)
    client.put_row("t", Row([("id", longest)], [("a", 1)]), Condition("IGNORE"))
    with raises(
        "OTSParameterInvalid",
        "The length of primary key column: 'id' exceeds the MaxLength:1024 "
        f"with CurrentLength:{1024 + size}.",
    ):
        client.put_row("t", Row([("id", longest + value)], [("a", 1)]), Condition("IGNORE"))


@pytest.mark.parametrize("value", ["x", bytearray(b"\0")], ids=["string", "binary"])
def test_string_or_binary_attribute_has_at_most_2_mib(client: OTSClient, value: Any) -> None:
    make_table(client)
    put(client, "k", [("a", value * 2 * MIB)])
    with raises(
        "OTSParameterInvalid",
        "The length of attribute column: 'a' exceeds the MaxLength:2097152 "
        "with CurrentLength:2097153.",
    ):
        put(client, "k", [("a", value * (2 * MIB + 1))])


def test_name_of_a_table_or_column_has_at_most_255_bytes(client: OTSClient) -> None:
    make_table(client, "t" * 255, key=[("k" * 255, "STRING")])
    make_table(client)
    put(client, "k", [("c" * 255, 1)])
    long = "n" * 256
    with raises("OTSParameterInvalid", f"Invalid column name: '{long}'."):
        put(client, "k", [(long, 1)])
    with raises("OTSParameterInvalid", f"Invalid column name: '{long}'."):
        make_table(client, "u", key=[(long, "STRING")])
    with raises("OTSParameterInvalid", f"Invalid table name: '{long}'."):
        make_table(client, long)


def test_primary_key_has_1_to_4_columns(client: OTSClient) -> None:
    key = [(f"k{number}", "STRING") for number in range(5)]
    make_table(client, "one", key=key[:1])
    make_table(client, "four", key=key[:4])
    for wrong in ([], key):
        with raises(
            "OTSParameterInvalid", "The number of primary key columns must be in range: [1, 4]."
        ):
            make_table(client, "none", key=wrong)

"""CreateTable, ListTable, DescribeTable, UpdateTable and DeleteTable."""

from __future__ import annotations

import pytest
from tablestore import (
    PK_AUTO_INCR,
    CapacityUnit,
    OTSClient,
    ReservedThroughput,
    SecondaryIndexMeta,
    TableMeta,
    TableOptions,
)

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import error_of, get, make_table, put, raises
from tests.tablestore.support.raw_http import send

INVALID = "OTSParameterInvalid"
NO_CAPACITY = ReservedThroughput(CapacityUnit(0, 0))


def test_table_is_described_as_it_was_created(client: OTSClient) -> None:
    key = [("s", "STRING"), ("i", "INTEGER"), ("b", "BINARY"), ("n", "INTEGER", PK_AUTO_INCR)]
    columns = [
        ("a", "INTEGER"),
        ("b2", "BINARY"),
        ("c", "DOUBLE"),
        ("d", "BOOLEAN"),
        ("e", "STRING"),
    ]
    client.create_table(
        TableMeta("t", key, columns),
        TableOptions(1_200_000, 2, 86_401, False),
        ReservedThroughput(CapacityUnit(3, 4)),
    )
    found = client.describe_table("t")
    assert found.table_meta.table_name == "t"
    assert found.table_meta.schema_of_primary_key == key
    assert found.table_meta.defined_columns == columns
    options = found.table_options
    assert (options.time_to_live, options.max_version) == (1_200_000, 2)
    assert (options.max_time_deviation, options.allow_update) == (86_401, False)
    units = found.reserved_throughput_details.capacity_unit
    assert (units.read, units.write) == (3, 4)


def test_tables_are_listed_by_name(client: OTSClient) -> None:
    for name in ("b", "a", "C"):
        make_table(client, name)
    assert client.list_table() == ("C", "a", "b")


def test_update_changes_only_the_given_options_and_capacity(client: OTSClient) -> None:
    make_table(client, max_version=2)
    client.update_table("t", TableOptions(-1, 5, 1000))
    client.update_table("t", reserved_throughput=ReservedThroughput(CapacityUnit(1, 2)))
    found = client.update_table("t", reserved_throughput=ReservedThroughput(CapacityUnit(0, 2)))
    details = found.reserved_throughput_details
    assert (details.capacity_unit.read, details.capacity_unit.write) == (0, 2)
    assert details.last_decrease_time >= details.last_increase_time
    options = client.describe_table("t").table_options
    assert (options.max_version, options.max_time_deviation) == (5, 1000)


def test_table_recreated_after_deletion_is_empty(client: OTSClient) -> None:
    make_table(client)
    put(client, "k")
    client.delete_table("t")
    assert client.list_table() == ()
    absent = ("OTSObjectNotExist", "Requested table does not exist.", 404)
    assert error_of(lambda: client.describe_table("t")) == absent
    make_table(client)
    assert get(client, "k") is None


def test_existing_table_cannot_be_created_again(client: OTSClient) -> None:
    make_table(client)
    with raises("OTSObjectAlreadyExist", "Requested table already exists.", 409):
        make_table(client, key=[("other", "INTEGER")])
    assert client.list_table() == ("t",)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ([("a", "STRING"), ("a", "INTEGER")], "Duplicated primary key name: 'a'."),
        ([("1", "STRING")], "Invalid column name: '1'."),
        (
            [("a", "INTEGER", PK_AUTO_INCR)],
            "First primary key can't be auto increment, table: t.",
        ),
        (
            [("a", "STRING"), ("b", "STRING", PK_AUTO_INCR)],
            "AUTO_INCREMENT primary key must be integer.",
        ),
        (
            [("a", "STRING"), ("b", "INTEGER", PK_AUTO_INCR), ("c", "INTEGER", PK_AUTO_INCR)],
            "AUTO_INCREMENT primary key count must <= 1.",
        ),
    ],
)
def test_invalid_primary_key_definition_is_rejected(
    client: OTSClient, key: list[tuple[str, str]], message: str
) -> None:
    with raises(INVALID, message):
        make_table(client, key=key)
    assert client.list_table() == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((0, 1, 1), "TimeToLive cannot be 0 or less than -1."),
        ((-2, 1, 1), "TimeToLive cannot be 0 or less than -1."),
        ((86_399, 1, 1), "TimeToLive cannot be less than 86400."),
        ((86_400, 1, 1), None),
        ((-1, 0, 1), "The maximum versions cannot be less than or equal to 0."),
        ((-1, 1, -1), "The maximum deviation must be in range [0, INT64_MAX/1000000]."),
        ((-1, 1, (2**63 - 1) // 10**6), None),
        (
            (-1, 1, (2**63 - 1) // 10**6 + 1),
            "The maximum deviation must be in range [0, INT64_MAX/1000000].",
        ),
    ],
)
def test_options_are_validated_on_create_and_update(
    sdk: OTSClient, options: tuple[int, int, int], message: str | None
) -> None:
    make_table(sdk, "other")
    meta = TableMeta("t", [("id", "STRING")])
    if message is None:
        sdk.create_table(meta, TableOptions(*options), NO_CAPACITY)
        sdk.update_table("other", TableOptions(*options))
        return
    with raises(INVALID, message):
        sdk.create_table(meta, TableOptions(*options), NO_CAPACITY)
    with raises(INVALID, message):
        sdk.update_table("other", TableOptions(*options))


def test_negative_capacity_is_rejected(sdk: OTSClient) -> None:
    with raises(INVALID, "Invalid Capacity Unit:-1 . Capacity Unit must be nonnegative."):
        sdk.create_table(
            TableMeta("t", [("id", "STRING")]),
            TableOptions(),
            ReservedThroughput(CapacityUnit(-1, 0)),
        )


def test_table_has_at_most_32_defined_columns(sdk: OTSClient) -> None:
    columns = [(f"c{number}", "STRING") for number in range(33)]
    sdk.create_table(TableMeta("t", [("id", "STRING")], columns[:32]), TableOptions(), NO_CAPACITY)
    with raises(INVALID, "The number of defined columns must be in range: [0, 32]."):
        sdk.create_table(TableMeta("u", [("id", "STRING")], columns), TableOptions(), NO_CAPACITY)


def test_secondary_index_and_unknown_operations_are_rejected(
    sdk: OTSClient, store: TableStore
) -> None:
    index = SecondaryIndexMeta("i", ["a"], [])
    with raises(INVALID, "Secondary indexes are not supported by the local Table Store."):
        sdk.create_table(
            TableMeta("t", [("id", "STRING")], [("a", "STRING")]),
            TableOptions(),
            NO_CAPACITY,
            [index],
        )
    for api in ("CreateIndex", "Search", "StartLocalTransaction", "SQLQuery", "Unknown", ""):
        assert send(store, api, b"").error == (400, INVALID, f"Unsupported operation: {api}.")


def test_list_of_search_indexes_is_empty(sdk: OTSClient) -> None:
    make_table(sdk)
    assert sdk.list_search_index("t") == []
    assert sdk.list_search_index() == []

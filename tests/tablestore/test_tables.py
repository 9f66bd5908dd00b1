"""Tables are made, listed, described, changed and deleted as the service does it."""

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
from tests.tablestore.clients import get, make_table, put, refusal, refused
from tests.tablestore.raw import send

INVALID = "OTSParameterInvalid"
NOTHING = ReservedThroughput(CapacityUnit(0, 0))


def test_description(client: OTSClient) -> None:
    """A table is described as it was made."""
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


def test_list(client: OTSClient) -> None:
    """Tables are listed by name."""
    for name in ("b", "a", "C"):
        make_table(client, name)
    assert client.list_table() == ("C", "a", "b")


def test_changes(client: OTSClient) -> None:
    """Options and capacity are changed each for itself; what is not named stays."""
    make_table(client, max_version=2)
    client.update_table("t", TableOptions(-1, 5, 1000))
    client.update_table("t", reserved_throughput=ReservedThroughput(CapacityUnit(1, 2)))
    found = client.update_table("t", reserved_throughput=ReservedThroughput(CapacityUnit(0, 2)))
    details = found.reserved_throughput_details
    assert (details.capacity_unit.read, details.capacity_unit.write) == (0, 2)
    assert details.last_decrease_time >= details.last_increase_time
    options = client.describe_table("t").table_options
    assert (options.max_version, options.max_time_deviation) == (5, 1000)


def test_a_deleted_table_is_gone(client: OTSClient) -> None:
    """A table made anew under an old name is empty, and may have another key."""
    make_table(client)
    put(client, "k")
    client.delete_table("t")
    assert client.list_table() == ()
    absent = ("OTSObjectNotExist", "Requested table does not exist.", 404)
    assert refusal(lambda: client.describe_table("t")) == absent
    make_table(client)
    assert get(client, "k") is None


def test_a_table_is_made_once(client: OTSClient) -> None:
    """A name is taken once."""
    make_table(client)
    with refused("OTSObjectAlreadyExist", "Requested table already exists.", 409):
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
def test_keys_that_cannot_be(client: OTSClient, key: list[tuple[str, str]], message: str) -> None:
    """A key that no table can have is refused."""
    with refused(INVALID, message):
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
def test_options(sdk: OTSClient, options: tuple[int, int, int], message: str | None) -> None:
    """Options are held to their limits when a table is made and when it is changed."""
    make_table(sdk, "other")
    meta = TableMeta("t", [("id", "STRING")])
    if message is None:
        sdk.create_table(meta, TableOptions(*options), NOTHING)
        sdk.update_table("other", TableOptions(*options))
        return
    with refused(INVALID, message):
        sdk.create_table(meta, TableOptions(*options), NOTHING)
    with refused(INVALID, message):
        sdk.update_table("other", TableOptions(*options))


def test_negative_capacity(sdk: OTSClient) -> None:
    """Capacity cannot be negative."""
    with refused(INVALID, "Invalid Capacity Unit:-1 . Capacity Unit must be nonnegative."):
        sdk.create_table(
            TableMeta("t", [("id", "STRING")]),
            TableOptions(),
            ReservedThroughput(CapacityUnit(-1, 0)),
        )


def test_defined_columns(sdk: OTSClient) -> None:
    """A table has up to 32 defined columns."""
    columns = [(f"c{number}", "STRING") for number in range(33)]
    sdk.create_table(TableMeta("t", [("id", "STRING")], columns[:32]), TableOptions(), NOTHING)
    with refused(INVALID, "The number of defined columns must be in range: [0, 32]."):
        sdk.create_table(TableMeta("u", [("id", "STRING")], columns), TableOptions(), NOTHING)


def test_what_is_not_supported(sdk: OTSClient, store: TableStore) -> None:
    """What this is not says so: secondary indexes, and every other operation."""
    index = SecondaryIndexMeta("i", ["a"], [])
    with refused(INVALID, "Secondary indexes are not supported by the local Table Store."):
        sdk.create_table(
            TableMeta("t", [("id", "STRING")], [("a", "STRING")]), TableOptions(), NOTHING, [index]
        )
    for api in ("CreateIndex", "Search", "StartLocalTransaction", "SQLQuery", "Anything", ""):
        assert send(store, api, b"").error == (400, INVALID, f"Unsupported operation: {api}.")


def test_search_indexes(sdk: OTSClient) -> None:
    """There is no search index, and asking for them is no fault."""
    make_table(sdk)
    assert sdk.list_search_index("t") == []
    assert sdk.list_search_index() == []

"""Versions and timestamps: which versions are stored, read, expired and rejected."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tablestore import Condition, OTSClient, Row, TableOptions

from ots_local.tablestore.fault_injector import FaultInjector
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.model import (
    Cell,
    RowChange,
    Selection,
    TableChanges,
    TableKeys,
    WriteType,
)
from ots_local.tablestore.operations import get as get_operations
from ots_local.tablestore.operations import put as put_operations
from ots_local.tablestore.operations import tables as table_operations
from ots_local.tablestore.settings import Settings
from ots_local.tablestore.storage.database import Database
from ots_local.tablestore.storage.plainbuffer import parse_row
from ots_local.tablestore.storage.schema import KeyColumn, Options, Schema
from ots_local.tablestore.storage.values import STRING, encode
from tests.tablestore.support.clients import get, make_table, put, raises

KEY = [("id", "k")]
DAY = 86_400


@pytest.fixture
def now() -> int:
    """The time in milliseconds."""
    return int(time.time() * 1000)


def versions(client: OTSClient, **options: Any) -> list[tuple[str, Any, int]]:
    """Read every version of the row."""
    _, row, _ = client.get_row("t", KEY, **{"max_version": 100, **options})
    return [] if row is None else list(row.attribute_columns)


def update(client: OTSClient, **change: Any) -> None:
    """Update the row."""
    client.update_row("t", Row(KEY, change), Condition("IGNORE"))


def test_newest_versions_of_a_column_are_stored(client: OTSClient, now: int) -> None:
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in (2, 0, 3, 1)])
    assert versions(client) == [("a", number, now + number) for number in (3, 2, 1)]
    update(client, put=[("a", 9, now - 5), ("b", 1, now)])
    assert versions(client) == [
        *[("a", number, now + number) for number in (3, 2, 1)],
        ("b", 1, now),
    ]
    assert versions(client, max_version=1) == [("a", 3, now + 3), ("b", 1, now)]


def test_largest_timestamp_wins_not_the_last_write(client: OTSClient, now: int) -> None:
    make_table(client)
    put(client, "k", [("a", "new", now)])
    update(client, put=[("a", "old", now - 1)])
    assert versions(client) == [("a", "new", now)]
    put(client, "k", [("a", "old", now - 1)])
    assert versions(client) == [("a", "old", now - 1)]


def test_cell_without_timestamp_gets_the_server_time(client: OTSClient, now: int) -> None:
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2, now - 1000)])
    found = {name: stamp for name, _, stamp in versions(client)}
    assert now <= found["a"] <= int(time.time() * 1000)
    assert found["b"] == now - 1000


def test_delete_removes_one_version_and_delete_all_every_one(client: OTSClient, now: int) -> None:
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    update(client, delete=[("a", None, now + 1)])
    assert [value for _, value, _ in versions(client)] == [2, 0]
    update(client, delete=[("a", None, now + 7)])
    assert [value for _, value, _ in versions(client)] == [2, 0]
    update(client, delete_all=["a"])
    assert versions(client) == []


def test_increment_is_read_although_an_older_timestamp_is_in_the_future(
    sdk: OTSClient, now: int
) -> None:
    make_table(sdk)
    put(sdk, "k", [("a", 1, now + 60_000)])
    update(sdk, increment=[("a", 1)])
    assert get(sdk, "k") == {"a": 2}


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [(0, 1, [0]), (0, 3, [2, 1, 0]), (1, 2, [1]), (3, 9, [])],
)
def test_time_range_returns_versions_from_start_to_before_end(
    client: OTSClient, now: int, low: int, high: int, values: list[int]
) -> None:
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    found = versions(client, time_range=(now + low, now + high))
    assert [value for _, value, _ in found] == values


def test_specific_timestamp_returns_that_version_only(client: OTSClient, now: int) -> None:
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    assert versions(client, time_range=now + 1, max_version=None) == [("a", 1, now + 1)]


@pytest.mark.parametrize("write", ["put", "update"])
def test_timestamp_may_deviate_by_the_seconds_of_the_table(sdk: OTSClient, write: str) -> None:
    make_table(sdk, max_time_deviation=100)

    def call(seconds: int) -> None:
        cells = [("a", 1, (int(time.time()) + seconds) * 1000)]
        if write == "put":
            put(sdk, "k", cells)
        else:
            update(sdk, put=cells)

    for accepted in (-95, 0, 95):
        call(accepted)
    for rejected in (-105, 105):
        with raises("OTSParameterInvalid", "Invalid timestamp. Cell:a."):
            call(rejected)


def test_lower_max_versions_hides_older_versions(client: OTSClient, now: int) -> None:
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    client.update_table("t", TableOptions(-1, 1, DAY))
    assert versions(client) == [("a", 2, now + 2)]


class Clock:
    """A clock that stands still until a test changes it."""

    def __init__(self) -> None:
        """Start in 2026."""
        self.seconds = 1_767_225_600.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The clock of the instance."""
    return Clock()


@pytest.fixture
def instance(clock: Clock) -> Iterator[Instance]:
    """An instance with that clock and a table "t" whose time to live is a day."""
    database = Database(None)
    instance = Instance(Settings(), database, FaultInjector(0), clock)
    key = (KeyColumn("id", STRING),)
    table_operations.create_table(
        instance, Schema("t", key, options=Options(DAY, 2, 2 * DAY, True))
    )
    yield instance
    database.close()


def write(instance: Instance, *cells: Cell, type_: WriteType = WriteType.UPDATE) -> None:
    """Write cells of the row."""
    change = RowChange(type_, (Cell(b"id", encode("k")),), list(cells))
    put_operations.write_row(instance, "UpdateRow", TableChanges("t", [change]), frozenset())


def read(instance: Instance) -> list[tuple[bytes, int | None]] | None:
    """Read the columns of the row with their timestamps; None without a row."""
    key = (Cell(b"id", encode("k")),)
    found = get_operations.get_row(instance, TableKeys("t", [key], Selection(max_versions=9)))
    if not found.row:
        return None
    return [(cell.name, cell.timestamp) for cell in parse_row(found.row)[1]]


def test_versions_expire_and_the_row_remains(instance: Instance, clock: Clock) -> None:
    start = instance.now_ms()
    write(instance, Cell(b"a", encode(1), start - 3_600_000), Cell(b"b", encode(1)))
    clock.seconds += DAY - 3600
    assert read(instance) == [(b"a", start - 3_600_000), (b"b", start)]
    clock.seconds += 0.001
    assert read(instance) == [(b"b", start)]
    clock.seconds += DAY
    assert read(instance) == []


def test_increment_ignores_an_expired_value(instance: Instance, clock: Clock) -> None:
    write(instance, Cell(b"a", encode(5)))
    clock.seconds += DAY + 1
    write(instance, Cell(b"a", encode(2), None, 4))
    assert read(instance) == [(b"a", instance.now_ms())]
    assert _newest(instance) == encode(2)


def _newest(instance: Instance) -> bytes | None:
    key = (Cell(b"id", encode("k")),)
    found = get_operations.get_row(instance, TableKeys("t", [key], Selection(max_versions=1)))
    return parse_row(found.row)[1][0].value

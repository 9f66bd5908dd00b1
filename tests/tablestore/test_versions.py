"""Cells have timestamps: which versions stay, which are read, and when they may be written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tablestore import Condition, OTSClient, Row, TableOptions

from ots_local.tablestore.actions import reading, tables, writing
from ots_local.tablestore.faults import Faults
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.plainbuffer import parse_row
from ots_local.tablestore.rows import Cell, RowChange, Selection, TableChanges, TableKeys, Write
from ots_local.tablestore.schema import KeyColumn, Options, Schema
from ots_local.tablestore.settings import Settings
from ots_local.tablestore.tables import Tables
from ots_local.tablestore.values import STRING, encode
from tests.tablestore.clients import get, make_table, put, refused

KEY = [("id", "k")]
DAY = 86_400


@pytest.fixture
def now() -> int:
    """The time in milliseconds, for writing cells around it."""
    return int(time.time() * 1000)


def versions(client: OTSClient, **options: Any) -> list[tuple[str, Any, int]]:
    """Read every version of the row."""
    _, row, _ = client.get_row("t", KEY, **{"max_version": 100, **options})
    return [] if row is None else list(row.attribute_columns)


def update(client: OTSClient, **change: Any) -> None:
    """Update the row."""
    client.update_row("t", Row(KEY, change), Condition("IGNORE"))


def test_newest_stay(client: OTSClient, now: int) -> None:
    """A table keeps its number of versions of a column, and the newest stay, newest first."""
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in (2, 0, 3, 1)])
    assert versions(client) == [("a", number, now + number) for number in (3, 2, 1)]
    update(client, put=[("a", 9, now - 5), ("b", 1, now)])
    assert versions(client) == [
        *[("a", number, now + number) for number in (3, 2, 1)],
        ("b", 1, now),
    ]
    assert versions(client, max_version=1) == [("a", 3, now + 3), ("b", 1, now)]


def test_an_older_version_does_not_win(client: OTSClient, now: int) -> None:
    """With one version kept, the largest timestamp is what stays, not the last write."""
    make_table(client)
    put(client, "k", [("a", "new", now)])
    update(client, put=[("a", "old", now - 1)])
    assert versions(client) == [("a", "new", now)]
    put(client, "k", [("a", "old", now - 1)])
    assert versions(client) == [("a", "old", now - 1)]


def test_undated_cells_get_the_time(client: OTSClient, now: int) -> None:
    """A cell without a timestamp gets the server's time."""
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2, now - 1000)])
    found = {name: stamp for name, _, stamp in versions(client)}
    assert now <= found["a"] <= int(time.time() * 1000)
    assert found["b"] == now - 1000


def test_deleting_one_version(client: OTSClient, now: int) -> None:
    """DELETE takes one version, DELETE_ALL every one."""
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    update(client, delete=[("a", None, now + 1)])
    assert [value for _, value, _ in versions(client)] == [2, 0]
    update(client, delete=[("a", None, now + 7)])
    assert [value for _, value, _ in versions(client)] == [2, 0]
    update(client, delete_all=["a"])
    assert versions(client) == []


def test_increment_is_what_is_read(sdk: OTSClient, now: int) -> None:
    """An increment is read afterwards, even where the newest version is dated in the future."""
    make_table(sdk)
    put(sdk, "k", [("a", 1, now + 60_000)])
    update(sdk, increment=[("a", 1)])
    assert get(sdk, "k") == {"a": 2}


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [(0, 1, [0]), (0, 3, [2, 1, 0]), (1, 2, [1]), (3, 9, [])],
)
def test_time_range(client: OTSClient, now: int, low: int, high: int, values: list[int]) -> None:
    """A time range shows the versions from its start to before its end."""
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    shown = versions(client, time_range=(now + low, now + high))
    assert [value for _, value, _ in shown] == values


def test_one_timestamp(client: OTSClient, now: int) -> None:
    """A single timestamp shows that version only."""
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    assert versions(client, time_range=now + 1, max_version=None) == [("a", 1, now + 1)]


@pytest.mark.parametrize("write", ["put", "update"])
def test_deviation(sdk: OTSClient, write: str) -> None:
    """A timestamp may be off by the table's deviation and no more (its seconds are what counts)."""
    make_table(sdk, max_time_deviation=100)

    def call(seconds: int) -> None:
        cells = [("a", 1, (int(time.time()) + seconds) * 1000)]
        if write == "put":
            put(sdk, "k", cells)
        else:
            update(sdk, put=cells)

    for fits in (-95, 0, 95):
        call(fits)
    for off in (-105, 105):
        with refused("OTSParameterInvalid", "Invalid timestamp. Cell:a."):
            call(off)


def test_fewer_versions_from_now_on(client: OTSClient, now: int) -> None:
    """When a table is told to keep fewer versions, those beyond are not read any more."""
    make_table(client, max_version=3)
    put(client, "k", [("a", number, now + number) for number in range(3)])
    client.update_table("t", TableOptions(-1, 1, DAY))
    assert versions(client) == [("a", 2, now + 2)]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        """Begin in 2026."""
        self.seconds = 1_767_225_600.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock for one instance."""
    return Clock()


@pytest.fixture
def instance(clock: Clock) -> Iterator[Instance]:
    """An instance under that clock, with table "t" that keeps data for a day."""
    kept = Tables(None)
    made = Instance(Settings(), kept, Faults(0), clock)
    key = (KeyColumn("id", STRING),)
    tables.create_table(made, Schema("t", key, options=Options(DAY, 2, 2 * DAY, True)))
    yield made
    kept.close()


def write(instance: Instance, *cells: Cell, how: Write = Write.UPDATE) -> None:
    """Write the row."""
    change = RowChange(how, (Cell(b"id", encode("k")),), list(cells))
    writing.write_one(instance, "UpdateRow", TableChanges("t", [change]), frozenset())


def read(instance: Instance) -> list[tuple[bytes, int | None]] | None:
    """Read the row's columns and times."""
    key = (Cell(b"id", encode("k")),)
    found = reading.get_row(instance, TableKeys("t", [key], Selection(max_versions=9)))
    if not found.row:
        return None
    return [(cell.name, cell.timestamp) for cell in parse_row(found.row)[1]]


def test_time_to_live(instance: Instance, clock: Clock) -> None:
    """Versions end when they are as old as the table's time to live; the row itself stays."""
    start = instance.now_ms()
    write(instance, Cell(b"a", encode(1), start - 3_600_000), Cell(b"b", encode(1)))
    clock.seconds += DAY - 3600
    assert read(instance) == [(b"a", start - 3_600_000), (b"b", start)]
    clock.seconds += 0.001
    assert read(instance) == [(b"b", start)]
    clock.seconds += DAY
    assert read(instance) == []


def test_increment_of_what_has_ended(instance: Instance, clock: Clock) -> None:
    """What has ended counts for nothing: an increment begins again."""
    write(instance, Cell(b"a", encode(5)))
    clock.seconds += DAY + 1
    write(instance, Cell(b"a", encode(2), None, 4))
    assert read(instance) == [(b"a", instance.now_ms())]
    assert _newest(instance) == encode(2)


def _newest(instance: Instance) -> bytes | None:
    key = (Cell(b"id", encode("k")),)
    found = reading.get_row(instance, TableKeys("t", [key], Selection(max_versions=1)))
    return parse_row(found.row)[1][0].value

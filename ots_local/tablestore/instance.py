"""One instance while it runs: its tables by name, its faults, its locks and its clock, together.

Actions are functions over it. It is used from one thread only, the server's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.faults import Faults
from ots_local.tablestore.pace import Pace
from ots_local.tablestore.schema import Schema, from_json
from ots_local.tablestore.settings import Settings
from ots_local.tablestore.table_rules import check_table_name
from ots_local.tablestore.tables import Tables

RowName = tuple[int, bytes]  # a table's number and a row's sortable key


@dataclass(slots=True)
class Locks:
    """Which rows requests have in hand."""

    held: set[RowName] = field(default_factory=set)

    def take(self, rows: Iterable[RowName]) -> tuple[set[RowName], set[RowName]]:
        """Take rows in hand; tells which were taken, and which another request has."""
        wanted = set(rows)
        busy = wanted & self.held
        taken = wanted - busy
        self.held |= taken
        return taken, busy

    def release(self, taken: set[RowName]) -> None:
        """Let go of rows."""
        self.held -= taken


@dataclass(slots=True)
class Instance:
    """Everything that a request can touch."""

    settings: Settings
    tables: Tables
    faults: Faults
    clock: Callable[[], float]  # seconds since the epoch
    locks: Locks = field(default_factory=Locks)
    known: dict[str, tuple[int, Schema]] = field(default_factory=dict)
    rows_written: Counter[str] = field(default_factory=Counter)  # by operation
    row_errors: Counter[str] = field(default_factory=Counter)  # by code

    table_pace: Pace | None = None

    def __post_init__(self) -> None:
        """Learn which tables there are."""
        if self.settings.table_rate is not None:
            self.table_pace = Pace(self.settings.table_rate)
        for number, definition in self.tables.definitions():
            schema = from_json(definition)
            self.known[schema.name] = (number, schema)

    def find(self, table: str) -> tuple[int, Schema]:
        """Find a table's number and definition.

        Raises:
            ServiceError: OTSObjectNotExist; OTSParameterInvalid when no table can have the name.
        """
        found = self.known.get(table)
        if found is None:
            check_table_name(table)
            raise ServiceError("OTSObjectNotExist")
        return found

    def now_ms(self) -> int:
        """Tell the time in milliseconds since the epoch."""
        return int(self.clock() * 1000)

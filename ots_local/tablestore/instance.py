"""The state of one instance while the emulator runs: tables, faults, row locks, counters, clock.

Operations are functions of an instance. Only the thread of the server uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.fault_injector import FaultInjector
from ots_local.tablestore.settings import Settings
from ots_local.tablestore.storage.database import Database
from ots_local.tablestore.storage.schema import Schema, from_json
from ots_local.tablestore.token_bucket import TokenBucket
from ots_local.tablestore.validate.tables import check_table_name

RowId = tuple[int, bytes]  # table ID, sortable key


@dataclass(slots=True)
class Locks:
    """The rows that running requests write."""

    held: set[RowId] = field(default_factory=set)

    def acquire(self, rows: Iterable[RowId]) -> tuple[set[RowId], set[RowId]]:
        """Lock rows; return those that were locked now and those that another request locks."""
        wanted = set(rows)
        locked = wanted & self.held
        acquired = wanted - locked
        self.held |= acquired
        return acquired, locked

    def release(self, acquired: set[RowId]) -> None:
        """Unlock rows."""
        self.held -= acquired


@dataclass(slots=True)
class Counters:
    """What the emulator did since its start or the last reset."""

    requests: Counter[str] = field(default_factory=Counter)  # by operation
    request_errors: Counter[str] = field(default_factory=Counter)  # by code
    rows_written: Counter[str] = field(default_factory=Counter)  # by operation
    row_errors: Counter[str] = field(default_factory=Counter)  # by code
    in_flight: int = 0
    max_in_flight: int = 0
    late_writes_pending: int = 0  # writes of the fault `late_write` that have not happened yet

    def begin_request(self, api: str) -> None:
        """Count the beginning of a request."""
        self.requests[api] += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def end_request(self) -> None:
        """Count the end of a request."""
        self.in_flight -= 1

    def to_json(self) -> dict[str, Any]:
        """Return the counters as a JSON object."""
        return {
            "requests": dict(self.requests),
            "request_errors": dict(self.request_errors),
            "rows_written": dict(self.rows_written),
            "row_errors": dict(self.row_errors),
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "late_writes_pending": self.late_writes_pending,
        }

    def reset(self) -> None:
        """Set all counters to zero except those of the present state."""
        for counter in (self.requests, self.request_errors, self.rows_written, self.row_errors):
            counter.clear()
        self.max_in_flight = self.in_flight


@dataclass(slots=True)
class Instance:
    """Everything that a request can read or change."""

    settings: Settings
    database: Database
    faults: FaultInjector
    clock: Callable[[], float]  # seconds since the epoch
    counters: Counters = field(default_factory=Counters)
    locks: Locks = field(default_factory=Locks)
    tables: dict[str, tuple[int, Schema]] = field(default_factory=dict)  # by name: ID, definition
    table_rate: TokenBucket | None = None  # limits table operations

    def __post_init__(self) -> None:
        """Load the table definitions."""
        if self.settings.table_rate is not None:
            self.table_rate = TokenBucket(self.settings.table_rate)
        for table_id, definition in self.database.definitions():
            schema = from_json(definition)
            self.tables[schema.name] = (table_id, schema)

    def find(self, table: str) -> tuple[int, Schema]:
        """Return the ID and the definition of a table.

        Raises:
            ServiceError: OTSObjectNotExist; OTSParameterInvalid if no table can have the name.
        """
        found = self.tables.get(table)
        if found is None:
            check_table_name(table)
            raise ServiceError("OTSObjectNotExist")
        return found

    def now_ms(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return int(self.clock() * 1000)

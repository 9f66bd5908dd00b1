"""The nouns of the data API: cells, row changes, conditions, queries and results; no behaviour.

Every room of this package speaks of these; none of them knows how they travel or are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ots_local.tablestore.errors import ServiceError

DELETE_ALL = 1
DELETE_ONE = 3
INCREMENT = 4


class Cell(NamedTuple):
    """One column of one version: name as UTF-8, value as its bytes (see values.py)."""

    name: bytes
    value: bytes | None
    timestamp: int | None = None  # milliseconds since the epoch
    operation: int | None = None  # DELETE_ALL, DELETE_ONE, INCREMENT; None puts


Key = tuple[Cell, ...]  # the primary key's columns in the table's order


class Write(Enum):
    """What a row change does to its row."""

    PUT = 1
    UPDATE = 2
    DELETE = 3


class Existence(Enum):
    """What a row change expects of its row."""

    IGNORE = 0
    EXPECT_EXIST = 1
    EXPECT_NOT_EXIST = 2


class Comparator(Enum):
    """How a column's value is compared; numbers as on the wire."""

    EQUAL = 1
    NOT_EQUAL = 2
    GREATER_THAN = 3
    GREATER_EQUAL = 4
    LESS_THAN = 5
    LESS_EQUAL = 6
    EXIST = 7
    NOT_EXIST = 8


class Combinator(Enum):
    """How filters are combined; numbers as on the wire."""

    NOT = 1
    AND = 2
    OR = 3


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """Compares one column with a value."""

    name: bytes
    comparator: Comparator
    value: bytes
    pass_if_missing: bool
    latest_only: bool
    pattern: str | None = None  # the part of a string that is compared instead of all of it
    cast: int | None = None  # the type that the part is read as


@dataclass(frozen=True, slots=True)
class Combined:
    """Combines other filters."""

    combinator: Combinator
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Lets a window of a row's columns through."""

    offset: int
    limit: int


Filter = ColumnFilter | Combined | Page


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row to write."""

    write: Write
    key: Key
    cells: list[Cell]
    existence: Existence = Existence.IGNORE
    condition: Filter | None = None
    return_key: bool = False
    return_modified: tuple[bytes, ...] = ()  # the columns of RT_AFTER_MODIFY


@dataclass(frozen=True, slots=True)
class TableChanges:
    """The rows that one request writes to one table."""

    table: str
    changes: list[RowChange]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a row a read wants."""

    columns: tuple[bytes, ...] = ()  # none: all
    max_versions: int | None = None
    start_time: int | None = None  # milliseconds, inclusive
    end_time: int | None = None  # milliseconds, exclusive
    filter: Filter | None = None
    start_column: bytes | None = None  # inclusive
    end_column: bytes | None = None  # exclusive


@dataclass(frozen=True, slots=True)
class TableKeys:
    """The rows that one request reads from one table."""

    table: str
    keys: list[Key]
    selection: Selection


@dataclass(frozen=True, slots=True)
class Range:
    """A run of rows in key order to read."""

    table: str
    start: Key
    end: Key
    backward: bool
    limit: int | None
    selection: Selection


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a request: its error, or its capacity and what is returned."""

    error: ServiceError | None = None
    read_units: int = 0
    write_units: int = 0
    row: bytes = b""  # a row as it travels, or nothing


@dataclass(frozen=True, slots=True)
class RangeResult:
    """What a range read found; next_start is where the next read begins, if anywhere."""

    rows: list[bytes]
    read_units: int
    next_start: bytes | None

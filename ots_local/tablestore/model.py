"""Types of the data API: cells, row changes, filters, queries and results.

These types do not depend on the wire format or on the storage.
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
    """One version of a column: UTF-8 name and encoded value (see storage/values.py)."""

    name: bytes
    value: bytes | None
    timestamp: int | None = None  # milliseconds since the epoch
    operation: int | None = None  # DELETE_ALL, DELETE_ONE, INCREMENT; None: put


Key = tuple[Cell, ...]  # the primary key columns in the order of the table


class WriteType(Enum):
    """The type of a row change."""

    PUT = 1
    UPDATE = 2
    DELETE = 3


class RowExistence(Enum):
    """The row existence condition of a row change."""

    IGNORE = 0
    EXPECT_EXIST = 1
    EXPECT_NOT_EXIST = 2


class Comparator(Enum):
    """How a filter compares a column's value; the numbers are those of the wire format."""

    EQUAL = 1
    NOT_EQUAL = 2
    GREATER_THAN = 3
    GREATER_EQUAL = 4
    LESS_THAN = 5
    LESS_EQUAL = 6
    EXIST = 7
    NOT_EXIST = 8


class Combinator(Enum):
    """How a filter combines sub-filters; the numbers are those of the wire format."""

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
    pattern: str | None = None  # compare only the part of a string that this matches
    cast: int | None = None  # the value type that the matched part is converted to


@dataclass(frozen=True, slots=True)
class CompositeFilter:
    """Combines sub-filters."""

    combinator: Combinator
    sub_filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class PaginationFilter:
    """Returns a window of a row's columns."""

    offset: int
    limit: int


Filter = ColumnFilter | CompositeFilter | PaginationFilter


@dataclass(frozen=True, slots=True)
class RowChange:
    """A change of one row."""

    type: WriteType
    key: Key
    cells: list[Cell]
    existence: RowExistence = RowExistence.IGNORE
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
    """The columns and versions of a row that a read returns."""

    columns: tuple[bytes, ...] = ()  # empty: all
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
class RangeQuery:
    """A range of rows to read in key order."""

    table: str
    start: Key
    end: Key
    backward: bool
    limit: int | None
    selection: Selection


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of one row: an error, or the consumed capacity and the returned row."""

    error: ServiceError | None = None
    read_units: int = 0
    write_units: int = 0
    row: bytes = b""  # PlainBuffer, or empty


@dataclass(frozen=True, slots=True)
class RangeResult:
    """The rows of a range; `next_start` is where the next read begins, None at the end."""

    rows: list[bytes]
    read_units: int
    next_start: bytes | None

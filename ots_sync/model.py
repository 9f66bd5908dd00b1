"""Define the data types that the modules of ots-sync pass to each other.

DynamoDB's side: `Image` and `AttributeValue`. Table Store's side: `Column`, `PrimaryKey`,
`RowWrite` and `Row`. A `Change` becomes part of a `Row`; a `Row` gets a `Result`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypedDict

from ots_sync.errors import RejectedError

AttributeValue = Mapping[str, Any]
"""One attribute value in DynamoDB's form: `{"S": "text"}`."""

Image = Mapping[str, Any]
"""An item, or its keys, in DynamoDB's form: attribute name -> AttributeValue."""

ColumnValue = str | int | float | bool | bytearray
"""One column value in Table Store's form; bytearray is Binary, as in the SDK."""

Column = tuple[str, ColumnValue]
"""An attribute column: name and value."""

PrimaryKey = Sequence[tuple[str, str | int | bytearray]]
"""The key columns of a row, in the table's order."""


@dataclass(slots=True)  # not frozen: an invocation makes thousands, and frozen doubles the time
class Change:
    """One change of one item. `record` is the stream record as received, whole."""

    event_name: str
    keys: Image
    new_image: Image | None
    old_image: Image | None
    record: Mapping[str, Any]


class Rejected(NamedTuple):
    """A record that can never be written as it is, whole, and the reason."""

    record: Any
    error: RejectedError


class ColumnChanges(TypedDict, total=False):
    """The column changes of an update, in the SDK's terms."""

    put: list[Column]
    delete_all: list[str]


@dataclass(slots=True)  # not frozen: as Change
class RowWrite:
    """One row of one BatchWriteRow request; `kind` is put, update or delete.

    `delete_columns` are the names that an update deletes. `counted_bytes` is what the service's
    limit for a batch counts; `body_bytes` is an upper bound of the row's size in the request body.
    `only_if_absent` makes a put fail if the row exists.
    """

    kind: str
    primary_key: PrimaryKey
    columns: Sequence[Column]
    delete_columns: Sequence[str]
    counted_bytes: int
    body_bytes: int
    only_if_absent: bool = False


@dataclass(slots=True)  # not frozen: as Change
class Row:
    """One row to write, as one or more writes in order, and the changes that they complete."""

    writes: Sequence[RowWrite]
    changes: Sequence[Change]


class Result(NamedTuple):
    """The result for one row: `state` is written, rejected or unprocessed."""

    state: str
    code: str = ""
    message: str = ""


class Clock(Protocol):
    """The clock that a component uses; the module `time` is one."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def time(self) -> float:
        """Return the time of day in seconds since 1970."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""

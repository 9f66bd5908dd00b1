"""What is known of a table beside its rows: a frozen Schema, to JSON for the storage and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ots_local.tablestore.values import BINARY, BOOLEAN, INTEGER, STRING

# The numbers of key types in a table's definition -> the numbers of values' types.
KEY_TYPES = {1: INTEGER, 2: STRING, 3: BINARY, 5: BOOLEAN}


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column of a primary key; kind is a value type."""

    name: str
    kind: int
    auto_increment: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """A table's options; None in a request means unchanged or the default."""

    time_to_live: int | None = None  # seconds, -1 for ever
    max_versions: int | None = None
    deviation: int | None = None  # seconds that a cell's timestamp may be off
    allow_update: bool | None = None


@dataclass(frozen=True, slots=True)
class Throughput:
    """Reserved capacity units, and when they were last raised and lowered (epoch seconds)."""

    read: int = 0
    write: int = 0
    increased: int = 0
    decreased: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Whether a table keeps a stream; accepted and described, but nothing is recorded."""

    enabled: bool = False
    hours: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Schema:
    """A table's definition."""

    name: str
    key: tuple[KeyColumn, ...]
    defined: tuple[tuple[str, int], ...] = ()
    options: Options = Options(-1, 1, 86400, True)
    throughput: Throughput = Throughput()
    stream: Stream = Stream()
    most_versions: int = 1  # the largest max_versions that it ever had: rows may hold as many

    def to_json(self) -> str:
        """Write the definition down."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class TableUpdate:
    """What to change of a table; None leaves it."""

    table: str
    options: Options | None
    throughput: tuple[int | None, int | None] | None  # read and write units
    stream: Stream | None


def from_json(text: str) -> Schema:
    """Read a definition that `Schema.to_json` wrote."""
    found = json.loads(text)
    return Schema(
        found["name"],
        tuple(KeyColumn(**column) for column in found["key"]),
        tuple((name, kind) for name, kind in found["defined"]),
        Options(**found["options"]),
        Throughput(**found["throughput"]),
        Stream(**found["stream"]),
        found["most_versions"],
    )

"""Definitions of tables, and their JSON form for the storage."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ots_local.tablestore.storage.values import BINARY, BOOLEAN, INTEGER, STRING

# Type numbers of key columns in a table definition -> value types.
KEY_TYPES = {1: INTEGER, 2: STRING, 3: BINARY, 5: BOOLEAN}


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column of a primary key; `kind` is a value type."""

    name: str
    kind: int
    auto_increment: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Table options; None in a request means unchanged or the default."""

    time_to_live: int | None = None  # seconds, -1: no expiry
    max_versions: int | None = None
    deviation: int | None = None  # seconds between a cell's timestamp and the clock
    allow_update: bool | None = None


@dataclass(frozen=True, slots=True)
class Throughput:
    """Reserved capacity units and when they last rose and fell (epoch seconds)."""

    read: int = 0
    write: int = 0
    increased: int = 0
    decreased: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Stream options; the emulator stores and describes them but records no changes."""

    enabled: bool = False
    hours: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Schema:
    """A table definition."""

    name: str
    key: tuple[KeyColumn, ...]
    defined: tuple[tuple[str, int], ...] = ()
    options: Options = Options(-1, 1, 86400, True)
    throughput: Throughput = Throughput()
    stream: Stream = Stream()
    most_versions: int = 1  # the largest max_versions so far: stored rows can hold as many

    def to_json(self) -> str:
        """Serialize the definition."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class TableUpdate:
    """Changes of a table definition; None leaves a part unchanged."""

    table: str
    options: Options | None
    throughput: tuple[int | None, int | None] | None  # read and write units
    stream: Stream | None


def from_json(text: str) -> Schema:
    """Parse a definition that `Schema.to_json` serialized."""
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

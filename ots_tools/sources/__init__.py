"""Read the items of a load in chunks of changes, from a table scan or an export.

A source can be pickled for a worker process, which then opens it. A part is a segment of a table
or a data file of an export. A chunk is written completely or not at all; its cursor is the position
after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ots_sync.model import Change
from ots_tools import aws
from ots_tools.items import item_change, key_attributes
from ots_tools.sources.export import DataFile, ExportLocation, parse_location
from ots_tools.sources.export_lines import check_file, read_lines
from ots_tools.sources.table import scan_pages
from ots_tools.state_file import Cursor

ChunkReader = Callable[[str, str], "Iterator[Chunk]"]
"""Yields the chunks of a part, given the part's name and the position after which to begin."""


class Chunk(NamedTuple):
    """Changes that are written together, the cursor after them, and the read units consumed."""

    changes: Sequence[Change]
    cursor: Cursor
    read_units: float


class Source(Protocol):
    """A place to load items from; it can be pickled."""

    def open(self) -> ChunkReader:
        """Connect, in the process that reads."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """Segments of a table; the name of a part is "number/total"."""

    table: str
    endpoint: str | None
    key_list: Sequence[str]
    consistent: bool
    connections: int

    def open(self) -> ChunkReader:
        """Create the DynamoDB client."""
        client = aws.client("dynamodb", self.endpoint, connections=self.connections)
        return lambda part, position: self._chunks(client, part, position)

    def _chunks(self, client: Any, part: str, position: str) -> Iterator[Chunk]:
        segment, total = map(int, part.split("/"))
        pages = scan_pages(client, self.table, segment, total, position, consistent=self.consistent)
        for page in pages:
            changes = [
                item_change(key_attributes(item, self.key_list), item) for item in page.items
            ]
            yield Chunk(changes, Cursor(page.position, not page.position), page.read_units)


@dataclass(frozen=True, slots=True)
class ExportSource:
    """Data files of an export; a part's name is the file's key, its position a line count."""

    location: str
    kind: str
    files: Mapping[str, DataFile]
    key_list: Sequence[str]

    def open(self) -> ChunkReader:
        """Open the folder or the bucket."""
        location = parse_location(self.location, lambda: aws.client("s3"))
        return lambda part, position: self._chunks(location, self.files[part], int(position or 0))

    def _chunks(self, location: ExportLocation, file: DataFile, line: int) -> Iterator[Chunk]:
        if not line:
            check_file(location, file)
        for changes, next_line in read_lines(location, file, self.kind, self.key_list, line):
            yield Chunk(changes, Cursor(str(next_line), False), 0.0)
        yield Chunk((), Cursor(str(file.items), True), 0.0)

"""Where a load reads from, as data that a worker process can be given; opened, chunks of Changes.

A part is a segment of a table or a file of an export; a chunk is done whole or not at all, and its
cursor says where to go on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ots_sync.model import Change
from ots_tools import aws, export_lines, scan
from ots_tools.exports import DataFile
from ots_tools.items import change_of, keys_of
from ots_tools.places import Place, place
from ots_tools.state import Cursor

Reader = Callable[[str, str], "Iterator[Chunk]"]
"""A part's name and cursor go in, its chunks behind the cursor come out."""


class Chunk(NamedTuple):
    """Changes that are written together, the cursor behind them, and the read units they took."""

    changes: Sequence[Change]
    cursor: Cursor
    read_units: float


class Origin(Protocol):
    """Where a load reads from; it can be pickled."""

    def open(self) -> Reader:
        """Connects, in the process that reads."""


@dataclass(frozen=True, slots=True)
class TableOrigin:
    """Segments of a table; a part's name is "number/total"."""

    table: str
    endpoint: str | None
    key_list: Sequence[str]
    consistent: bool
    connections: int

    def open(self) -> Reader:
        """Makes the client."""
        client = aws.client("dynamodb", self.endpoint, connections=self.connections)
        return lambda part, at: self._chunks(client, part, at)

    def _chunks(self, client: Any, part: str, at: str) -> Iterator[Chunk]:
        number, total = map(int, part.split("/"))
        for page in scan.pages(client, self.table, number, total, at, consistent=self.consistent):
            changes = [change_of(keys_of(item, self.key_list), item) for item in page.items]
            yield Chunk(changes, Cursor(page.cursor, not page.cursor), page.read_units)


@dataclass(frozen=True, slots=True)
class ExportOrigin:
    """Data files of an export; a part's name is the file's key, its cursor the lines done."""

    location: str
    kind: str
    files: Mapping[str, DataFile]
    key_list: Sequence[str]

    def open(self) -> Reader:
        """Opens the folder or the bucket."""
        where = place(self.location, lambda: aws.client("s3"))
        return lambda part, at: self._chunks(where, self.files[part], int(at or 0))

    def _chunks(self, where: Place, file: DataFile, done: int) -> Iterator[Chunk]:
        if not done:
            export_lines.check(where, file)
        for changes, at in export_lines.chunks(where, file, self.kind, self.key_list, done):
            yield Chunk(changes, Cursor(str(at), False), 0.0)
        yield Chunk((), Cursor(str(file.items), True), 0.0)

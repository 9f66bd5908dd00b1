"""Read the lines of an export's data file as changes, in chunks.

A file is streamed, so it is never in memory as a whole, and its checksum is verified before its
first line is used. Errors name the file and the line, never a value.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ots_sync.model import Change
from ots_tools.items import item_change
from ots_tools.migration_rules import KIND_NAMES
from ots_tools.sources.export import DataFile, ExportError, ExportLocation, matches_md5

LINES_PER_CHUNK = 1_000
_READ_BYTES = 1 << 20


class LineChunk(NamedTuple):
    """Changes from some lines of a file, and the number of lines up to their end."""

    changes: Sequence[Change]
    next_line: int


def check_file(location: ExportLocation, file: DataFile) -> None:
    """Read the file once and verify its checksum. Raises ExportError if it does not match."""
    digest = hashlib.md5(usedforsecurity=False)
    with location.open_key(file.key) as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
    if not matches_md5(file.md5, digest.digest()):
        raise ExportError(
            f"{file.key} does not match the checksum in the manifest; nothing of it was loaded. "
            "Copy the file again."
        )


def read_lines(
    location: ExportLocation, file: DataFile, kind: str, key_list: Sequence[str], line: int
) -> Iterator[LineChunk]:
    """Yield the changes after the first `line` lines, which are skipped without parsing.

    Raises ExportError if the file is not what the manifest says.
    """
    position = line
    try:
        with location.open_key(file.key) as stream, gzip.open(stream, "rb") as lines:
            if sum(1 for _ in islice(lines, line)) < line:
                raise ExportError(f"{file.key} has fewer lines than were already loaded.")
            while block := list(islice(lines, LINES_PER_CHUNK)):
                changes = [
                    _parse_line(text, kind, key_list, file.key, position + number)
                    for number, text in enumerate(block, 1)
                ]
                position += len(block)
                yield LineChunk(changes, position)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ExportError(f"{file.key} is cut off or damaged after line {position}.") from None
    if position != file.items:
        raise ExportError(
            f"{file.key} has {position} lines, but the manifest says {file.items}. Copy it again."
        )


def _parse_line(text: bytes, kind: str, key_list: Sequence[str], key: str, number: int) -> Change:
    try:
        entry: Any = json.loads(text)
        if kind == "full":
            return item_change({name: entry["Item"][name] for name in key_list}, entry["Item"])
        return item_change(dict(entry["Keys"]), entry.get("NewImage"))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ExportError(
            f"{key}, line {number} is not a line of a {KIND_NAMES[kind]} with the keys of "
            "PRIMARY_KEY."
        ) from None

"""A data file of an export goes in, its lines as Changes come out, some hundred at a time.

Streamed: never a file whole in memory. The file's checksum is checked before its first line is
given away; refuses a file that is not what the manifest says, naming file and line, never values.
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
from ots_tools.exports import DataFile, ExportError, same_md5
from ots_tools.items import change_of
from ots_tools.places import Place

LINES_PER_CHUNK = 1_000
READ_BYTES = 1 << 20


class Lines(NamedTuple):
    """Some changes of a file, and the number of lines of it that are done when they are."""

    changes: Sequence[Change]
    done: int


def check(place: Place, file: DataFile) -> None:
    """Reads the file once against its checksum. Raises ExportError when it is another."""
    digest = hashlib.md5(usedforsecurity=False)
    with place.open_key(file.key) as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
    if not same_md5(file.md5, digest.digest()):
        raise ExportError(
            f"{file.key} does not match the checksum in the manifest: nothing of it was loaded. "
            "Fetch the file again."
        )


def chunks(
    place: Place, file: DataFile, kind: str, key_list: Sequence[str], done: int
) -> Iterator[Lines]:
    """The changes after the first `done` lines; the lines before are passed over, not parsed."""
    at = done
    try:
        with place.open_key(file.key) as stream, gzip.open(stream, "rb") as lines:
            if sum(1 for _ in islice(lines, done)) < done:
                raise ExportError(f"{file.key} has fewer lines than were loaded before.")
            while block := list(islice(lines, LINES_PER_CHUNK)):
                changes = [
                    _change(line, kind, key_list, file.key, at + number)
                    for number, line in enumerate(block, 1)
                ]
                at += len(block)
                yield Lines(changes, at)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ExportError(f"{file.key} is cut off or damaged after line {at}.") from None
    if at != file.items:
        raise ExportError(
            f"{file.key} holds {at} lines where the manifest says {file.items}: fetch it again."
        )


def _change(line: bytes, kind: str, key_list: Sequence[str], key: str, number: int) -> Change:
    try:
        entry: Any = json.loads(line)
        if kind == "full":
            return change_of({name: entry["Item"][name] for name in key_list}, entry["Item"])
        return change_of(dict(entry["Keys"]), entry.get("NewImage"))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ExportError(
            f"{key}, line {number}: not a line of such an export with the keys of PRIMARY_KEY."
        ) from None

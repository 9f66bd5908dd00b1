"""Compare the keys and digests of two tables on disk, with constant memory.

Each side arrives in its own order, so a merge is not possible. Entries are appended to files by a
hash of the key, and the files are compared pair by pair. A file that is too large is split again.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ots_tools.compare.digests import DIGEST_BYTES, REJECTED

BUFFER_BYTES = 4 << 20
MAX_BUCKET_BYTES = 12 << 20
"""The largest source file that is read into memory, where it takes about three times the space."""
SPLIT_COUNT = 16
_MAX_SPLITS = 8
_LENGTH_BYTES = 4

SOURCE, TARGET = 0, 1


class Entry(NamedTuple):
    """A row of one side: its encoded key, its digest, and for the source the item's key as text."""

    key: bytes
    digest: bytes
    item_key: bytes = b""


class Difference(NamedTuple):
    """A key that differs between the two readings: missing, extra, different or rejected."""

    kind: str
    key: bytes
    item_key: bytes


class Buckets:
    """The entries of both sides in `count` pairs of files in a folder."""

    def __init__(
        self, folder: Path, count: int, *, max_bytes: int = MAX_BUCKET_BYTES, salt: int = 0
    ) -> None:
        self._folder, self._count, self._salt, self._max = folder, count, salt, max_bytes
        self._lock = threading.Lock()
        self._buffers: dict[tuple[int, int], bytearray] = {}
        self._buffered = 0

    def add(self, side: int, entries: Iterable[Entry]) -> None:
        """Add entries of a side; several threads may do so."""
        packed = [(self._bucket(entry.key), _pack(entry)) for entry in entries]
        with self._lock:
            for number, data in packed:
                self._buffers.setdefault((side, number), bytearray()).extend(data)
                self._buffered += len(data)
            if self._buffered > BUFFER_BYTES:
                self._flush()

    def differences(self) -> Iterator[Difference]:
        """Yield the differences, when all entries of both sides were added."""
        with self._lock:
            self._flush()
        for number in range(self._count):
            yield from self._compare(number)

    def _compare(self, number: int) -> Iterator[Difference]:
        source, target = self._path(SOURCE, number), self._path(TARGET, number)
        if source.exists() and source.stat().st_size > self._max and self._salt < _MAX_SPLITS:
            yield from self._split(number)
            return
        unmatched = {entry.key: entry for entry in _read_entries(source)}
        for found in _read_entries(target):
            entry = unmatched.pop(found.key, None)
            if entry is None:
                yield Difference("extra", found.key, b"")
            elif entry.digest == REJECTED:
                yield Difference("rejected", entry.key, entry.item_key)
            elif entry.digest != found.digest:
                yield Difference("different", entry.key, entry.item_key)
        for entry in unmatched.values():
            kind = "rejected" if entry.digest == REJECTED else "missing"
            yield Difference(kind, entry.key, entry.item_key)
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)

    def _split(self, number: int) -> Iterator[Difference]:
        folder = self._folder / f"{number}"
        folder.mkdir()
        smaller = Buckets(folder, SPLIT_COUNT, max_bytes=self._max, salt=self._salt + 1)
        for side in (SOURCE, TARGET):
            path = self._path(side, number)
            for entry in _read_entries(path):
                smaller.add(side, (entry,))
            path.unlink(missing_ok=True)
        yield from smaller.differences()

    def _bucket(self, key: bytes) -> int:
        salt = self._salt.to_bytes(2, "big")
        hashed = hashlib.blake2b(key, digest_size=8, salt=salt).digest()
        return int.from_bytes(hashed, "big") % self._count

    def _path(self, side: int, number: int) -> Path:
        return self._folder / f"{side}-{number}"

    def _flush(self) -> None:
        for (side, number), buffer in self._buffers.items():
            with self._path(side, number).open("ab") as file:
                file.write(buffer)
        self._buffers.clear()
        self._buffered = 0


def _pack(entry: Entry) -> bytes:
    key, digest, item_key = entry
    return b"".join(
        (
            len(key).to_bytes(_LENGTH_BYTES, "big"),
            len(item_key).to_bytes(_LENGTH_BYTES, "big"),
            digest,
            key,
            item_key,
        )
    )


def _read_entries(path: Path) -> Iterator[Entry]:
    if not path.exists():
        return
    with path.open("rb") as file:
        while head := file.read(2 * _LENGTH_BYTES + DIGEST_BYTES):
            key_size = int.from_bytes(head[:_LENGTH_BYTES], "big")
            item_size = int.from_bytes(head[_LENGTH_BYTES : 2 * _LENGTH_BYTES], "big")
            body = file.read(key_size + item_size)
            yield Entry(body[:key_size], head[2 * _LENGTH_BYTES :], body[key_size:])

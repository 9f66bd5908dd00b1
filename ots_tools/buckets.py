"""Keys and digests of two sides go in, in any order; what differs comes out, with flat memory.

Each side is read once in an order of its own, and no merge is possible: entries are appended to
files by a hash of the key, and compared file by file. A file that grew too large is spread again.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ots_tools.digests import DIGEST_BYTES, REFUSED

BUFFER_BYTES = 4 << 20
BUCKET_BYTES_MAX = 12 << 20
"""Of the one side of a bucket that is held in memory; about three times that as Python objects."""
SPREAD = 16
_SALTS = 8
_SIZES = 4

SOURCE, TARGET = 0, 1


class Entry(NamedTuple):
    """A row of one side: what identifies it, its digest, and the item's key as text (source)."""

    key: bytes
    digest: bytes
    item_key: bytes = b""


class Difference(NamedTuple):
    """`kind`: missing, extra, different or refused."""

    kind: str
    key: bytes
    item_key: bytes


class Buckets:
    """Two sides in `count` pairs of files in a folder. `add` is safe for many threads."""

    def __init__(
        self, folder: Path, count: int, *, most_bytes: int = BUCKET_BYTES_MAX, salt: int = 0
    ) -> None:
        self._folder, self._count, self._salt, self._most = folder, count, salt, most_bytes
        self._lock = threading.Lock()
        self._buffers: dict[tuple[int, int], bytearray] = {}
        self._buffered = 0

    def add(self, side: int, entries: Iterable[Entry]) -> None:
        """Takes rows of a side."""
        packed = [(self._bucket(entry.key), _packed(entry)) for entry in entries]
        with self._lock:
            for number, part in packed:
                self._buffers.setdefault((side, number), bytearray()).extend(part)
                self._buffered += len(part)
            if self._buffered > BUFFER_BYTES:
                self._flush()

    def differences(self) -> Iterator[Difference]:
        """What one side has otherwise than the other; call it when both are whole."""
        with self._lock:
            self._flush()
        for number in range(self._count):
            yield from self._compare(number)

    def _compare(self, number: int) -> Iterator[Difference]:
        source, target = self._path(SOURCE, number), self._path(TARGET, number)
        if source.exists() and source.stat().st_size > self._most and self._salt < _SALTS:
            yield from self._spread(number)
            return
        wanted = {entry.key: entry for entry in _entries(source)}
        for found in _entries(target):
            entry = wanted.pop(found.key, None)
            if entry is None:
                yield Difference("extra", found.key, b"")
            elif entry.digest == REFUSED:
                yield Difference("rejected", entry.key, entry.item_key)
            elif entry.digest != found.digest:
                yield Difference("different", entry.key, entry.item_key)
        for entry in wanted.values():
            kind = "rejected" if entry.digest == REFUSED else "missing"
            yield Difference(kind, entry.key, entry.item_key)
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)

    def _spread(self, number: int) -> Iterator[Difference]:
        folder = self._folder / f"{number}"
        folder.mkdir()
        smaller = Buckets(folder, SPREAD, most_bytes=self._most, salt=self._salt + 1)
        for side in (SOURCE, TARGET):
            path = self._path(side, number)
            for entry in _entries(path):
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


def _packed(entry: Entry) -> bytes:
    key, digest, item_key = entry
    return b"".join(
        (
            len(key).to_bytes(_SIZES, "big"),
            len(item_key).to_bytes(_SIZES, "big"),
            digest,
            key,
            item_key,
        )
    )


def _entries(path: Path) -> Iterator[Entry]:
    if not path.exists():
        return
    with path.open("rb") as file:
        while head := file.read(2 * _SIZES + DIGEST_BYTES):
            key_size = int.from_bytes(head[:_SIZES], "big")
            item_size = int.from_bytes(head[_SIZES : 2 * _SIZES], "big")
            body = file.read(key_size + item_size)
            yield Entry(body[:key_size], head[2 * _SIZES :], body[key_size:])

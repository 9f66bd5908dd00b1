"""Keys that differed at the first reading go in; what still differs when it should not comes out.

Both tables are alive, so a difference may be a change on its way. Each key is looked at again: it
is different only if the item was the same at both looks and the row still was not its row. One that
changed is looked at again, and after some rounds is moving.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ots_sync.model import Image
from ots_tools import door, item_reads, target_rows
from ots_tools.buckets import Difference
from ots_tools.digests import REFUSED, Columns, differing, digest, primary_key, wanted
from ots_tools.items import change_of, key_of_text, key_text
from ots_tools.sides import Ends

ROUNDS = 3
KEYS_PER_LOOK = 100


class Finding(NamedTuple):
    """One key that differs for certain. `kind`: missing, extra, different, refused or moving.

    `columns` are the names that differ; `item_key` is '' where the row's item cannot be named.
    """

    kind: str
    item_key: str
    row_key: str
    columns: Sequence[str]
    expected: Columns | None
    found: Columns | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A key at one look; `state` tells whether the item has changed at the next."""

    row_key: str
    item_key: str
    state: str
    at_s: float


class _Look(NamedTuple):
    item: Image | None
    state: str
    expected: Columns | None
    found: Columns | None
    refused: bool

    @property
    def agrees(self) -> bool:
        if self.refused:
            return False
        if self.expected is None or self.found is None:
            return self.expected is self.found
        return digest(self.expected) == digest(self.found)


def settled(
    ends: Ends,
    differences: Iterable[Difference],
    folder: Path,
    settle_s: float,
    tell: Callable[[int], None],
) -> Iterator[Finding]:
    """What differs for certain; `tell` hears of some that have to be. Waits `settle_s` between
    two looks at a key. Memory is flat: what is between two looks waits in a file.
    """
    waiting = folder / "look-0"
    _first_look(ends, differences, waiting, tell)
    for number in range(1, ROUNDS + 1):
        again = folder / f"look-{number}"
        with again.open("w") as file:
            for seen, look in _looked(ends, _read(waiting), settle_s):
                if look.agrees:
                    continue
                if look.state == seen.state:
                    yield _finding(seen, look)
                else:
                    _keep(file, seen.row_key, seen.item_key, look.state)
        waiting.unlink()
        waiting = again
    for seen in _read(waiting):
        yield Finding("unstable", seen.item_key, seen.row_key, (), None, None)


def _first_look(
    ends: Ends,
    differences: Iterable[Difference],
    path: Path,
    tell: Callable[[int], None],
) -> None:
    pairs = (
        (one.key.decode(), one.item_key.decode() or _item_key(one.key, ends)) for one in differences
    )
    with path.open("w") as file:
        for some in _groups(pairs):
            kept = 0
            for (row_key, item_key), look in zip(some, _look(ends, some), strict=True):
                if not look.agrees:
                    _keep(file, row_key, item_key, look.state)
                    kept += 1
            tell(kept)


def _looked(ends: Ends, waiting: Iterable[_Seen], settle_s: float) -> Iterator[tuple[_Seen, _Look]]:
    for some in _groups(waiting):
        time.sleep(max(0.0, some[-1].at_s + settle_s - time.time()))
        looks = _look(ends, [(seen.row_key, seen.item_key) for seen in some])
        yield from zip(some, looks, strict=True)


def _look(ends: Ends, pairs: Sequence[tuple[str, str]]) -> list[_Look]:
    """The row first, then its item: an item that is then as it was before was so all the while."""
    keys = [_row_key(row_key, ends) for row_key, _ in pairs]
    known = [key for key in keys if key is not None]
    read = iter(target_rows.rows_of(ends.store, ends.target, known))
    rows = [next(read) if key is not None else None for key in keys]
    named = [key_of_text(item_key) for _, item_key in pairs if item_key]
    items = iter(item_reads.items_of(ends.dynamodb, ends.table.name, named))
    return [
        _judged(next(items) if item_key else None, key_of_text(item_key or "{}"), row)
        for (_, item_key), row in zip(pairs, rows, strict=True)
    ]


def _judged(item: Image | None, keys: Image, row: Any) -> _Look:
    found = None if row is None else row.columns
    if item is None:
        return _Look(None, "gone", None, found, False)
    good, _ = wanted([change_of(keys, item)], door.rules())
    if not good:
        return _Look(item, REFUSED.hex(), None, found, True)
    expected = good[0][1]
    return _Look(item, digest(expected).hex(), expected, found, False)


def _finding(seen: _Seen, look: _Look) -> Finding:
    if look.refused:
        return Finding("rejected", seen.item_key, seen.row_key, (), None, look.found)
    if look.found is None:
        return Finding("missing", seen.item_key, seen.row_key, (), look.expected, None)
    if look.expected is None:
        return Finding("extra", seen.item_key, seen.row_key, (), None, look.found)
    columns = differing(look.expected, look.found)
    return Finding("different", seen.item_key, seen.row_key, columns, look.expected, look.found)


def _item_key(row_key: bytes, ends: Ends) -> str:
    """The item's key of a row that has none beside it; '' where an edited door gives it another."""
    from ots_tools.attributes import to_attribute

    key = primary_key(row_key, ends.key_list)
    types = ends.table.key_types
    try:
        keys = {name: to_attribute(value, types[name]) for name, value in key}
        same = door.rules().get_primary_key(keys) == key
    except Exception:  # noqa: BLE001 - whatever it is: this row's item cannot be named
        return ""
    return key_text(keys) if same else ""


def _row_key(text: str, ends: Ends) -> Any:
    """None for an item whose key can be no row's."""
    return None if text.startswith("{") else primary_key(text.encode(), ends.key_list)


def _keep(file: Any, row_key: str, item_key: str, state: str) -> None:
    file.write(json.dumps([row_key, item_key, state, time.time()]) + "\n")


def _read(path: Path) -> Iterator[_Seen]:
    with path.open() as file:
        for line in file:
            yield _Seen(*json.loads(line))


def _groups(things: Iterable[Any]) -> Iterator[list[Any]]:
    stream = iter(things)
    while some := list(islice(stream, KEYS_PER_LOOK)):
        yield some

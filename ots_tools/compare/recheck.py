"""Check keys again that differed at the first reading, and report those that really differ.

Both tables are in use, so a difference can be a change that the stream has not written yet. A key
differs if the item was the same at two checks and the row still did not match it. If the item has
changed, the key is checked again; after some rounds it is unstable.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from ots_sync.model import Image
from ots_tools import function
from ots_tools.compare.buckets import Difference
from ots_tools.compare.digests import (
    REJECTED,
    Columns,
    decode_key,
    differing_columns,
    expected_rows,
    row_digest,
)
from ots_tools.compare.table_reader import Tables
from ots_tools.items import item_change, key_from_text, key_to_text, read_items, to_attribute
from ots_tools.target import TargetRow, read_rows

MAX_RECHECKS = 3
KEYS_PER_CHECK = 100


class Finding(NamedTuple):
    """A key that certainly differs: missing, extra, different, rejected or unstable.

    `columns` are the names of differing columns. `item_key` is '' if the row's item is not known.
    """

    kind: str
    item_key: str
    row_key: str
    columns: Sequence[str]
    expected: Columns | None
    found: Columns | None


@dataclass(frozen=True, slots=True)
class PendingKey:
    """A key that waits for its next check; `item_state` shows whether its item has changed."""

    row_key: str
    item_key: str
    item_state: str
    checked_s: float


class Comparison(NamedTuple):
    """An item and its row at one check."""

    item_state: str
    expected: Columns | None
    found: Columns | None
    rejected: bool

    @property
    def matches(self) -> bool:
        """Whether the row is what the item should become."""
        if self.rejected:
            return False
        if self.expected is None or self.found is None:
            return self.expected is self.found
        return row_digest(self.expected) == row_digest(self.found)


def recheck(
    tables: Tables,
    differences: Iterable[Difference],
    folder: Path,
    recheck_after_s: float,
    on_pending: Callable[[int], None],
) -> Iterator[Finding]:
    """Yield the keys that certainly differ, after at least `recheck_after_s` between two checks.

    `on_pending` is called with numbers of keys that have to be checked again. Memory is constant,
    because keys wait in a file.
    """
    pending = folder / "pending-0"
    _first_check(tables, differences, pending, on_pending)
    for number in range(1, MAX_RECHECKS + 1):
        still_pending = folder / f"pending-{number}"
        with still_pending.open("w") as file:
            for key, comparison in _check_when_due(tables, _read(pending), recheck_after_s):
                if comparison.matches:
                    continue
                if comparison.item_state == key.item_state:
                    yield _finding(key, comparison)
                else:
                    _append(file, key.row_key, key.item_key, comparison.item_state)
        pending.unlink()
        pending = still_pending
    for key in _read(pending):
        yield Finding("unstable", key.item_key, key.row_key, (), None, None)


def _first_check(
    tables: Tables,
    differences: Iterable[Difference],
    path: Path,
    on_pending: Callable[[int], None],
) -> None:
    pairs = (
        (one.key.decode(), one.item_key.decode() or _item_key(one.key, tables))
        for one in differences
    )
    with path.open("w") as file:
        for batch in _batches(pairs):
            pending = 0
            for (row_key, item_key), comparison in zip(batch, _check(tables, batch), strict=True):
                if not comparison.matches:
                    _append(file, row_key, item_key, comparison.item_state)
                    pending += 1
            on_pending(pending)


def _check_when_due(
    tables: Tables, pending: Iterable[PendingKey], recheck_after_s: float
) -> Iterator[tuple[PendingKey, Comparison]]:
    for batch in _batches(pending):
        time.sleep(max(0.0, batch[-1].checked_s + recheck_after_s - time.time()))
        comparisons = _check(tables, [(key.row_key, key.item_key) for key in batch])
        yield from zip(batch, comparisons, strict=True)


def _check(tables: Tables, pairs: Sequence[tuple[str, str]]) -> list[Comparison]:
    """Read the rows, then their items: an item that is unchanged was so when its row was read."""
    keys = [_row_key(row_key, tables) for row_key, _ in pairs]
    valid = [key for key in keys if key is not None]
    found = iter(read_rows(tables.tablestore, tables.target, valid))
    rows = [next(found) if key is not None else None for key in keys]
    item_keys = [key_from_text(item_key) for _, item_key in pairs if item_key]
    items = iter(read_items(tables.dynamodb, tables.source.name, item_keys))
    return [
        _compare(next(items) if item_key else None, key_from_text(item_key or "{}"), row)
        for (_, item_key), row in zip(pairs, rows, strict=True)
    ]


def _compare(item: Image | None, keys: Image, row: TargetRow | None) -> Comparison:
    found = None if row is None else row.columns
    if item is None:
        return Comparison("absent", None, found, False)
    rows, _ = expected_rows([item_change(keys, item)], function.row_mapper())
    if not rows:
        return Comparison(REJECTED.hex(), None, found, True)
    expected = rows[0][1]
    return Comparison(row_digest(expected).hex(), expected, found, False)


def _finding(key: PendingKey, comparison: Comparison) -> Finding:
    expected, found = comparison.expected, comparison.found
    if comparison.rejected:
        return Finding("rejected", key.item_key, key.row_key, (), None, found)
    if found is None:
        return Finding("missing", key.item_key, key.row_key, (), expected, None)
    if expected is None:
        return Finding("extra", key.item_key, key.row_key, (), None, found)
    columns = differing_columns(expected, found)
    return Finding("different", key.item_key, key.row_key, columns, expected, found)


def _item_key(row_key: bytes, tables: Tables) -> str:
    """Return the key of a row's item; '' if an edited handler module maps that key differently."""
    key = decode_key(row_key, tables.key_list)
    types = tables.source.key_types
    try:
        keys = {name: to_attribute(value, types[name]) for name, value in key}
        is_same = function.row_mapper().get_primary_key(keys) == key
    except Exception:  # noqa: BLE001 - whatever the cause, the item of this row is not known
        return ""
    return key_to_text(keys) if is_same else ""


def _row_key(text: str, tables: Tables) -> Any:
    """Return the primary key; None for an item whose key is not valid for a row."""
    return None if text.startswith("{") else decode_key(text.encode(), tables.key_list)


def _append(file: IO[str], row_key: str, item_key: str, item_state: str) -> None:
    file.write(json.dumps([row_key, item_key, item_state, time.time()]) + "\n")


def _read(path: Path) -> Iterator[PendingKey]:
    with path.open() as file:
        for line in file:
            yield PendingKey(*json.loads(line))


def _batches(things: Iterable[Any]) -> Iterator[list[Any]]:
    stream = iter(things)
    while batch := list(islice(stream, KEYS_PER_CHECK)):
        yield batch

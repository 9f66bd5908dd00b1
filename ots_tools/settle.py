"""Keys go in, each row is brought to its item's present state; what became of each key comes out.

The rule for every writer that is not the stream: read the item, write it or delete the row, and
once that is acknowledged read the item again, until it is what was written. However often it looked
before it wrote, a writer that does not look afterwards can let a stale value win.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ots_sync import rows, writer
from ots_sync.errors import ConfigurationError
from ots_sync.model import Change, Image
from ots_sync.rows import RowMapper
from ots_sync.writer import WriterContext
from ots_tools.items import change_of

ROUNDS = 10
"""After so many a key is moving: it changes faster than it can be settled, and is left."""

Read = Callable[[Sequence[Image]], Sequence["Image | None"]]
"""The items of some keys as they are now (consistent), by position; None where there is none."""


class Settled(NamedTuple):
    """`state`: done, refused, undone (may succeed later) or moving. `wrote`: put or delete."""

    state: str
    wrote: str = ""
    code: str = ""
    reason: str = ""


MOVING = Settled("unstable", reason=f"it changed {ROUNDS} times while it was being written")


def settle(
    keys: Sequence[Image], read: Read, rules: RowMapper, means: Callable[[], WriterContext]
) -> list[Settled]:
    """What became of each key, by position; each key once. `means` are asked for anew each round.

    That every row is refused with the same words is nothing new among rows that were wrong before,
    though the writer takes it for a fault of the configuration, unless the row is alone: then each
    is settled alone. Raises ConfigurationError where even a row alone meets such a fault.
    """
    try:
        return _settled(keys, read, rules, means)
    except ConfigurationError:
        if len(keys) == 1:
            raise
        return [_settled([key], read, rules, means)[0] for key in keys]


def _settled(
    keys: Sequence[Image], read: Read, rules: RowMapper, means: Callable[[], WriterContext]
) -> list[Settled]:
    ends: list[Settled] = [MOVING] * len(keys)
    left = dict(zip(range(len(keys)), read(keys), strict=True))
    for _ in range(ROUNDS):
        written = _write([change_of(keys[i], item) for i, item in left.items()], rules, means())
        for i, result in zip(left, written, strict=True):
            ends[i] = result
        done = [i for i in left if ends[i].state == "written"]
        now = dict(zip(done, read([keys[i] for i in done]), strict=True)) if done else {}
        left = {i: item for i, item in now.items() if item != left[i]}
        if not left:
            return ends
        for i in left:
            ends[i] = MOVING
    return ends


def _write(changes: Sequence[Change], rules: RowMapper, means: WriterContext) -> list[Settled]:
    """What became of each change's row."""
    to_write, refused = rows.map_changes(changes, rules)
    results, _ = writer.write_rows(to_write, means)
    by_record: Mapping[int, Settled] = {
        **{
            id(change.record): Settled(
                result.state, row.writes[0].kind, result.code, result.message
            )
            for row, result in zip(to_write, results, strict=True)
            for change in row.changes
        },
        **{
            id(one.record): Settled("rejected", "", one.error.code, str(one.error))
            for one in refused
        },
    }
    # A row that could never have been written needs no delete.
    return [by_record.get(id(change.record), Settled("written", "delete")) for change in changes]

"""Keys go in; the row of each ends as its item is at that moment, whatever else writes beside it.

Read the item, write it or delete the row; once that is acknowledged read the item again, and begin
anew until it is what was written. Only then is a key settled: a change that comes later has a
stream record that will be written later. One that changes on and on is moving, and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ots_sync import writer
from ots_sync.changes import Change, Image
from ots_sync.rows import Rules, translate
from ots_sync.writer import Means
from ots_tools.items import change_of

ROUNDS = 10

Read = Callable[[Sequence[Image]], Sequence[Image | None]]
"""The item of each key as it is now, by a consistent read; None where there is none."""


class Settled(NamedTuple):
    """What became of a key: `settled`, `refused`, `undone` or `moving`; the code and words of why.

    refused: the item can be no row. undone: it was not acknowledged. moving: it never stood still.
    """

    state: str
    code: str = ""
    reason: str = ""


SETTLED = Settled("settled")
MOVING = Settled("moving", "Moving", f"the item changed in each of {ROUNDS} rounds")

Write = Callable[[Sequence[Change]], Sequence[Settled]]
"""Writes the rows of changes of different keys; what became of each."""


def settle(keys: Sequence[Image], read: Read, write: Write) -> list[Settled]:
    """Settles keys that are all different; what became of each, by position."""
    found = [MOVING] * len(keys)
    items = dict(enumerate(read(keys)))
    for _ in range(ROUNDS):
        written = write([change_of(keys[i], item) for i, item in items.items()])
        standing = []
        for i, result in zip(items, written, strict=True):
            if result.state == SETTLED.state:
                standing.append(i)
            else:
                found[i] = result
        now = dict(zip(standing, read([keys[i] for i in standing]), strict=True))
        for i in standing:
            if now[i] == items[i]:
                found[i] = SETTLED
                del now[i]
        items = now
        if not items:
            break
    return found


def write_by(rules: Rules, means: Callable[[], Means]) -> Write:
    """Writing by the function's own rules; `means` are made anew for each round."""

    def write(changes: Sequence[Change]) -> list[Settled]:
        if not changes:
            return []
        rows, refused = translate(changes, rules)
        found = {
            id(one.record): Settled("refused", one.error.code, str(one.error)) for one in refused
        }
        results, _ = writer.write(rows, means())
        for row, result in zip(rows, results, strict=True):
            state = SETTLED.state if result.state == "done" else result.state
            for change in row.changes:
                found[id(change.record)] = Settled(state, result.code, result.message)
        # What is in neither needs no writing: a row that could never have been is not to be deleted.
        return [found.get(id(change.record), SETTLED) for change in changes]

    return write

"""Bring rows of the target to the current state of their items while the stream writes as well.

Every writer that is not the stream has to read the item, write or delete the row, and read the item
again after the acknowledgement, until the item is what was written. Without the last read, a stale
value could win, however often the item was read before the write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ots_sync import writer
from ots_sync.errors import ConfigurationError
from ots_sync.model import Change, Image
from ots_sync.rows import RowMapper, map_changes
from ots_sync.writer import WriterContext
from ots_tools.items import item_change

MAX_ROUNDS = 10
"""After so many rounds a key is unstable: its item changes faster than it can be reconciled."""

ReadItems = Callable[[Sequence[Image]], Sequence["Image | None"]]
"""Reads the current items of some keys consistently, by position; None where there is no item."""


class Reconciled(NamedTuple):
    """The result for one key: `state` is written, rejected, unprocessed or unstable.

    `action` is put or delete.
    """

    state: str
    action: str = ""
    code: str = ""
    reason: str = ""


UNSTABLE = Reconciled("unstable", reason=f"the item changed {MAX_ROUNDS} times during the writes")


def reconcile(
    keys: Sequence[Image],
    read_items: ReadItems,
    row_mapper: RowMapper,
    writer_context: Callable[[], WriterContext],
) -> list[Reconciled]:
    """Reconcile distinct keys; return the result of each by position.

    `writer_context` is called for each round. If all rows are rejected alike, the writer assumes a
    configuration error, but among rows that were wrong before this is possible. Each key is then
    reconciled alone. Raises ConfigurationError if that fails for a single key.
    """
    try:
        return _reconcile(keys, read_items, row_mapper, writer_context)
    except ConfigurationError:
        if len(keys) == 1:
            raise
        return [_reconcile([key], read_items, row_mapper, writer_context)[0] for key in keys]


def _reconcile(
    keys: Sequence[Image],
    read_items: ReadItems,
    row_mapper: RowMapper,
    writer_context: Callable[[], WriterContext],
) -> list[Reconciled]:
    results: list[Reconciled] = [UNSTABLE] * len(keys)
    pending = dict(zip(range(len(keys)), read_items(keys), strict=True))
    for _ in range(MAX_ROUNDS):
        changes = [item_change(keys[i], item) for i, item in pending.items()]
        written = _write(changes, row_mapper, writer_context())
        for i, result in zip(pending, written, strict=True):
            results[i] = result
        to_check = [i for i in pending if results[i].state == "written"]
        items = read_items([keys[i] for i in to_check]) if to_check else []
        current = dict(zip(to_check, items, strict=True))
        pending = {i: item for i, item in current.items() if item != pending[i]}
        if not pending:
            return results
        for i in pending:
            results[i] = UNSTABLE
    return results


def _write(
    changes: Sequence[Change], row_mapper: RowMapper, context: WriterContext
) -> list[Reconciled]:
    """Write the row of each change; return the results by position."""
    rows, rejected = map_changes(changes, row_mapper)
    results, _ = writer.write_rows(rows, context)
    by_record: Mapping[int, Reconciled] = {
        **{
            id(change.record): Reconciled(
                result.state, row.writes[0].kind, result.code, result.message
            )
            for row, result in zip(rows, results, strict=True)
            for change in row.changes
        },
        **{
            id(one.record): Reconciled("rejected", "", one.error.code, str(one.error))
            for one in rejected
        },
    }
    # A deleted item whose row could never have been written needs no delete.
    deleted = Reconciled("written", "delete")
    return [by_record.get(id(change.record), deleted) for change in changes]

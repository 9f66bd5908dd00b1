"""The wire goes in, one that writes absent rows only comes out; counts the rows it found there.

For a load beside a live stream: what the stream wrote is newer than what a load carries. A further
step of a wide row is written only where its first was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from ots_sync.rows import row_id
from ots_sync.writer import Send

THERE = "OTSConditionCheckFail"


class AbsentOnly:
    """A `Send` for puts; `present` counts the rows that were there already."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._there: set[object] = set()

    @property
    def present(self) -> int:
        """How many rows were found there."""
        return len(self._there)

    def __call__(self, rows: Sequence[RowWrite]) -> Sequence[TableStoreError | None]:
        """One call; a row that is there already counts as acknowledged."""
        wanted = [
            i
            for i, row in enumerate(rows)
            if row.kind == "put" or row_id(row.primary_key) not in self._there
        ]
        answers: list[TableStoreError | None] = [None] * len(rows)
        if not wanted:
            return answers
        sent = [
            replace(rows[i], only_if_absent=True) if rows[i].kind == "put" else rows[i]
            for i in wanted
        ]
        for i, answer in zip(wanted, self._send(sent), strict=True):
            if answer is not None and answer.code == THERE:
                self._there.add(row_id(rows[i].primary_key))
            else:
                answers[i] = answer
        return answers

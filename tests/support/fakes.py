"""Provide test doubles: a table in memory that applies the service's rules, and a clock.

`InMemoryTable.send` implements the writer's `Send` port. tests/sync/test_client_send_port.py runs
the same tests over it and over the local Table Store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite

Rows = dict[tuple[Any, ...], dict[str, Any]]
"""Columns by the values of a row's primary key, as a snapshot of the local Table Store."""


class InMemoryTable:
    """A table; `calls` has the number of rows of each request."""

    def __init__(self, rows: Rows | None = None) -> None:
        self.rows: Rows = {key: dict(columns) for key, columns in (rows or {}).items()}
        self.calls: list[int] = []

    def send(self, writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        """Execute one BatchWriteRow; raise TableStoreError if it fails as a whole."""
        self.calls.append(len(writes))
        _check(writes)
        return [self._apply(write) for write in writes]

    def _apply(self, write: RowWrite) -> TableStoreError | None:
        key = _key(write)
        if write.only_if_absent and key in self.rows:
            return TableStoreError("OTSConditionCheckFail", "Condition check failed.")
        if write.kind == "delete":
            self.rows.pop(key, None)
        elif write.kind == "put":
            self.rows[key] = _to_snapshot(write.columns)
        elif write.columns or key in self.rows:  # an update that only deletes creates no row
            row = self.rows.setdefault(key, {})
            for name in write.delete_columns:
                row.pop(name, None)
            row.update(_to_snapshot(write.columns))
        return None


def _check(writes: Sequence[RowWrite]) -> None:
    """Raise TableStoreError for a request that the service rejects as a whole."""
    if not 1 <= len(writes) <= 200:
        raise TableStoreError("OTSParameterInvalid", f"{len(writes)} rows in a request")
    if len({_key(write) for write in writes}) < len(writes):
        raise TableStoreError("OTSParameterInvalid", "two rows of a request have the same key")
    if sum(map(_counted_bytes, writes)) > 4 * 1024 * 1024:
        raise TableStoreError("OTSParameterInvalid", "the data of a request is over 4 MiB")
    for write in writes:
        cells = len(write.columns) + len(write.delete_columns)
        if cells > 1024 or (write.kind == "update" and not cells):
            raise TableStoreError("OTSParameterInvalid", f"{cells} columns in a row")


def _counted_bytes(write: RowWrite) -> int:
    """Return what the service counts, computed independently of `rows.py`."""
    cells = [*write.primary_key, *write.columns]
    total = sum(len(name.encode()) + _size(value) for name, value in cells)
    total += sum(len(name.encode()) for name in write.delete_columns)
    return total + 8 * (len(write.columns) + len(write.delete_columns))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytearray) else 1 if isinstance(value, bool) else 8


def _key(write: RowWrite) -> tuple[Any, ...]:
    return tuple(_to_snapshot(write.primary_key).values())


def _to_snapshot(cells: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return cells as in a snapshot of the local Table Store: a binary value is bytes."""
    return {name: bytes(v) if isinstance(v, bytearray) else v for name, v in cells}


def with_types(rows: Rows) -> Any:
    """Return rows with the types of their values, because 2, 2.0 and True are equal in Python."""
    return {
        key: {name: (type(value), value) for name, value in columns.items()}
        for key, columns in rows.items()
    }


class FakeClock:
    """A clock that advances only in `sleep`; `slept` has every duration."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    monotonic = __call__
    time = __call__

    def sleep(self, seconds: float) -> None:
        """Advance the clock without waiting."""
        self.slept.append(seconds)
        self.now_s += seconds

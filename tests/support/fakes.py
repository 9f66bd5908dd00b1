"""Doubles that are real at the seam: a store in memory that keeps the service's rules, and a clock.

`MemoryStore.send` is the port that the writer sends through; the local Table Store and this answer
the same (tests/test_send_port.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite

Rows = dict[tuple[Any, ...], dict[str, Any]]


class MemoryStore:
    """Rows by the values of their key; `calls` holds how many rows each call had."""

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
            self.rows[key] = _plain(write.columns)
        elif write.columns or key in self.rows:  # an update of deletes alone makes no row
            row = self.rows.setdefault(key, {})
            for name in write.delete_columns:
                row.pop(name, None)
            row.update(_plain(write.columns))
        return None


def _check(writes: Sequence[RowWrite]) -> None:
    """Refuses whole what the service refuses whole."""
    if not 1 <= len(writes) <= 200:
        raise TableStoreError("OTSParameterInvalid", f"{len(writes)} rows in a request")
    if len({_key(write) for write in writes}) < len(writes):
        raise TableStoreError("OTSParameterInvalid", "a key stands twice in a request")
    if sum(map(_counted, writes)) > 4 * 1024 * 1024:
        raise TableStoreError("OTSParameterInvalid", "the data of a request is over 4 MiB")
    for write in writes:
        cells = len(write.columns) + len(write.delete_columns)
        if cells > 1024 or (write.kind == "update" and not cells):
            raise TableStoreError("OTSParameterInvalid", f"{cells} columns in a row")


def _counted(write: RowWrite) -> int:
    """What the service counts, reckoned here a second time."""
    cells = [*write.primary_key, *write.columns]
    total = sum(len(name.encode()) + _size(value) for name, value in cells)
    total += sum(len(name.encode()) for name in write.delete_columns)
    return total + 8 * (len(write.columns) + len(write.delete_columns))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytearray) else 1 if isinstance(value, bool) else 8


def _key(write: RowWrite) -> tuple[Any, ...]:
    return tuple(_plain(write.primary_key).values())


def _plain(cells: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Cells as a snapshot of the local Table Store has them: a binary is bytes."""
    return {name: bytes(v) if isinstance(v, bytearray) else v for name, v in cells}


def typed(rows: Rows) -> Any:
    """Rows with the types of their values, to compare: 2, 2.0 and True are three columns."""
    return {
        key: {name: (type(value), value) for name, value in columns.items()}
        for key, columns in rows.items()
    }


class FakeClock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    monotonic = __call__
    time = __call__

    def sleep(self, seconds: float) -> None:
        """Lets the time pass at once."""
        self.slept.append(seconds)
        self.now_s += seconds

"""The cells of one row go in, the writes that set them come out, each within Table Store's limits.

One write for almost every row; an item of more columns than one write takes becomes several steps,
in order: the first of its own kind, the rest updates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ots_sync.limits import (
    BATCH_COUNTED_BYTES,
    BODY_BYTES_PER_CELL,
    BODY_BYTES_PER_ROW,
    CELL_TIMESTAMP_BYTES,
    COLUMNS_PER_WRITE,
)
from ots_sync.measure import Column, PrimaryKey, name_bytes, value_bytes


@dataclass(slots=True)  # not frozen: thousands are made per invocation, and frozen cost double
class RowWrite:
    """One row of one BatchWriteRow: `kind` is put, update or delete.

    `only_if_absent` makes a put fail where the row exists; a load beside a live stream needs it.
    `counted_bytes` is what the service's limit of a batch counts, `body_bytes` at least what the
    row takes in the body of the request.
    """

    kind: str
    primary_key: PrimaryKey
    columns: Sequence[Column]
    deleted: Sequence[str]
    counted_bytes: int
    body_bytes: int
    only_if_absent: bool = False


def steps(
    kind: str,
    primary_key: PrimaryKey,
    key_size: int,
    columns: Sequence[Column],
    deleted: Sequence[str],
    size: int,
) -> Sequence[RowWrite]:
    """The writes that set these cells; `size` is what names and values of the cells count.

    What keeps to the counted bytes and to the columns of a write is far within a body.
    """
    write = _write(kind, primary_key, key_size, columns, deleted, size)
    if (
        write.counted_bytes <= BATCH_COUNTED_BYTES
        and len(columns) + len(deleted) <= COLUMNS_PER_WRITE
    ):
        return (write,)
    return tuple(_cut(write, key_size))


def _write(
    kind: str,
    primary_key: PrimaryKey,
    key_size: int,
    columns: Sequence[Column],
    deleted: Sequence[str],
    size: int,
) -> RowWrite:
    cells = len(columns) + len(deleted)
    counted = key_size + size + CELL_TIMESTAMP_BYTES * cells
    body = key_size + size + BODY_BYTES_PER_CELL * (cells + len(primary_key)) + BODY_BYTES_PER_ROW
    return RowWrite(kind, primary_key, columns, deleted, counted, body)


def _cut(write: RowWrite, key_size: int) -> Iterator[RowWrite]:
    """A wide write as writes within the limits: the first of its own kind, the rest updates."""
    kind, columns, deleted, size = write.kind, list[Column](), list[str](), 0
    cells: list[tuple[str, Column | None]] = [(column[0], column) for column in write.columns]
    cells += [(name, None) for name in write.deleted]
    for name, column in cells:
        more = name_bytes(name) + (0 if column is None else value_bytes(column[1]))
        step = _write(kind, write.primary_key, key_size, columns, deleted, size)
        if (
            len(columns) + len(deleted) == COLUMNS_PER_WRITE
            or step.counted_bytes + CELL_TIMESTAMP_BYTES + more > BATCH_COUNTED_BYTES
        ):
            yield step
            kind, columns, deleted, size = "update", [], [], 0
        size += more
        if column is None:
            deleted.append(name)
        else:
            columns.append(column)
    yield _write(kind, write.primary_key, key_size, columns, deleted, size)

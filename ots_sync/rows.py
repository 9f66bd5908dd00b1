"""Build one row per primary key from its changes: a put, an update or a delete.

All changes of a key are grouped first, and only the final state is written. A row that can never be
written is rejected with all its records. docs/architecture.md describes the rules of MODIFY. The
limits: https://www.alibabacloud.com/help/en/tablestore/product-overview/limits-on-wide-column-model
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ots_sync.errors import ConfigurationError, RejectedError, describe_unexpected, quoted
from ots_sync.limits import (
    BATCH_COUNTED_BYTES,
    BODY_BYTES_PER_CELL,
    BODY_BYTES_PER_ROW,
    BOOLEAN_BYTES,
    CELL_TIMESTAMP_BYTES,
    COLUMN_VALUE_BYTES,
    COLUMNS_PER_WRITE,
    INTEGER_MAX,
    INTEGER_MIN,
    KEY_VALUE_BYTES,
    NUMBER_BYTES,
)
from ots_sync.model import Change, Column, ColumnChanges, Image, PrimaryKey, Rejected, Row, RowWrite


@dataclass(frozen=True, slots=True)
class RowMapper:
    """The functions of lambda_function.py that map items to rows, and the names of the keys."""

    key_list: Sequence[str]
    get_primary_key: Callable[[Image], PrimaryKey]
    generate_attribute: Callable[[Image, Sequence[str]], list[Column]]
    generate_update_attribute: Callable[[Image, Image, Sequence[str]], ColumnChanges]


@dataclass(slots=True)
class KeyChanges:
    """All changes of one key, in order; `key_size` is the counted size of the key in bytes."""

    primary_key: PrimaryKey
    key_size: int
    changes: list[Change]


def row_id(primary_key: PrimaryKey) -> Hashable:
    """Return a value that is equal for equal primary keys."""
    return tuple([bytes(v) if type(v) is bytearray else v for _, v in primary_key])


def map_changes(
    changes: Sequence[Change], row_mapper: RowMapper
) -> tuple[list[Row], list[Rejected]]:
    """Return the rows of these changes, ordered by first change, and the rejected records.

    Raises ConfigurationError if the keys are not those of the table.
    """
    groups, rejected = group_by_key(changes, row_mapper)
    return list(build_rows(groups, row_mapper, rejected)), rejected


def group_by_key(
    changes: Sequence[Change], row_mapper: RowMapper
) -> tuple[list[KeyChanges], list[Rejected]]:
    """Return the changes by key, ordered by first change, and the records without a valid key.

    Raises ConfigurationError if the keys are not those of the table.
    """
    rejected: list[Rejected] = []
    groups: dict[Hashable, KeyChanges] = {}
    for change in changes:
        try:
            primary_key = row_mapper.get_primary_key(change.keys)
            size = key_size(primary_key)
            key = row_id(primary_key)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop the others
            # A row that could never be written needs no delete. After an unexpected error it is
            # unknown whether the row was written.
            if change.event_name != "REMOVE" or not isinstance(error, RejectedError):
                rejected.append(Rejected(change.record, _as_rejection(error)))
            continue
        group = groups.get(key)
        if group is None:
            groups[key] = KeyChanges(primary_key, size, [change])
        else:
            group.changes.append(change)
    return list(groups.values()), rejected


def build_rows(
    groups: Iterable[KeyChanges], row_mapper: RowMapper, rejected: list[Rejected]
) -> Iterator[Row]:
    """Yield the row of each group; add the records of a row that can never be written to
    `rejected`.
    """
    for group in groups:
        try:
            row = build_row(group, row_mapper)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            rejected += [Rejected(change.record, _as_rejection(error)) for change in group.changes]
        else:
            yield row


def _as_rejection(error: Exception) -> RejectedError:
    if isinstance(error, RejectedError):
        return error
    return RejectedError("Unexpected", describe_unexpected(error))


def build_row(group: KeyChanges, row_mapper: RowMapper) -> Row:
    """Return the write that brings the row to the state after the last change.

    Raises RejectedError if that state can never be written.
    """
    primary_key, changes = group.primary_key, group.changes
    image = changes[-1].new_image
    if image is None:
        return Row(split_write("delete", primary_key, group.key_size, (), (), 0), changes)
    if _needs_put(changes, image, row_mapper):
        columns: Sequence[Column] = row_mapper.generate_attribute(image, row_mapper.key_list)
        delete_columns: Sequence[str] = ()
        kind = "put"
    else:
        update = row_mapper.generate_update_attribute(
            image, _earlier_attributes(changes), row_mapper.key_list
        )
        columns, delete_columns, kind = (
            update.get("put", ()),
            update.get("delete_all", ()),
            "update",
        )
        if not columns:  # an update that only deletes would not create a missing row
            columns = row_mapper.generate_attribute(image, row_mapper.key_list)
            delete_columns, kind = (), "put"
    size = columns_size(columns, row_mapper.key_list)
    if delete_columns:
        size += sum(map(name_size, delete_columns))
    writes = split_write(kind, primary_key, group.key_size, columns, delete_columns, size)
    return Row(writes, changes)


def _needs_put(changes: Sequence[Change], image: Image, row_mapper: RowMapper) -> bool:
    """Return whether the whole row is put: its earlier state is unknown, or was never written."""
    for change in changes:
        if change.event_name != "MODIFY" or not change.old_image:
            return True
    return not all(_is_writable(one, image, row_mapper) for one in _earlier_images(changes))


def _earlier_images(changes: Sequence[Change]) -> Iterator[Image]:
    for change in changes:
        if change.old_image:
            yield change.old_image
        if change is not changes[-1] and change.new_image:
            yield change.new_image


def _earlier_attributes(changes: Sequence[Change]) -> Image:
    """Return every attribute of every earlier image."""
    if len(changes) == 1:
        return changes[0].old_image or {}
    return {name: value for image in _earlier_images(changes) for name, value in image.items()}


def _is_writable(earlier: Image, image: Image, row_mapper: RowMapper) -> bool:
    """Return whether an earlier image could be written; equal attributes of `image` can be."""
    differing = {
        name: value for name, value in earlier.items() if name not in image or image[name] != value
    }
    if not differing:
        return True
    try:
        columns = row_mapper.generate_attribute(differing, row_mapper.key_list)
        columns_size(columns, row_mapper.key_list)
    except Exception:  # noqa: BLE001 - whatever rejected it leaves the row's state unknown
        return False
    return True


# Sizes: the bytes that Table Store counts. Everything that lambda_function.py returns is measured,
# so a value that Table Store cannot store is rejected here.


def key_size(primary_key: PrimaryKey) -> int:
    """Return the counted bytes of a primary key; raises RejectedError if a value is too long."""
    total = 0
    for name, value in primary_key:
        size = len(value) if type(value) is str and value.isascii() else value_size(value)
        if size > KEY_VALUE_BYTES:
            raise RejectedError(
                "KeyLength",
                f"key column {name} has {size} bytes; at most {KEY_VALUE_BYTES} are valid",
            )
        total += len(name) + size
    return total


def value_size(value: Any) -> int:
    """Return the counted bytes of a value; raises RejectedError if Table Store cannot store it."""
    kind = type(value)
    if kind is str:
        if value.isascii():
            return len(value)
        try:
            return len(value.encode())
        except UnicodeEncodeError:
            raise RejectedError("Text", "text with a lone surrogate is not valid UTF-8") from None
    if kind is int:
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return NUMBER_BYTES
        raise RejectedError("IntegerRange", "an integer is not within 64 bits")
    if kind is bytearray:
        return len(value)
    if kind is bool:
        return BOOLEAN_BYTES
    if kind is float:
        if isfinite(value):
            return NUMBER_BYTES
        raise RejectedError("DoubleRange", "a double is not a finite number")
    raise RejectedError(
        "ValueType",
        f"a column value has type {kind.__name__}; use str, int, float, bool or bytearray",
    )


def columns_size(columns: Sequence[Column], key_list: Sequence[str]) -> int:
    """Return the counted bytes of names and values; raises RejectedError for an invalid column."""
    names = [column[0] for column in columns]
    for key in key_list:
        if key in names:
            raise RejectedError(
                "ColumnName", f"column {quoted(key)} has the same name as a key column"
            )
    total = name_size("".join(names))
    for name, value in columns:
        try:
            size = len(value) if type(value) is str and value.isascii() else value_size(value)
        except RejectedError as error:
            raise RejectedError(error.code, f"column {quoted(name)}: {error}") from None
        if size > COLUMN_VALUE_BYTES:
            raise RejectedError(
                "ColumnLength",
                f"column {quoted(name)} has {size} bytes; at most {COLUMN_VALUE_BYTES} are valid",
            )
        total += size
    return total


def name_size(name: str) -> int:
    """Return the counted bytes of a column name, or of several joined names."""
    return len(name) if name.isascii() else len(name.encode())


# Splitting: one write for almost every row. An item with more columns than one write allows takes
# several writes in order: the first of the row's kind, then updates.


def split_write(
    kind: str,
    primary_key: PrimaryKey,
    key_size: int,
    columns: Sequence[Column],
    delete_columns: Sequence[str],
    size: int,
) -> Sequence[RowWrite]:
    """Return the writes for these columns, each within the limits of one write.

    `size` is the counted size of all names and values. A write within the limits for counted bytes
    and columns is always within the limit for the request body.
    """
    write = _row_write(kind, primary_key, key_size, columns, delete_columns, size)
    if (
        write.counted_bytes <= BATCH_COUNTED_BYTES
        and len(columns) + len(delete_columns) <= COLUMNS_PER_WRITE
    ):
        return (write,)
    return tuple(_split(write, key_size))


def _row_write(
    kind: str,
    primary_key: PrimaryKey,
    key_size: int,
    columns: Sequence[Column],
    delete_columns: Sequence[str],
    size: int,
) -> RowWrite:
    cells = len(columns) + len(delete_columns)
    counted = key_size + size + CELL_TIMESTAMP_BYTES * cells
    body = key_size + size + BODY_BYTES_PER_CELL * (cells + len(primary_key)) + BODY_BYTES_PER_ROW
    return RowWrite(kind, primary_key, columns, delete_columns, counted, body)


def _split(write: RowWrite, key_size: int) -> Iterator[RowWrite]:
    kind, columns, delete_columns, size = write.kind, list[Column](), list[str](), 0
    cells: list[tuple[str, Column | None]] = [(column[0], column) for column in write.columns]
    cells += [(name, None) for name in write.delete_columns]
    for name, column in cells:
        cell_size = name_size(name) + (0 if column is None else value_size(column[1]))
        part = _row_write(kind, write.primary_key, key_size, columns, delete_columns, size)
        if (
            len(columns) + len(delete_columns) == COLUMNS_PER_WRITE
            or part.counted_bytes + CELL_TIMESTAMP_BYTES + cell_size > BATCH_COUNTED_BYTES
        ):
            yield part
            kind, columns, delete_columns, size = "update", [], [], 0
        size += cell_size
        if column is None:
            delete_columns.append(name)
        else:
            columns.append(column)
    yield _row_write(kind, write.primary_key, key_size, columns, delete_columns, size)

"""The changes of one key go in, what to do to its one row comes out: put, update or delete.

Whatever the door's functions return is checked here against Table Store's types and limits; a row
that could never be written is refused. An item of more columns than one write takes becomes several
steps, in order. The rule of MODIFY is told in docs/design.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from traceback import extract_tb
from typing import Any, NamedTuple, TypedDict

from ots_sync.changes import Change, Image, Refused
from ots_sync.converter import ColumnValue
from ots_sync.errors import ConfigurationError, RefusedError
from ots_sync.limits import (
    BATCH_COUNTED_BYTES,
    BODY_BYTES,
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

Column = tuple[str, ColumnValue]
PrimaryKey = Sequence[tuple[str, str | int | bytearray]]


class ColumnChanges(TypedDict, total=False):
    """What an update does to columns; the SDK's own words for it."""

    put: list[Column]
    delete_all: list[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """The door's functions, looked up when called, and the names of the key columns in order."""

    key_list: Sequence[str]
    get_primary_key: Callable[[Image], PrimaryKey]
    generate_attribute: Callable[[Image, Sequence[str]], list[Column]]
    generate_update_attribute: Callable[[Image, Image, Sequence[str]], ColumnChanges]


class RowWrite(NamedTuple):
    """One row of one BatchWriteRow: `kind` is put, update or delete.

    `counted_bytes` is what the service's limit of a batch counts, `body_bytes` at least what the
    row takes in the body of the request.
    """

    kind: str
    primary_key: PrimaryKey
    columns: Sequence[Column]
    deleted: Sequence[str]
    counted_bytes: int
    body_bytes: int


class Row(NamedTuple):
    """One row to write, in one or more steps, and the changes that are done when it is."""

    steps: Sequence[RowWrite]
    changes: Sequence[Change]


def identity(primary_key: PrimaryKey) -> Hashable:
    """What makes two primary keys the same row."""
    return tuple([bytes(v) if type(v) is bytearray else v for _, v in primary_key])


def key_bytes(primary_key: PrimaryKey) -> int:
    """The counted bytes of a primary key; refuses one that Table Store cannot hold."""
    total = 0
    for name, value in primary_key:
        size = value_bytes(value)
        if size > KEY_VALUE_BYTES:
            raise RefusedError("KeyLength", f"key column {name} is over {KEY_VALUE_BYTES} bytes")
        total += len(name) + size
    return total


def value_bytes(value: Any) -> int:
    """The counted bytes of a value; refuses what Table Store has no type for, or cannot hold."""
    kind = type(value)
    if kind is str:
        if value.isascii():
            return len(value)
        try:
            return len(value.encode())
        except UnicodeEncodeError:
            raise RefusedError("Text", "text with a lone surrogate is not valid UTF-8") from None
    if kind is int:
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return NUMBER_BYTES
        raise RefusedError("IntegerRange", "an integer is not within 64 bits")
    if kind is bytearray:
        return len(value)
    if kind is bool:
        return BOOLEAN_BYTES
    if kind is float:
        if isfinite(value):
            return NUMBER_BYTES
        raise RefusedError("DoubleRange", "a double is not a finite number")
    raise RefusedError(
        "ValueType", f"a {kind.__name__} is no column value: use str, int, float, bool or bytearray"
    )


def column_bytes(columns: Sequence[Column], key_list: Sequence[str]) -> int:
    """The bytes of names and values together; refuses a column that cannot be written."""
    total = 0
    for name, value in columns:
        size = value_bytes(value)
        if size > COLUMN_VALUE_BYTES:
            raise RefusedError("ColumnLength", f"a column is over {COLUMN_VALUE_BYTES} bytes")
        if name in key_list:
            raise RefusedError("ColumnName", "a column has the name of a key column")
        total += size + (len(name) if name.isascii() else len(name.encode()))
    return total


def translate(changes: Sequence[Change], rules: Rules) -> tuple[list[Row], list[Refused]]:
    """The rows that these changes end in, by first change, and the records that can never be.

    Raises ConfigurationError when the keys are not those of the table.
    """
    refused: list[Refused] = []
    keys: dict[Hashable, PrimaryKey] = {}
    folded: dict[Hashable, list[Change]] = {}
    for change in changes:
        try:
            primary_key = rules.get_primary_key(change.keys)
            key_bytes(primary_key)
            key = identity(primary_key)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop the others
            # A row that could never have been written needs no delete.
            if change.event_name != "REMOVE":
                refused.append(Refused(change.record, _as_refused(error)))
            continue
        keys.setdefault(key, primary_key)
        folded.setdefault(key, []).append(change)
    rows: list[Row] = []
    for key, of_key in folded.items():
        try:
            rows.append(to_row(keys[key], of_key, rules))
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            refused += [Refused(change.record, _as_refused(error)) for change in of_key]
    return rows, refused


def _as_refused(error: Exception) -> RefusedError:
    """The error as a refusal; of one that nobody foresaw only its kind and place, not its words,
    for they can hold a value.
    """
    if isinstance(error, RefusedError):
        return error
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}, {frame.name}"
    return RefusedError("Unexpected", f"an unexpected {type(error).__name__} in {place}")


def to_row(primary_key: PrimaryKey, changes: Sequence[Change], rules: Rules) -> Row:
    """What to do to the row of this key so that it ends as the last change says.

    Raises RefusedError when the end of the changes cannot be written.
    """
    key_size = key_bytes(primary_key)
    image = changes[-1].new_image
    if image is None:
        return Row((_write("delete", primary_key, key_size, (), (), 0),), changes)
    if _is_put(changes, image, rules):
        columns: Sequence[Column] = rules.generate_attribute(image, rules.key_list)
        deleted: Sequence[str] = ()
        kind = "put"
    else:
        update = rules.generate_update_attribute(image, _earlier(changes), rules.key_list)
        columns, deleted, kind = update.get("put", ()), update.get("delete_all", ()), "update"
        if not columns:  # an update of deletes alone would not create a missing row
            columns, deleted, kind = rules.generate_attribute(image, rules.key_list), (), "put"
    size = column_bytes(columns, rules.key_list) + sum(map(_name_bytes, deleted))
    write = _write(kind, primary_key, key_size, columns, deleted, size)
    return Row((write,) if _fits(write) else tuple(_steps(write, key_size)), changes)


def _is_put(changes: Sequence[Change], image: Image, rules: Rules) -> bool:
    """Whether the row is put whole: its earlier state is unknown, or was never written."""
    for change in changes:
        if change.event_name != "MODIFY" or not change.old_image:
            return True
    if all(name in rules.key_list for name in image):
        return True
    return not all(_writable(earlier, image, rules) for earlier in _earlier_images(changes))


def _earlier_images(changes: Sequence[Change]) -> Iterator[Image]:
    for change in changes:
        if change.old_image:
            yield change.old_image
        if change is not changes[-1] and change.new_image:
            yield change.new_image


def _earlier(changes: Sequence[Change]) -> Image:
    """Every attribute that any earlier image had."""
    if len(changes) == 1:
        return changes[0].old_image or {}
    return {name: value for image in _earlier_images(changes) for name, value in image.items()}


def _writable(earlier: Image, image: Image, rules: Rules) -> bool:
    """Whether an earlier image could have been written; only what the last one changed can tell."""
    differing = {name: value for name, value in earlier.items() if image.get(name) != value}
    if not differing:
        return True
    try:
        column_bytes(rules.generate_attribute(differing, rules.key_list), rules.key_list)
    except Exception:  # noqa: BLE001 - whatever refused it then leaves the row's state unknown now
        return False
    return True


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


def _fits(write: RowWrite) -> bool:
    return (
        len(write.columns) + len(write.deleted) <= COLUMNS_PER_WRITE
        and write.counted_bytes <= BATCH_COUNTED_BYTES
        and write.body_bytes <= BODY_BYTES
    )


def _steps(write: RowWrite, key_size: int) -> Iterator[RowWrite]:
    """A wide write as writes within the limits: the first of its own kind, the rest updates."""
    kind, columns, deleted, size = write.kind, list[Column](), list[str](), 0
    cells: list[tuple[str, Column | None]] = [(column[0], column) for column in write.columns]
    cells += [(name, None) for name in write.deleted]
    for name, column in cells:
        more = _name_bytes(name) + (0 if column is None else value_bytes(column[1]))
        step = _write(kind, write.primary_key, key_size, columns, deleted, size)
        room = BODY_BYTES_PER_CELL + more
        if (
            len(columns) + len(deleted) == COLUMNS_PER_WRITE
            or step.counted_bytes + CELL_TIMESTAMP_BYTES + more > BATCH_COUNTED_BYTES
            or step.body_bytes + room > BODY_BYTES
        ):
            yield step
            kind, columns, deleted, size = "update", [], [], 0
        size += more
        if column is None:
            deleted.append(name)
        else:
            columns.append(column)
    yield _write(kind, write.primary_key, key_size, columns, deleted, size)


def _name_bytes(name: str) -> int:
    return len(name) if name.isascii() else len(name.encode())

"""The changes of one key go in, what to do to its one row comes out: put, update or delete.

A row that could never be written is refused with all its records. The rule of MODIFY is told in
docs/design.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from traceback import extract_tb
from typing import TypedDict

from ots_sync.changes import Change, Image, Refused
from ots_sync.errors import ConfigurationError, RefusedError
from ots_sync.measure import Column, PrimaryKey, column_bytes, key_bytes, name_bytes
from ots_sync.writes import RowWrite, steps


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


@dataclass(slots=True)  # not frozen, as changes are not
class Row:
    """One row to write, in one or more steps, and the changes that are done when it is."""

    steps: Sequence[RowWrite]
    changes: Sequence[Change]


@dataclass(slots=True)
class Fold:
    """All changes of one key, in their order; `key_size` is what the key counts, in bytes."""

    primary_key: PrimaryKey
    key_size: int
    changes: list[Change]


def identity(primary_key: PrimaryKey) -> Hashable:
    """What makes two primary keys the same row."""
    return tuple([bytes(v) if type(v) is bytearray else v for _, v in primary_key])


def translate(changes: Sequence[Change], rules: Rules) -> tuple[list[Row], list[Refused]]:
    """The rows that these changes end in, by first change, and the records that can never be.

    Raises ConfigurationError when the keys are not those of the table.
    """
    folds, refused = fold(changes, rules)
    return list(translated(folds, rules, refused)), refused


def fold(changes: Sequence[Change], rules: Rules) -> tuple[list[Fold], list[Refused]]:
    """The changes by key, in the order of the first of each, and the records without a usable key.

    Raises ConfigurationError when the keys are not those of the table.
    """
    refused: list[Refused] = []
    folds: dict[Hashable, Fold] = {}
    for change in changes:
        try:
            primary_key = rules.get_primary_key(change.keys)
            size = key_bytes(primary_key)
            key = identity(primary_key)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop the others
            # A row that could never have been written needs no delete; of what an unforeseen error
            # would have been about, nobody knows that.
            if change.event_name != "REMOVE" or not isinstance(error, RefusedError):
                refused.append(Refused(change.record, _as_refused(error)))
            continue
        found = folds.get(key)
        if found is None:
            folds[key] = Fold(primary_key, size, [change])
        else:
            found.changes.append(change)
    return list(folds.values()), refused


def translated(folds: Iterable[Fold], rules: Rules, refused: list[Refused]) -> Iterator[Row]:
    """The rows of these folds, one after the other as they are asked for; `refused` gets the
    records of those that can never be one.
    """
    for one in folds:
        try:
            row = to_row(one, rules)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            refused += [Refused(change.record, _as_refused(error)) for change in one.changes]
        else:
            yield row


def _as_refused(error: Exception) -> RefusedError:
    """The error as a refusal; of one that nobody foresaw only its kind and place, not its words,
    for they can hold a value.
    """
    if isinstance(error, RefusedError):
        return error
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}, {frame.name}"
    return RefusedError("Unexpected", f"an unexpected {type(error).__name__} in {place}")


def to_row(fold: Fold, rules: Rules) -> Row:
    """What to do to the row of this key so that it ends as the last change says.

    Raises RefusedError when the end of the changes cannot be written.
    """
    primary_key, key_size, changes = fold.primary_key, fold.key_size, fold.changes
    image = changes[-1].new_image
    if image is None:
        return Row(steps("delete", primary_key, key_size, (), (), 0), changes)
    if _is_put(changes, image, rules):
        columns: Sequence[Column] = rules.generate_attribute(image, rules.key_list)
        deleted: Sequence[str] = ()
        kind = "put"
    else:
        update = rules.generate_update_attribute(image, _earlier(changes), rules.key_list)
        columns, deleted, kind = update.get("put", ()), update.get("delete_all", ()), "update"
        if not columns:  # an update of deletes alone would not create a missing row
            columns, deleted, kind = rules.generate_attribute(image, rules.key_list), (), "put"
    size = column_bytes(columns, rules.key_list)
    if deleted:
        size += sum(map(name_bytes, deleted))
    return Row(steps(kind, primary_key, key_size, columns, deleted, size), changes)


def _is_put(changes: Sequence[Change], image: Image, rules: Rules) -> bool:
    """Whether the row is put whole: its earlier state is unknown, or was never written."""
    for change in changes:
        if change.event_name != "MODIFY" or not change.old_image:
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
    differing = {
        name: value for name, value in earlier.items() if name not in image or image[name] != value
    }
    if not differing:
        return True
    try:
        column_bytes(rules.generate_attribute(differing, rules.key_list), rules.key_list)
    except Exception:  # noqa: BLE001 - whatever refused it then leaves the row's state unknown now
        return False
    return True

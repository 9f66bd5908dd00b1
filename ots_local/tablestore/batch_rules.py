"""What one writing request may hold as a whole: table changes in; refuses what breaks a limit."""

from __future__ import annotations

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.filter_rules import check_filter
from ots_local.tablestore.row_rules import check_cells, check_key, check_timestamps
from ots_local.tablestore.rows import (
    DELETE_ALL,
    INCREMENT,
    Existence,
    Key,
    RowChange,
    TableChanges,
    Write,
)
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.settings import Leniency
from ots_local.tablestore.values import AUTO_INCREMENT

_GENERATED = bytes((AUTO_INCREMENT,))


def check_batch(tables: list[TableChanges]) -> None:
    """Refuse a BatchWriteRow of the wrong shape or of too many rows."""
    if not tables:
        raise invalid("No row is specified in BatchWriteRow.")
    names: set[str] = set()
    for table in tables:
        if table.table in names:
            raise invalid(f"Duplicated table name: '{table.table}'.")
        names.add(table.table)
        if not table.changes:
            raise invalid(f"No operation is specified for table: '{table.table}'.")
    if sum(len(table.changes) for table in tables) > limits.BATCH_WRITE_ROWS:
        raise invalid(f"Rows count exceeds the upper limit: {limits.BATCH_WRITE_ROWS}.")


def is_generated(key: Key) -> bool:
    """Tell whether a column of a key is still to be filled in by the table."""
    for cell in key:  # noqa: SIM110 - three times a row, and any() takes four times as long
        if cell.value == _GENERATED:
            return True
    return False


def check_repeated(changes: list[RowChange], lenient: bool) -> None:
    """Refuse one key twice in a table's changes."""
    changes = [change for change in changes if not is_generated(change.key)]
    keys = [change.key for change in changes]
    if len(set(keys)) == len(keys):
        return
    if not lenient:
        raise ServiceError("OTSParameterInvalid")
    repeated = {key for key in keys if keys.count(key) > 1}
    for key, change in zip(keys, changes, strict=True):
        if key not in repeated:
            continue
        if change.existence is not Existence.IGNORE:
            raise invalid(
                "Repeated rows do not support row exist expectation check in BatchModify."
            )
        if change.condition is not None:
            raise invalid("Repeated rows do not support row condition check in BatchModify.")
        if any(cell.operation == INCREMENT for cell in change.cells):
            raise invalid("Duplicate rows detected in MultiPut.")


def check_change(
    change: RowChange, schema: Schema | None, lenient: Leniency, now: int
) -> tuple[int, int]:
    """Refuse a row change that breaks a rule.

    Returns the bytes of its data, and the bytes that the limit on a request counts: those and the
    timestamps.
    """
    size = check_key(change.key, reading=False)
    if change.condition is not None:
        check_filter(change.condition, lenient)
    if is_generated(change.key):
        _check_generated(change)
    if change.return_modified:
        _check_returned(change)
    if change.write is Write.DELETE:
        return size, size
    size += check_cells(change, lenient.column_names)
    if schema is not None:
        if change.write is Write.UPDATE and schema.options.allow_update is False:
            raise invalid("Update operation is not allowed in this table")
        check_timestamps(change.cells, schema, now)
    return size, size + limits.TIMESTAMP_BYTES * _dated(change, lenient)


def _dated(change: RowChange, lenient: Leniency) -> int:
    """Count the cells whose timestamps count."""
    if lenient.timestamp_bytes:
        return sum(cell.timestamp is not None for cell in change.cells)
    if change.write is Write.PUT:
        return len(change.cells)
    return sum(cell.operation != DELETE_ALL for cell in change.cells)


def _check_generated(change: RowChange) -> None:
    """Refuse what cannot be done to a row whose key is still to be made."""
    generated = sum(cell.value == _GENERATED for cell in change.key)
    if generated > 1:
        raise invalid(f"{generated} pk auto increment exist in row.")
    if change.write is Write.DELETE:
        raise invalid("Invalid row to delete which with pk auto increment.")
    if change.existence is not Existence.IGNORE:
        raise invalid(
            f"Invalid expect:{change.existence.name} when modify row with pk auto increment."
        )
    if change.condition is not None:
        raise invalid("Can't set condition when modify row with pk auto increment.")


def _check_returned(change: RowChange) -> None:
    """Refuse to return columns that the request does not increment."""
    incremented = {cell.name for cell in change.cells if cell.operation == INCREMENT}
    for name in change.return_modified:
        if change.return_key or name not in incremented:
            raise invalid(f"Invalid return column: '{name.decode()}'.")


def check_size(api: str, counted: int, limit: int) -> None:
    """Refuse a request that carries too much data."""
    if counted > limit:
        raise invalid(
            f"The total data size of {api} request exceeds the limit, "
            f"limit size: {limit}, data size: {counted}."
        )

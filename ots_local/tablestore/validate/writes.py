"""Validate PutRow, UpdateRow, DeleteRow and BatchWriteRow requests.

Every check raises ServiceError: OTSParameterInvalid.
"""

from __future__ import annotations

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.model import (
    DELETE_ALL,
    INCREMENT,
    Key,
    RowChange,
    RowExistence,
    TableChanges,
    WriteType,
)
from ots_local.tablestore.settings import Leniency
from ots_local.tablestore.storage.schema import Schema
from ots_local.tablestore.storage.values import AUTO_INCREMENT
from ots_local.tablestore.validate.filters import check_filter
from ots_local.tablestore.validate.rows import check_cells, check_key, check_timestamps

_AUTO_INCREMENT = bytes((AUTO_INCREMENT,))


def check_batch_write(tables: list[TableChanges]) -> None:
    """Check that a BatchWriteRow has rows, repeats no table, and has not too many rows."""
    if not tables:
        raise invalid_parameter("No row is specified in BatchWriteRow.")
    names: set[str] = set()
    for table in tables:
        if table.table in names:
            raise invalid_parameter(f"Duplicated table name: '{table.table}'.")
        names.add(table.table)
        if not table.changes:
            raise invalid_parameter(f"No operation is specified for table: '{table.table}'.")
    if sum(len(table.changes) for table in tables) > limits.BATCH_WRITE_ROWS:
        raise invalid_parameter(f"Rows count exceeds the upper limit: {limits.BATCH_WRITE_ROWS}.")


def is_auto_increment(key: Key) -> bool:
    """Return whether the table must generate a column of a key."""
    for cell in key:  # noqa: SIM110 - called three times per row; any() takes four times as long
        if cell.value == _AUTO_INCREMENT:
            return True
    return False


def check_duplicate_rows(changes: list[RowChange], allowed: bool) -> None:
    """Check that no key occurs twice in the changes of a table.

    With `allowed`, a key may occur again, but not with a condition or an increment.
    """
    changes = [change for change in changes if not is_auto_increment(change.key)]
    keys = [change.key for change in changes]
    if len(set(keys)) == len(keys):
        return
    if not allowed:
        raise ServiceError("OTSParameterInvalid")
    repeated = {key for key in keys if keys.count(key) > 1}
    for key, change in zip(keys, changes, strict=True):
        if key not in repeated:
            continue
        if change.existence is not RowExistence.IGNORE:
            raise invalid_parameter(
                "Repeated rows do not support row exist expectation check in BatchModify."
            )
        if change.condition is not None:
            raise invalid_parameter(
                "Repeated rows do not support row condition check in BatchModify."
            )
        if any(cell.operation == INCREMENT for cell in change.cells):
            raise invalid_parameter("Duplicate rows detected in MultiPut.")


def check_change(
    change: RowChange, schema: Schema | None, leniency: Leniency, now: int
) -> tuple[int, int]:
    """Check a row change; `schema` is None for an unknown table.

    Return the size of its data, and the size that counts towards the request limit: the data and
    the timestamps.
    """
    size = check_key(change.key, reading=False)
    if change.condition is not None:
        check_filter(change.condition, leniency)
    if is_auto_increment(change.key):
        _check_auto_increment(change)
    if change.return_modified:
        _check_return_columns(change)
    if change.type is WriteType.DELETE:
        return size, size
    size += check_cells(change, leniency.any_column_names)
    if schema is not None:
        if change.type is WriteType.UPDATE and schema.options.allow_update is False:
            raise invalid_parameter("Update operation is not allowed in this table")
        check_timestamps(change.cells, schema, now)
    return size, size + limits.TIMESTAMP_BYTES * _count_timestamps(change, leniency)


def _count_timestamps(change: RowChange, leniency: Leniency) -> int:
    if leniency.explicit_timestamp_bytes:
        return sum(cell.timestamp is not None for cell in change.cells)
    if change.type is WriteType.PUT:
        return len(change.cells)
    return sum(cell.operation != DELETE_ALL for cell in change.cells)


def _check_auto_increment(change: RowChange) -> None:
    generated = sum(cell.value == _AUTO_INCREMENT for cell in change.key)
    if generated > 1:
        raise invalid_parameter(f"{generated} pk auto increment exist in row.")
    if change.type is WriteType.DELETE:
        raise invalid_parameter("Invalid row to delete which with pk auto increment.")
    if change.existence is not RowExistence.IGNORE:
        raise invalid_parameter(
            f"Invalid expect:{change.existence.name} when modify row with pk auto increment."
        )
    if change.condition is not None:
        raise invalid_parameter("Can't set condition when modify row with pk auto increment.")


def _check_return_columns(change: RowChange) -> None:
    """Check that RT_AFTER_MODIFY names only columns that the request increments."""
    incremented = {cell.name for cell in change.cells if cell.operation == INCREMENT}
    for name in change.return_modified:
        if change.return_key or name not in incremented:
            raise invalid_parameter(f"Invalid return column: '{name.decode()}'.")


def check_size(api: str, counted: int, limit: int) -> None:
    """Check the counted size of a request against a limit."""
    if counted > limit:
        raise invalid_parameter(
            f"The total data size of {api} request exceeds the limit, "
            f"limit size: {limit}, data size: {counted}."
        )

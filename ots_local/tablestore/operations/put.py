"""Execute PutRow, UpdateRow, DeleteRow and BatchWriteRow.

A request is validated completely before anything is written. After that each row succeeds or fails
independently: its key, its condition, a fault or a lock of another request is an error of the row.
All rows of a request are committed in one transaction.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.instance import Instance, RowId
from ots_local.tablestore.model import (
    Cell,
    Key,
    RowChange,
    RowExistence,
    RowResult,
    TableChanges,
    WriteType,
)
from ots_local.tablestore.operations.selection import live_cells, matches
from ots_local.tablestore.storage.database import StoredRow
from ots_local.tablestore.storage.keys import encode_key
from ots_local.tablestore.storage.plainbuffer import encode_row, parse_stored_row
from ots_local.tablestore.storage.schema import Schema
from ots_local.tablestore.storage.values import AUTO_INCREMENT, OVERHEAD, encode_integer
from ots_local.tablestore.storage.versions import put_cells, update_cells
from ots_local.tablestore.validate.rows import check_key_matches
from ots_local.tablestore.validate.tables import check_table_name
from ots_local.tablestore.validate.writes import (
    check_batch_write,
    check_change,
    check_duplicate_rows,
    check_size,
    is_auto_increment,
)

Results = list[tuple[str, list[RowResult]]]  # table name, rows
Locked = AbstractSet[RowId]


@dataclass(frozen=True, slots=True)
class _TableState:
    """A table during one write request, with its rows after the changes so far."""

    id: int
    schema: Schema
    rows: dict[bytes, StoredRow | None]
    has_auto_increment: bool


def write_row(instance: Instance, api: str, request: TableChanges, locked: Locked) -> RowResult:
    """Execute a PutRow, UpdateRow or DeleteRow; an error of the row is raised.

    `locked` contains the rows that other requests lock.
    """
    _, schema = instance.find(request.table)
    change = request.changes[0]
    size, counted = check_change(change, schema, instance.settings.leniency, instance.now_ms())
    check_size(api, counted, limits.ROW_WRITE_BYTES)
    result = _write_table(instance, api, request, [size], locked)[0]
    _count(instance, api, [result])
    if result.error is not None:
        raise result.error
    return result


def batch_write_row(instance: Instance, request: list[TableChanges], locked: Locked) -> Results:
    """Execute a BatchWriteRow; `locked` contains the rows that other requests lock."""
    check_batch_write(request)
    leniency = instance.settings.leniency
    now = instance.now_ms()
    sizes: list[list[int]] = []
    total = 0
    for table in request:
        schema: Schema | None = None
        if table.table in instance.tables or not leniency.unknown_table_per_row:
            schema = instance.find(table.table)[1]
        else:
            check_table_name(table.table)
        checked = [check_change(change, schema, leniency, now) for change in table.changes]
        check_duplicate_rows(table.changes, leniency.duplicate_rows)
        total += sum(counted for _, counted in checked)
        sizes.append([size for size, _ in checked])
    check_size("BatchWriteRow", total, limits.BATCH_WRITE_BYTES)
    with instance.database.transaction():
        results = [
            (table.table, _write_table(instance, "BatchWriteRow", table, table_sizes, locked))
            for table, table_sizes in zip(request, sizes, strict=True)
        ]
    for _, rows in results:
        _count(instance, "BatchWriteRow", rows)
    return results


def rows_to_lock(instance: Instance, request: list[TableChanges]) -> list[RowId]:
    """Return the rows that a request will write, without those of generated or malformed keys."""
    return [
        (instance.tables[table.table][0], encode_key(change.key))
        for table in request
        if table.table in instance.tables
        for change in table.changes
        if not is_auto_increment(change.key) and all(cell.value for cell in change.key)
    ]


def _write_table(
    instance: Instance, api: str, request: TableChanges, sizes: list[int], locked: Locked
) -> list[RowResult]:
    if request.table not in instance.tables:
        return [RowResult(ServiceError("OTSObjectNotExist")) for _ in request.changes]
    table_id, schema = instance.tables[request.table]
    keys = [encode_key(change.key) for change in request.changes]
    needed = [key for key, change in zip(keys, request.changes, strict=True) if _needs_row(change)]
    has_auto_increment = any(column.auto_increment for column in schema.key)
    rows: dict[bytes, StoredRow | None] = dict(instance.database.get_rows(table_id, needed))
    table = _TableState(table_id, schema, rows, has_auto_increment)
    results: list[RowResult] = []
    written: set[bytes] = set()
    for change, key, size in zip(request.changes, keys, sizes, strict=True):
        results.append(_write_row(instance, api, table, change, key, size, locked, written))
    instance.database.put_rows(
        table_id, [row for key in written if (row := table.rows[key]) is not None]
    )
    instance.database.delete_rows(table_id, [key for key in written if table.rows[key] is None])
    return results


def _write_row(
    instance: Instance,
    api: str,
    table: _TableState,
    change: RowChange,
    key: bytes,
    size: int,
    locked: Locked,
    written: set[bytes],
) -> RowResult:
    """Apply one row change to the table's state; add its key to `written` unless it fails."""
    try:
        check_key_matches(change.key, table.schema)
        if (table.id, key) in locked:
            raise ServiceError("OTSRowOperationConflict")
        fault = instance.faults.for_row(api, table.schema.name, change.key, instance.clock())
        if fault is not None and not fault.written:
            raise fault.error
        if table.has_auto_increment:
            change = replace(change, key=_generate_key(instance, table.id, change.key))
            key = encode_key(change.key)
        result = _apply(instance, table, change, key, size)
        written.add(key)
        if fault is not None:
            raise fault.error
    except ServiceError as error:
        units = int(error.code == "OTSConditionCheckFail")
        return RowResult(error, read_units=units, write_units=units)
    return result


def _apply(
    instance: Instance, table: _TableState, change: RowChange, key: bytes, size: int
) -> RowResult:
    now = instance.now_ms()
    max_versions = table.schema.options.max_versions or 1
    write_units = -(-max(size, 1) // limits.CAPACITY_UNIT_BYTES)
    stored = table.rows.get(key)
    old = None if stored is None else live_cells(parse_stored_row(stored[2])[1], table.schema, now)
    _check_condition(change, old)
    cells: list[Cell] | None = None
    if change.type is WriteType.PUT:
        cells = put_cells(change.cells, now, max_versions)
    elif change.type is WriteType.UPDATE:
        cells = update_cells(old, change.cells, now, max_versions)
        size = 0 if cells is None else _data_size(change.key) + _data_size(cells)
    table.rows[key] = None if cells is None else (key, size, encode_row(change.key, cells, now))
    reads = change.existence is not RowExistence.IGNORE or change.condition is not None
    return RowResult(None, int(reads), write_units, _returned_row(change, cells or [], now))


def _needs_row(change: RowChange) -> bool:
    """Return whether a change depends on the current row."""
    return (
        change.type is WriteType.UPDATE
        or change.existence is not RowExistence.IGNORE
        or change.condition is not None
    )


def _check_condition(change: RowChange, cells: list[Cell] | None) -> None:
    """Check the existence and the column condition; `cells` is None for a missing row."""
    expected = change.existence
    if expected is not RowExistence.IGNORE and (cells is not None) is not (
        expected is RowExistence.EXPECT_EXIST
    ):
        raise ServiceError("OTSConditionCheckFail")
    if change.condition is not None and not matches(change.condition, cells or []):
        raise ServiceError("OTSConditionCheckFail")


def _returned_row(change: RowChange, cells: list[Cell], now: int) -> bytes:
    if change.return_modified:
        modified = [cell for cell in cells if cell.name in change.return_modified]
        return encode_row(change.key, modified, now)
    return encode_row(change.key) if change.return_key else b""


def _generate_key(instance: Instance, table_id: int, key: Key) -> Key:
    """Replace an auto-increment placeholder in a key by the table's next number."""
    if all(cell.value is None or cell.value[0] != AUTO_INCREMENT for cell in key):
        return key
    number = encode_integer(instance.database.next_auto_increment(table_id))
    return tuple(
        cell._replace(value=number) if cell.value and cell.value[0] == AUTO_INCREMENT else cell
        for cell in key
    )


def _data_size(cells: list[Cell] | Key) -> int:
    return sum(
        len(cell.name) + (len(cell.value) - OVERHEAD[cell.value[0]] if cell.value else 0)
        for cell in cells
    )


def _count(instance: Instance, api: str, results: list[RowResult]) -> None:
    """Count written and failed rows after the commit."""
    for result in results:
        if result.error is None:
            instance.counters.rows_written[api] += 1
        else:
            instance.counters.row_errors[result.error.code] += 1

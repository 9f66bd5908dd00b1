"""PutRow, UpdateRow, DeleteRow and BatchWriteRow: row changes in, a result for each row out.

A request is checked whole before anything is written; then each row stands for itself. The rows of
a request become durable together, each of them whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ots_local.tablestore import filters, limits, versions
from ots_local.tablestore.batch_rules import check_batch, check_change, check_repeated, check_size
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.instance import Instance, RowName
from ots_local.tablestore.keys import encode_key
from ots_local.tablestore.plainbuffer import encode_row, parse_stored
from ots_local.tablestore.row_rules import check_key_fits
from ots_local.tablestore.rows import (
    Cell,
    Existence,
    Key,
    RowChange,
    RowResult,
    TableChanges,
    Write,
)
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.selections import alive
from ots_local.tablestore.tables import StoredRow
from ots_local.tablestore.values import AUTO_INCREMENT, FRAME, encode_integer

Results = list[tuple[str, list[RowResult]]]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table while one request writes to it, and its rows as they are after what was done."""

    number: int
    schema: Schema
    rows: dict[bytes, StoredRow | None]
    generates: bool  # whether a column of its key is filled in here


def write_one(instance: Instance, api: str, asked: TableChanges, owner: object) -> RowResult:
    """Carry out a PutRow, UpdateRow or DeleteRow; its row's failure is the request's."""
    _, schema = instance.find(asked.table)
    change = asked.changes[0]
    size, counted = check_change(change, schema, instance.settings.lenient, instance.now_ms())
    check_size(api, counted, limits.ROW_WRITE_BYTES)
    result = _write_table(instance, api, asked, [size], owner)[0]
    if result.error is not None:
        raise result.error
    return result


def batch_write(instance: Instance, asked: list[TableChanges], owner: object) -> Results:
    """Carry out a BatchWriteRow."""
    check_batch(asked)
    lenient = instance.settings.lenient
    now = instance.now_ms()
    sizes: list[list[int]] = []
    total = 0
    for table in asked:
        if table.table in instance.known or not lenient.unknown_table_per_row:
            schema: Schema | None = instance.find(table.table)[1]
        else:
            schema = None
        checked = [check_change(change, schema, lenient, now) for change in table.changes]
        check_repeated(table.changes, lenient.duplicate_rows)
        total += sum(counted for _, counted in checked)
        sizes.append([size for size, _ in checked])
    check_size("BatchWriteRow", total, limits.BATCH_WRITE_BYTES)
    with instance.tables.together():
        return [
            (table.table, _write_table(instance, "BatchWriteRow", table, some, owner))
            for table, some in zip(asked, sizes, strict=True)
        ]


def rows_of(instance: Instance, asked: list[TableChanges]) -> list[RowName]:
    """Name the rows that a request will write, as far as they can be named."""
    return [
        (instance.known[table.table][0], encode_key(change.key))
        for table in asked
        if table.table in instance.known
        for change in table.changes
        if all(cell.value for cell in change.key)
    ]


def _write_table(
    instance: Instance, api: str, asked: TableChanges, sizes: list[int], owner: object
) -> list[RowResult]:
    if asked.table not in instance.known:
        return [RowResult(ServiceError("OTSObjectNotExist")) for _ in asked.changes]
    number, schema = instance.known[asked.table]
    keys = [encode_key(change.key) for change in asked.changes]
    needed = [key for key, change in zip(keys, asked.changes, strict=True) if _must_read(change)]
    generates = any(column.auto_increment for column in schema.key)
    table = _Table(number, schema, dict(instance.tables.get(number, needed)), generates)
    results: list[RowResult] = []
    written: set[bytes] = set()
    for change, key, size in zip(asked.changes, keys, sizes, strict=True):
        results.append(_write_row(instance, api, table, change, key, size, owner, written))
    put = [row for key in written if (row := table.rows[key]) is not None]
    instance.tables.put(number, put)
    instance.tables.delete(number, [key for key in written if table.rows[key] is None])
    done = sum(1 for result in results if result.error is None)
    instance.rows_written[api] += done
    for result in results:
        if result.error is not None:
            instance.row_errors[result.error.code] += 1
    return results


def _write_row(
    instance: Instance,
    api: str,
    table: _Table,
    change: RowChange,
    key: bytes,
    size: int,
    owner: object,
    written: set[bytes],
) -> RowResult:
    """Do to one row what is asked, unless it fails alone."""
    try:
        check_key_fits(change.key, table.schema)
        if not instance.locks.free((table.number, key), owner):
            raise ServiceError("OTSRowOperationConflict")
        fault = instance.faults.of_row(api, table.schema.name, change.key, instance.clock())
        if fault is not None and not fault.written:
            raise fault.error
        if table.generates:
            change = replace(change, key=_generated(instance, table, change.key))
            key = encode_key(change.key)
        result = _apply(instance, table, change, key, size)
        written.add(key)
        if fault is not None:
            raise fault.error
    except ServiceError as refusal:
        failed = refusal.code == "OTSConditionCheckFail"
        return RowResult(refusal, read_units=int(failed), write_units=int(failed))
    return result


def _apply(
    instance: Instance, table: _Table, change: RowChange, key: bytes, size: int
) -> RowResult:
    now = instance.now_ms()
    versions_kept = table.schema.options.max_versions or 1
    units = -(-max(size, 1) // limits.CAPACITY_UNIT_BYTES)
    stored = table.rows.get(key)
    old = None if stored is None else alive(parse_stored(stored[2])[1], table.schema, now)
    _check_condition(change, old)
    cells: list[Cell] | None = None
    if change.write is Write.PUT:
        cells = versions.put(change.cells, now, versions_kept)
    elif change.write is Write.UPDATE:
        cells = versions.update(old, change.cells, now, versions_kept)
        size = 0 if cells is None else _size(change.key) + _size(cells)
    table.rows[key] = None if cells is None else (key, size, encode_row(change.key, cells, now))
    reads = change.existence is not Existence.IGNORE or change.condition is not None
    return RowResult(None, int(reads), units, _returned(change, cells or [], now))


def _must_read(change: RowChange) -> bool:
    return (
        change.write is Write.UPDATE
        or change.existence is not Existence.IGNORE
        or change.condition is not None
    )


def _check_condition(change: RowChange, cells: list[Cell] | None) -> None:
    wanted = change.existence
    if wanted is not Existence.IGNORE and (cells is not None) is not (
        wanted is Existence.EXPECT_EXIST
    ):
        raise ServiceError("OTSConditionCheckFail")
    if change.condition is not None and not filters.passes(change.condition, cells or []):
        raise ServiceError("OTSConditionCheckFail")


def _returned(change: RowChange, cells: list[Cell], now: int) -> bytes:
    if change.return_modified:
        shown = [cell for cell in cells if cell.name in change.return_modified]
        return encode_row(change.key, shown, now)
    return encode_row(change.key) if change.return_key else b""


def _generated(instance: Instance, table: _Table, key: Key) -> Key:
    """Fill in the table's next number where the key asks for one."""
    if all(cell.value is None or cell.value[0] != AUTO_INCREMENT for cell in key):
        return key
    number = encode_integer(instance.tables.next_number(table.number, 1))
    return tuple(
        cell._replace(value=number) if cell.value and cell.value[0] == AUTO_INCREMENT else cell
        for cell in key
    )


def _size(cells: list[Cell] | Key) -> int:
    return sum(
        len(cell.name) + (len(cell.value) - FRAME[cell.value[0]] if cell.value else 0)
        for cell in cells
    )

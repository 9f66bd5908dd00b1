"""One row change: the change and its row as it is in, the row as it becomes and a result out.

A row's own failures (its key, its condition, a fault, another request) are its result's error.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from ots_local.tablestore import filters, limits, versions
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.instance import Instance, RowName
from ots_local.tablestore.keys import encode_key
from ots_local.tablestore.plainbuffer import encode_row, parse_stored
from ots_local.tablestore.row_rules import check_key_fits
from ots_local.tablestore.rows import Cell, Existence, Key, RowChange, RowResult, Write
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.selections import alive
from ots_local.tablestore.tables import StoredRow
from ots_local.tablestore.values import AUTO_INCREMENT, FRAME, encode_integer


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table while one request writes to it, and its rows as they are after what was done."""

    number: int
    schema: Schema
    rows: dict[bytes, StoredRow | None]
    generates: bool  # whether a column of its key is filled in here


def write_row(
    instance: Instance,
    api: str,
    table: TableRows,
    change: RowChange,
    key: bytes,
    size: int,
    busy: AbstractSet[RowName],
    written: set[bytes],
) -> RowResult:
    """Do to one row what is asked, unless it fails alone."""
    try:
        check_key_fits(change.key, table.schema)
        if (table.number, key) in busy:
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
    instance: Instance, table: TableRows, change: RowChange, key: bytes, size: int
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


def must_read(change: RowChange) -> bool:
    """Tell whether a change can only be made knowing the row as it is."""
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


def _generated(instance: Instance, table: TableRows, key: Key) -> Key:
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

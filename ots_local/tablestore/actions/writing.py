"""PutRow, UpdateRow, DeleteRow and BatchWriteRow: row changes in, a result for each row out.

A request is checked whole before anything is written; then each row stands for itself. The rows of
a request become durable together, each of them whole.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ots_local.tablestore import limits
from ots_local.tablestore.actions.row_writing import TableRows, must_read, write_row
from ots_local.tablestore.batch_rules import (
    check_batch,
    check_change,
    check_repeated,
    check_size,
    is_generated,
)
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.instance import Instance, RowName
from ots_local.tablestore.keys import encode_key
from ots_local.tablestore.rows import RowResult, TableChanges
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.table_rules import check_table_name

Results = list[tuple[str, list[RowResult]]]
Busy = AbstractSet[RowName]


def write_one(instance: Instance, api: str, asked: TableChanges, busy: Busy) -> RowResult:
    """Carry out a PutRow, UpdateRow or DeleteRow; its row's failure is the request's.

    `busy` are the rows that another request has in hand.
    """
    _, schema = instance.find(asked.table)
    change = asked.changes[0]
    size, counted = check_change(change, schema, instance.settings.lenient, instance.now_ms())
    check_size(api, counted, limits.ROW_WRITE_BYTES)
    result = _write_table(instance, api, asked, [size], busy)[0]
    _count(instance, api, [result])
    if result.error is not None:
        raise result.error
    return result


def batch_write(instance: Instance, asked: list[TableChanges], busy: Busy) -> Results:
    """Carry out a BatchWriteRow."""
    check_batch(asked)
    lenient = instance.settings.lenient
    now = instance.now_ms()
    sizes: list[list[int]] = []
    total = 0
    for table in asked:
        schema: Schema | None = None
        if table.table in instance.known or not lenient.unknown_table_per_row:
            schema = instance.find(table.table)[1]
        else:
            check_table_name(table.table)
        checked = [check_change(change, schema, lenient, now) for change in table.changes]
        check_repeated(table.changes, lenient.duplicate_rows)
        total += sum(counted for _, counted in checked)
        sizes.append([size for size, _ in checked])
    check_size("BatchWriteRow", total, limits.BATCH_WRITE_BYTES)
    with instance.tables.together():
        results = [
            (table.table, _write_table(instance, "BatchWriteRow", table, some, busy))
            for table, some in zip(asked, sizes, strict=True)
        ]
    for _, rows in results:
        _count(instance, "BatchWriteRow", rows)
    return results


def rows_of(instance: Instance, asked: list[TableChanges]) -> list[RowName]:
    """Name the rows that a request will write, as far as they can be named."""
    return [
        (instance.known[table.table][0], encode_key(change.key))
        for table in asked
        if table.table in instance.known
        for change in table.changes
        if not is_generated(change.key) and all(cell.value for cell in change.key)
    ]


def _write_table(
    instance: Instance, api: str, asked: TableChanges, sizes: list[int], busy: Busy
) -> list[RowResult]:
    if asked.table not in instance.known:
        return [RowResult(ServiceError("OTSObjectNotExist")) for _ in asked.changes]
    number, schema = instance.known[asked.table]
    keys = [encode_key(change.key) for change in asked.changes]
    needed = [key for key, change in zip(keys, asked.changes, strict=True) if must_read(change)]
    generates = any(column.auto_increment for column in schema.key)
    table = TableRows(number, schema, dict(instance.tables.get(number, needed)), generates)
    results: list[RowResult] = []
    written: set[bytes] = set()
    for change, key, size in zip(asked.changes, keys, sizes, strict=True):
        results.append(write_row(instance, api, table, change, key, size, busy, written))
    put = [row for key in written if (row := table.rows[key]) is not None]
    instance.tables.put(number, put)
    instance.tables.delete(number, [key for key in written if table.rows[key] is None])
    return results


def _count(instance: Instance, api: str, results: list[RowResult]) -> None:
    """Count what was written, now that it is."""
    for result in results:
        if result.error is None:
            instance.rows_written[api] += 1
        else:
            instance.row_errors[result.error.code] += 1

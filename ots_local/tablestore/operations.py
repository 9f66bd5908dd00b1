"""Every operation of the service: its name to how it is read, carried out and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from ots_local.tablestore.actions import reading, tables, writing
from ots_local.tablestore.instance import Instance, RowName
from ots_local.tablestore.rows import Key, TableChanges, TableKeys
from ots_local.tablestore.wire import read_data, table_messages, write_data


def _nobody(_: Any) -> Iterable[tuple[str, Key]]:
    return ()


def _no_rows(_: Instance, __: Any) -> list[RowName]:
    return []


def _nothing(_: Any) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Operation:
    """How one operation is read, carried out and answered."""

    read: Callable[[bytes], Any]
    act: Callable[[Instance, Any, AbstractSet[RowName]], Any]  # last: the rows in other hands
    write: Callable[[Any], bytes]
    rows: Callable[[Any], Iterable[tuple[str, Key]]] = _nobody  # those that a fault can name
    locks: Callable[[Instance, Any], list[RowName]] = _no_rows  # the rows that it writes
    shorten: Callable[[Any], bytes] = _nothing  # an answer that lacks something


def _written(asked: list[TableChanges]) -> Iterable[tuple[str, Key]]:
    return ((table.table, change.key) for table in asked for change in table.changes)


def _read(asked: list[TableKeys]) -> Iterable[tuple[str, Key]]:
    return ((table.table, key) for table in asked for key in table.keys)


def _write_of(name: str, read: Callable[[bytes], Any]) -> Operation:
    return Operation(
        read,
        lambda instance, asked, busy: writing.write_one(instance, name, asked[0], busy),
        lambda result: write_data.write_row(name, result),
        _written,
        writing.rows_of,
    )


def _shorter(results: writing.Results) -> bytes:
    table, rows = results[-1]
    return write_data.write_batch("BatchWriteRow", [*results[:-1], (table, rows[:-1])])


OPERATIONS: dict[str, Operation] = {
    "PutRow": _write_of("PutRow", read_data.read_put),
    "UpdateRow": _write_of("UpdateRow", read_data.read_update),
    "DeleteRow": _write_of("DeleteRow", read_data.read_delete),
    "BatchWriteRow": Operation(
        read_data.read_batch_write,
        writing.batch_write,
        lambda results: write_data.write_batch("BatchWriteRow", results),
        _written,
        writing.rows_of,
        _shorter,
    ),
    "GetRow": Operation(
        read_data.read_get,
        lambda instance, asked, _: reading.get_row(instance, asked[0]),
        lambda result: write_data.write_row("GetRow", result),
        _read,
    ),
    "BatchGetRow": Operation(
        read_data.read_batch_get,
        lambda instance, asked, _: reading.batch_get(instance, asked),
        lambda results: write_data.write_batch("BatchGetRow", results),
        _read,
    ),
    "GetRange": Operation(
        read_data.read_range,
        lambda instance, asked, _: reading.get_range(instance, asked),
        write_data.write_range,
        lambda asked: [(asked.table, asked.start)],
    ),
    "CreateTable": Operation(
        table_messages.read_create,
        lambda instance, asked, _: tables.create_table(instance, asked),
        _nothing,
    ),
    "ListTable": Operation(
        lambda _: None,
        lambda instance, _, __: tables.list_tables(instance),
        table_messages.write_tables,
    ),
    "DescribeTable": Operation(
        table_messages.read_describe,
        lambda instance, asked, _: tables.describe_table(instance, asked),
        table_messages.write_description,
    ),
    "UpdateTable": Operation(
        table_messages.read_update_table,
        lambda instance, asked, _: tables.update_table(instance, asked),
        table_messages.write_updated,
    ),
    "DeleteTable": Operation(
        table_messages.read_delete_table,
        lambda instance, asked, _: tables.delete_table(instance, asked),
        _nothing,
    ),
    "ListSearchIndex": Operation(
        lambda _: None,
        lambda _, __, ___: None,
        lambda _: table_messages.write_no_indexes(),
    ),
}

"""The table of operations: how each request is parsed, executed and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from ots_local.tablestore.instance import Instance, RowId
from ots_local.tablestore.model import Key, TableChanges, TableKeys
from ots_local.tablestore.operations import get, put, tables
from ots_local.tablestore.wire import requests, responses


def _no_keys(_: Any) -> Iterable[tuple[str, Key]]:
    return ()


def _no_rows(_: Instance, __: Any) -> list[RowId]:
    return []


def _empty(_: Any) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the functions that parse, execute and answer a request."""

    parse: Callable[[bytes], Any]
    execute: Callable[[Instance, Any, AbstractSet[RowId]], Any]  # last: rows that others lock
    serialize: Callable[[Any], bytes]
    keys: Callable[[Any], Iterable[tuple[str, Key]]] = _no_keys  # the rows that faults can select
    rows_to_lock: Callable[[Instance, Any], list[RowId]] = _no_rows
    serialize_incomplete: Callable[[Any], bytes] = _empty  # for the fault `missing_row`


def _written_keys(request: list[TableChanges]) -> Iterable[tuple[str, Key]]:
    return ((table.table, change.key) for table in request for change in table.changes)


def _read_keys(request: list[TableKeys]) -> Iterable[tuple[str, Key]]:
    return ((table.table, key) for table in request for key in table.keys)


def _row_write(api: str, parse: Callable[[bytes], Any]) -> Operation:
    return Operation(
        parse,
        lambda instance, request, locked: put.write_row(instance, api, request[0], locked),
        lambda result: responses.serialize_row(api, result),
        _written_keys,
        put.rows_to_lock,
    )


def _without_last_row(results: put.Results) -> bytes:
    table, rows = results[-1]
    return responses.serialize_batch("BatchWriteRow", [*results[:-1], (table, rows[:-1])])


OPERATIONS: dict[str, Operation] = {
    "PutRow": _row_write("PutRow", requests.parse_put_row),
    "UpdateRow": _row_write("UpdateRow", requests.parse_update_row),
    "DeleteRow": _row_write("DeleteRow", requests.parse_delete_row),
    "BatchWriteRow": Operation(
        requests.parse_batch_write_row,
        put.batch_write_row,
        lambda results: responses.serialize_batch("BatchWriteRow", results),
        _written_keys,
        put.rows_to_lock,
        _without_last_row,
    ),
    "GetRow": Operation(
        requests.parse_get_row,
        lambda instance, request, _: get.get_row(instance, request[0]),
        lambda result: responses.serialize_row("GetRow", result),
        _read_keys,
    ),
    "BatchGetRow": Operation(
        requests.parse_batch_get_row,
        lambda instance, request, _: get.batch_get_row(instance, request),
        lambda results: responses.serialize_batch("BatchGetRow", results),
        _read_keys,
    ),
    "GetRange": Operation(
        requests.parse_get_range,
        lambda instance, query, _: get.get_range(instance, query),
        responses.serialize_range,
        lambda query: [(query.table, query.start)],
    ),
    "CreateTable": Operation(
        requests.parse_create_table,
        lambda instance, schema, _: tables.create_table(instance, schema),
        _empty,
    ),
    "ListTable": Operation(
        lambda _: None,
        lambda instance, _, __: tables.list_tables(instance),
        responses.serialize_table_names,
    ),
    "DescribeTable": Operation(
        requests.parse_describe_table,
        lambda instance, table, _: tables.describe_table(instance, table),
        responses.serialize_description,
    ),
    "UpdateTable": Operation(
        requests.parse_update_table,
        lambda instance, update, _: tables.update_table(instance, update),
        responses.serialize_update,
    ),
    "DeleteTable": Operation(
        requests.parse_delete_table,
        lambda instance, table, _: tables.delete_table(instance, table),
        _empty,
    ),
    "ListSearchIndex": Operation(
        lambda _: None,
        lambda _, __, ___: None,
        lambda _: responses.serialize_search_indexes(),
    ),
}

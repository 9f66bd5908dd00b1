"""Execute GetRow, BatchGetRow and GetRange."""

from __future__ import annotations

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.model import RangeQuery, RangeResult, RowResult, Selection, TableKeys
from ots_local.tablestore.operations.selection import returns_stored_rows, select
from ots_local.tablestore.storage.keys import encode_key
from ots_local.tablestore.storage.plainbuffer import HEADER, encode_row, parse_stored_row
from ots_local.tablestore.storage.schema import Schema
from ots_local.tablestore.validate.reads import check_batch_get, check_range, check_selection
from ots_local.tablestore.validate.rows import check_key, check_key_matches
from ots_local.tablestore.validate.tables import check_table_name

Results = list[tuple[str, list[RowResult]]]  # table name, rows


def get_row(instance: Instance, request: TableKeys) -> RowResult:
    """Execute a GetRow; the result of a missing row is empty."""
    _, schema = instance.find(request.table)
    check_selection(request.selection, "GetRow", instance.settings.leniency)
    check_key(request.keys[0], reading=True)
    check_key_matches(request.keys[0], schema)
    return _read_rows(instance, request)[0]


def batch_get_row(instance: Instance, request: list[TableKeys]) -> Results:
    """Execute a BatchGetRow; a key that does not match its table fails its row only."""
    leniency = instance.settings.leniency
    check_batch_get(request, leniency)
    for table in request:
        check_selection(table.selection, "BatchGetRow", leniency)
        for key in table.keys:
            check_key(key, reading=True)
        if leniency.unknown_table_per_row:
            check_table_name(table.table)
        else:
            instance.find(table.table)
    return [(table.table, _read_rows(instance, table)) for table in request]


def get_range(instance: Instance, query: RangeQuery) -> RangeResult:
    """Execute a GetRange; it reads up to 5,000 rows or 4 MB, before any filter."""
    table_id, schema = instance.find(query.table)
    check_selection(query.selection, "GetRange", instance.settings.leniency)
    check_range(query, schema)
    bounds = encode_key(query.start), encode_key(query.end)
    limit = min(query.limit or limits.RANGE_ROWS, limits.RANGE_ROWS)
    now = instance.now_ms()
    as_stored = returns_stored_rows(query.selection, schema)
    rows: list[bytes] = []
    size = 0
    next_start: bytes | None = None
    stored_rows = instance.database.scan(table_id, *bounds, query.backward)
    for read, (_, row_size, stored) in enumerate(stored_rows):
        if read >= limits.RANGE_ROWS or len(rows) >= limit or size >= limits.RANGE_BYTES:
            next_start = HEADER + encode_row(parse_stored_row(stored)[0])
            break
        size += row_size
        row = stored if as_stored else select(stored, query.selection, schema, now)
        if row is not None:
            rows.append(row)
    return RangeResult(rows, _read_units(size), next_start)


def _read_rows(instance: Instance, request: TableKeys) -> list[RowResult]:
    if request.table not in instance.tables:
        return [RowResult(ServiceError("OTSObjectNotExist")) for _ in request.keys]
    table_id, schema = instance.tables[request.table]
    found = instance.database.get_rows(table_id, [encode_key(key) for key in request.keys])
    results: list[RowResult] = []
    for key in request.keys:
        try:
            check_key_matches(key, schema)
        except ServiceError as error:
            results.append(RowResult(error))
            continue
        stored = found.get(encode_key(key))
        if stored is None:
            results.append(RowResult(read_units=1))
        else:
            row = _select(stored[2], request.selection, schema, instance.now_ms())
            results.append(RowResult(read_units=_read_units(stored[1]), row=row))
    return results


def _select(stored: bytes, wanted: Selection, schema: Schema, now: int) -> bytes:
    as_stored = returns_stored_rows(wanted, schema)
    row = stored if as_stored else select(stored, wanted, schema, now)
    return b"" if row is None else HEADER + row


def _read_units(size: int) -> int:
    return max(1, -(-size // limits.CAPACITY_UNIT_BYTES))

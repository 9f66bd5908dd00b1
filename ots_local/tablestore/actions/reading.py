"""GetRow, BatchGetRow and GetRange: keys or a range and a selection in, rows as they travel out."""

from __future__ import annotations

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.keys import encode_key
from ots_local.tablestore.plainbuffer import HEADER, encode_row, parse_stored
from ots_local.tablestore.read_rules import check_batch, check_range, check_selection
from ots_local.tablestore.row_rules import check_key, check_key_fits
from ots_local.tablestore.rows import Range, RangeResult, RowResult, Selection, TableKeys
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.selections import is_plain, select
from ots_local.tablestore.table_rules import check_table_name

Results = list[tuple[str, list[RowResult]]]


def get_row(instance: Instance, asked: TableKeys) -> RowResult:
    """Carry out a GetRow; a row that is not there is an empty answer."""
    _, schema = instance.find(asked.table)
    check_selection(asked.selection, "GetRow", instance.settings.lenient)
    check_key(asked.keys[0], reading=True)
    check_key_fits(asked.keys[0], schema)
    return _read_rows(instance, asked)[0]


def batch_get(instance: Instance, asked: list[TableKeys]) -> Results:
    """Carry out a BatchGetRow; keys that do not fit their table fail alone."""
    lenient = instance.settings.lenient
    check_batch(asked, lenient)
    for table in asked:
        check_selection(table.selection, "BatchGetRow", lenient)
        for key in table.keys:
            check_key(key, reading=True)
        if lenient.unknown_table_per_row:
            check_table_name(table.table)
        else:
            instance.find(table.table)
    return [(table.table, _read_rows(instance, table)) for table in asked]


def get_range(instance: Instance, asked: Range) -> RangeResult:
    """Carry out a GetRange: up to 5,000 rows or 4 MB are read, whatever is then shown of them."""
    number, schema = instance.find(asked.table)
    check_selection(asked.selection, "GetRange", instance.settings.lenient)
    check_range(asked, schema)
    borders = encode_key(asked.start), encode_key(asked.end)
    limit = min(asked.limit or limits.RANGE_ROWS, limits.RANGE_ROWS)
    now = instance.now_ms()
    plain = is_plain(asked.selection, schema)
    rows: list[bytes] = []
    size = 0
    next_start: bytes | None = None
    found = instance.tables.scan(number, *borders, asked.backward)
    for read, (_, row_size, row) in enumerate(found):
        if read >= limits.RANGE_ROWS or len(rows) >= limit or size >= limits.RANGE_BYTES:
            next_start = HEADER + encode_row(parse_stored(row)[0])
            break
        size += row_size
        shown = row if plain else select(row, asked.selection, schema, now)
        if shown is not None:
            rows.append(shown)
    return RangeResult(rows, _units(size), next_start)


def _read_rows(instance: Instance, asked: TableKeys) -> list[RowResult]:
    if asked.table not in instance.known:
        return [RowResult(ServiceError("OTSObjectNotExist")) for _ in asked.keys]
    number, schema = instance.known[asked.table]
    found = instance.tables.get(number, [encode_key(key) for key in asked.keys])
    results: list[RowResult] = []
    for key in asked.keys:
        try:
            check_key_fits(key, schema)
        except ServiceError as refusal:
            results.append(RowResult(refusal))
            continue
        stored = found.get(encode_key(key))
        if stored is None:
            results.append(RowResult(read_units=1))
        else:
            shown = _shown(stored[2], asked.selection, schema, instance.now_ms())
            results.append(RowResult(read_units=_units(stored[1]), row=shown))
    return results


def _shown(row: bytes, wanted: Selection, schema: Schema, now: int) -> bytes:
    shown = row if is_plain(wanted, schema) else select(row, wanted, schema, now)
    return b"" if shown is None else HEADER + shown


def _units(size: int) -> int:
    return max(1, -(-size // limits.CAPACITY_UNIT_BYTES))

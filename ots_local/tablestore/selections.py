"""What a read shows of a kept row: the row's bytes and a Selection in, the row to send or None out.

None is a row that does not show: it fails the filter, or holds nothing of what is asked for.
"""

from __future__ import annotations

from ots_local.tablestore import filters
from ots_local.tablestore.plainbuffer import encode_row, parse_stored
from ots_local.tablestore.rows import Cell, Key, Selection
from ots_local.tablestore.schema import Schema


def is_plain(wanted: Selection, schema: Schema) -> bool:
    """Tell whether kept rows can be sent as they are: all columns, all versions there are."""
    return (
        not wanted.columns
        and wanted.filter is None
        and wanted.start_time is None
        and wanted.end_time is None
        and wanted.start_column is None
        and wanted.end_column is None
        and (schema.options.time_to_live or -1) < 0
        and schema.most_versions == 1
    )


def select(row: bytes, wanted: Selection, schema: Schema, now: int) -> bytes | None:
    """Show the part of a row that is asked for; `now` is in milliseconds."""
    key, cells = parse_stored(row)
    return show(key, cells, wanted, schema, now)


def show(key: Key, cells: list[Cell], wanted: Selection, schema: Schema, now: int) -> bytes | None:
    """Show the part of a row that is asked for, given its cells."""
    cells = _newest(_in_time(alive(cells, schema, now), wanted), wanted.max_versions)
    asked = set(wanted.columns)
    if asked:
        cells = [cell for cell in cells if cell.name in asked]
    if wanted.filter is not None:
        if not filters.passes(wanted.filter, cells):
            return None
        page = filters.page_of(wanted.filter)
        if page is not None:
            cells = cells[page.offset : page.offset + page.limit]
    if wanted.start_column is not None:
        cells = [cell for cell in cells if cell.name >= (wanted.start_column or b"")]
    if wanted.end_column is not None:
        cells = [cell for cell in cells if cell.name < (wanted.end_column or b"")]
    if asked:
        shown = [cell for cell in key if cell.name in asked]
        if not shown and not cells:
            return None
    return encode_row(key, cells)


def alive(cells: list[Cell], schema: Schema, now: int) -> list[Cell]:
    """Leave out versions that the table's time to live has ended and those beyond its number."""
    life = schema.options.time_to_live or -1
    if life >= 0:
        oldest = now - life * 1000
        cells = [cell for cell in cells if (cell.timestamp or 0) >= oldest]
    return _newest(cells, schema.options.max_versions)


def _in_time(cells: list[Cell], wanted: Selection) -> list[Cell]:
    if wanted.start_time is None and wanted.end_time is None:
        return cells
    low = wanted.start_time or 0
    high = wanted.end_time if wanted.end_time is not None else 1 << 63
    return [cell for cell in cells if low <= (cell.timestamp or 0) < high]


def _newest(cells: list[Cell], versions: int | None) -> list[Cell]:
    if versions is None:
        return cells
    shown: list[Cell] = []
    column, count = None, 0
    for cell in cells:
        count = count + 1 if cell.name == column else 1
        column = cell.name
        if count <= versions:
            shown.append(cell)
    return shown

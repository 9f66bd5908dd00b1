"""Apply a selection to a stored row: versions, columns, filters and conditions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from ots_local.tablestore.model import (
    Cell,
    ColumnFilter,
    Combinator,
    Comparator,
    CompositeFilter,
    Filter,
    PaginationFilter,
    Selection,
)
from ots_local.tablestore.storage.plainbuffer import encode_row, parse_stored_row
from ots_local.tablestore.storage.schema import Schema
from ots_local.tablestore.storage.values import DOUBLE, INTEGER, STRING, Scalar, decode
from ots_local.tablestore.storage.versions import newest

_COMPARE: dict[Comparator, Callable[[Scalar, Scalar], bool]] = {
    Comparator.EQUAL: operator.eq,
    Comparator.NOT_EQUAL: operator.ne,
    Comparator.GREATER_THAN: operator.gt,
    Comparator.GREATER_EQUAL: operator.ge,
    Comparator.LESS_THAN: operator.lt,
    Comparator.LESS_EQUAL: operator.le,
}


def returns_stored_rows(wanted: Selection, schema: Schema) -> bool:
    """Return whether a selection returns rows as stored: all columns and all stored versions."""
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


def select(stored: bytes, wanted: Selection, schema: Schema, now: int) -> bytes | None:
    """Return the selected part of a stored row as PlainBuffer; `now` is in milliseconds.

    Return None if the filter excludes the row, or if it has none of the selected columns.
    """
    key, cells = parse_stored_row(stored)
    cells = newest(_in_time_range(live_cells(cells, schema, now), wanted), wanted.max_versions)
    columns = set(wanted.columns)
    if columns:
        cells = [cell for cell in cells if cell.name in columns]
    if wanted.filter is not None:
        if not matches(wanted.filter, cells):
            return None
        page = _pagination(wanted.filter)
        if page is not None:
            cells = cells[page.offset : page.offset + page.limit]
    if wanted.start_column is not None:
        cells = [cell for cell in cells if cell.name >= (wanted.start_column or b"")]
    if wanted.end_column is not None:
        cells = [cell for cell in cells if cell.name < (wanted.end_column or b"")]
    if columns and not cells and not any(cell.name in columns for cell in key):
        return None
    return encode_row(key, cells)


def live_cells(cells: list[Cell], schema: Schema, now: int) -> list[Cell]:
    """Return the cells that have not expired and are among the table's number of versions."""
    life = schema.options.time_to_live or -1
    if life >= 0:
        oldest = now - life * 1000
        cells = [cell for cell in cells if (cell.timestamp or 0) >= oldest]
    return newest(cells, schema.options.max_versions)


def matches(part: Filter, cells: Sequence[Cell]) -> bool:
    """Return whether the cells of a row, newest first within a column, match a filter."""
    if isinstance(part, ColumnFilter):
        return _column_matches(part, cells)
    if isinstance(part, PaginationFilter):
        return True
    if part.combinator is Combinator.NOT:
        return not matches(part.sub_filters[0], cells)
    if part.combinator is Combinator.AND:
        return all(matches(sub_filter, cells) for sub_filter in part.sub_filters)
    return any(matches(sub_filter, cells) for sub_filter in part.sub_filters)


def _in_time_range(cells: list[Cell], wanted: Selection) -> list[Cell]:
    if wanted.start_time is None and wanted.end_time is None:
        return cells
    low = wanted.start_time or 0
    high = wanted.end_time if wanted.end_time is not None else 1 << 63
    return [cell for cell in cells if low <= (cell.timestamp or 0) < high]


def _pagination(part: Filter) -> PaginationFilter | None:
    if isinstance(part, PaginationFilter):
        return part
    if isinstance(part, CompositeFilter):
        return next(filter(None, map(_pagination, part.sub_filters)), None)
    return None


def _column_matches(wanted: ColumnFilter, cells: Sequence[Cell]) -> bool:
    values = [cell.value for cell in cells if cell.name == wanted.name and cell.value]
    if wanted.latest_only:
        values = values[:1]
    if wanted.comparator is Comparator.EXIST:
        return any(_extract(wanted, decode(value))[0] is not None for value in values)
    if wanted.comparator is Comparator.NOT_EXIST:
        return all(_extract(wanted, decode(value))[0] is None for value in values)
    if not values:
        return wanted.pass_if_missing
    return any(_value_matches(wanted, value) for value in values)


def _value_matches(wanted: ColumnFilter, encoded: bytes) -> bool:
    expected = decode(wanted.value)
    found: Scalar | None = decode(encoded)
    kind = encoded[0]
    if wanted.pattern is not None:
        found, kind = _extract(wanted, found)
    if found is None:
        return False
    numbers = {kind, wanted.value[0]} == {INTEGER, DOUBLE}
    if kind != wanted.value[0] and not numbers:
        return wanted.comparator is Comparator.NOT_EQUAL
    return _COMPARE[wanted.comparator](_comparable(found), _comparable(expected))


def _comparable(value: Scalar) -> Scalar:
    return value.encode() if isinstance(value, str) else value


def _extract(wanted: ColumnFilter, found: Scalar | None) -> tuple[Scalar | None, int]:
    """Return the part of a string that the pattern matches, converted, and its type.

    The part is None if the pattern does not match or the conversion fails.
    """
    if wanted.pattern is None:
        return found, 0
    kind = STRING if wanted.cast is None else wanted.cast
    match = re.search(wanted.pattern, found) if isinstance(found, str) else None
    if match is None:
        return None, kind
    text = match.group(1) if match.re.groups else match.group()
    try:
        if kind == INTEGER:
            return int(text), kind
        if kind == DOUBLE:
            return float(text), kind
    except ValueError:
        return None, kind
    return text, kind

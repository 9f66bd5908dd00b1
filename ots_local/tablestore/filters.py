"""Whether a row satisfies a filter or a condition: a Filter and a row's cells in, a bool out."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from ots_local.tablestore.rows import (
    Cell,
    ColumnFilter,
    Combinator,
    Combined,
    Comparator,
    Filter,
    Page,
)
from ots_local.tablestore.values import DOUBLE, INTEGER, STRING, Scalar, decode

_COMPARE: dict[Comparator, Callable[[Scalar, Scalar], bool]] = {
    Comparator.EQUAL: operator.eq,
    Comparator.NOT_EQUAL: operator.ne,
    Comparator.GREATER_THAN: operator.gt,
    Comparator.GREATER_EQUAL: operator.ge,
    Comparator.LESS_THAN: operator.lt,
    Comparator.LESS_EQUAL: operator.le,
}


def passes(wanted: Filter, cells: Sequence[Cell]) -> bool:
    """Tell whether a row's cells, newest first within a column, satisfy a filter."""
    if isinstance(wanted, ColumnFilter):
        return _column(wanted, cells)
    if isinstance(wanted, Page):
        return True
    if wanted.combinator is Combinator.NOT:
        return not passes(wanted.parts[0], cells)
    if wanted.combinator is Combinator.AND:
        return all(passes(part, cells) for part in wanted.parts)
    return any(passes(part, cells) for part in wanted.parts)


def page_of(wanted: Filter | None) -> Page | None:
    """Find the window of columns that a filter lets through, if it has one."""
    if isinstance(wanted, Page):
        return wanted
    if isinstance(wanted, Combined):
        return next(filter(None, map(page_of, wanted.parts)), None)
    return None


def _column(wanted: ColumnFilter, cells: Sequence[Cell]) -> bool:
    values = [cell.value for cell in cells if cell.name == wanted.name and cell.value]
    if wanted.latest_only:
        values = values[:1]
    if wanted.comparator is Comparator.EXIST:
        return any(_part(wanted, decode(value))[0] is not None for value in values)
    if wanted.comparator is Comparator.NOT_EXIST:
        return all(_part(wanted, decode(value))[0] is None for value in values)
    if not values:
        return wanted.pass_if_missing
    return any(_matches(wanted, value) for value in values)


def _matches(wanted: ColumnFilter, raw: bytes) -> bool:
    expected = decode(wanted.value)
    found: Scalar | None = decode(raw)
    kind = raw[0]
    if wanted.pattern is not None:
        found, kind = _part(wanted, found)
    if found is None:
        return False
    numbers = {kind, wanted.value[0]} == {INTEGER, DOUBLE}
    if kind != wanted.value[0] and not numbers:
        return wanted.comparator is Comparator.NOT_EQUAL
    return _COMPARE[wanted.comparator](_ordered(found), _ordered(expected))


def _ordered(value: Scalar) -> Scalar:
    return value.encode() if isinstance(value, str) else value


def _part(wanted: ColumnFilter, found: Scalar | None) -> tuple[Scalar | None, int]:
    """Take from a string the part that a pattern names, read as another type; None without it."""
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

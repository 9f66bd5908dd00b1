"""What a filter or condition may be made of: a Filter in; refuses what breaks a limit."""

from __future__ import annotations

import re

from ots_local.tablestore import limits
from ots_local.tablestore.column_rules import check_column_name, check_value
from ots_local.tablestore.errors import invalid
from ots_local.tablestore.rows import ColumnFilter, Combinator, Combined, Filter, Page
from ots_local.tablestore.settings import Leniency


def check_filter(wanted: Filter, lenient: Leniency) -> None:
    """Refuse a filter or condition of too many parts, or of parts that do not fit."""
    if _count(wanted) > limits.FILTERS:
        raise invalid(f"The count of filter exceeds the max:{limits.FILTERS}.")
    _check_part(wanted, lenient)


def _count(found: Filter) -> int:
    """Count the conditions on columns in a filter."""
    return sum(map(_count, found.parts)) if isinstance(found, Combined) else 1


def _check_part(wanted: Filter, lenient: Leniency) -> None:
    if isinstance(wanted, ColumnFilter):
        check_column_name(wanted.name, lenient.column_names)
        check_value(wanted.name, wanted.value)
        if wanted.pattern is not None:
            _check_pattern(wanted.pattern)
    elif isinstance(wanted, Page):
        if wanted.offset < 0:
            raise invalid("Offset in ColumnPaginationFilter must be greater than or equal to 0.")
        if wanted.limit <= 0:
            raise invalid("Limit in ColumnPaginationFilter must be greater than 0.")
    else:
        _check_combined(wanted, lenient)


def _check_combined(wanted: Combined, lenient: Leniency) -> None:
    parts = len(wanted.parts)
    if wanted.combinator is Combinator.NOT:
        if parts != 1:
            raise invalid("Invalid NOT operator: the number of sub-filters must be 1.")
    elif parts != 2 and not (lenient.sub_filters and parts > 2):
        raise invalid("Invalid AND/OR operator: the number of sub-filters must be 2.")
    for part in wanted.parts:
        _check_part(part, lenient)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        raise invalid(f"Invalid regex: {pattern}.") from None

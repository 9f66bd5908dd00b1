"""Validate filters and column conditions."""

from __future__ import annotations

import re

from ots_local.tablestore import limits
from ots_local.tablestore.errors import invalid_parameter
from ots_local.tablestore.model import (
    ColumnFilter,
    Combinator,
    CompositeFilter,
    Filter,
    PaginationFilter,
)
from ots_local.tablestore.settings import Leniency
from ots_local.tablestore.validate.rows import check_column_name, check_value


def check_filter(wanted: Filter, leniency: Leniency) -> None:
    """Check the number of conditions in a filter, and each part of it.

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    if _count_conditions(wanted) > limits.FILTERS:
        raise invalid_parameter(f"The count of filter exceeds the max:{limits.FILTERS}.")
    _check_part(wanted, leniency)


def _count_conditions(part: Filter) -> int:
    if isinstance(part, CompositeFilter):
        return sum(map(_count_conditions, part.sub_filters))
    return 1


def _check_part(part: Filter, leniency: Leniency) -> None:
    if isinstance(part, ColumnFilter):
        check_column_name(part.name, leniency.any_column_names)
        check_value(part.name, part.value)
        if part.pattern is not None:
            _check_pattern(part.pattern)
    elif isinstance(part, PaginationFilter):
        if part.offset < 0:
            raise invalid_parameter(
                "Offset in ColumnPaginationFilter must be greater than or equal to 0."
            )
        if part.limit <= 0:
            raise invalid_parameter("Limit in ColumnPaginationFilter must be greater than 0.")
    else:
        _check_composite(part, leniency)


def _check_composite(part: CompositeFilter, leniency: Leniency) -> None:
    count = len(part.sub_filters)
    if part.combinator is Combinator.NOT:
        if count != 1:
            raise invalid_parameter("Invalid NOT operator: the number of sub-filters must be 1.")
    elif count != 2 and not (leniency.many_sub_filters and count > 2):
        raise invalid_parameter("Invalid AND/OR operator: the number of sub-filters must be 2.")
    for sub_filter in part.sub_filters:
        _check_part(sub_filter, leniency)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        raise invalid_parameter(f"Invalid regex: {pattern}.") from None

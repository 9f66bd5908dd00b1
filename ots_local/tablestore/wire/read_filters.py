"""Filters and column conditions: their bytes in a request to nouns; refuses what is malformed."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError
from tablestore.protobuf import table_store_filter_pb2 as pb

from ots_local.tablestore import limits
from ots_local.tablestore.errors import invalid
from ots_local.tablestore.plainbuffer import check_bare_value
from ots_local.tablestore.rows import ColumnFilter, Combinator, Combined, Comparator, Filter, Page

_DEEPEST = 2 * limits.FILTERS  # filters within filters: as many as can combine two, and negate


def read_filter(data: bytes) -> Filter | None:
    """Read a filter; no bytes are no filter."""
    return _read(_fill(pb.Filter(), data, "filter"), 1) if data else None


def _read(message: pb.Filter, depth: int) -> Filter:
    if depth > _DEEPEST:
        raise invalid(f"The count of filter exceeds the max:{limits.FILTERS}.")
    if message.type == pb.FT_SINGLE_COLUMN_VALUE:
        return _column(message.filter)
    if message.type == pb.FT_COLUMN_PAGINATION:
        page = _fill(pb.ColumnPaginationFilter(), message.filter, "column pagination filter")
        return Page(page.offset, page.limit)
    composite = _fill(pb.CompositeColumnValueFilter(), message.filter, "composite filter")
    return Combined(
        Combinator(composite.combinator),
        tuple(_read(part, depth + 1) for part in composite.sub_filters),
    )


def _column(data: bytes) -> ColumnFilter:
    column = _fill(pb.SingleColumnValueFilter(), data, "relation filter")
    if column.comparator not in {member.value for member in Comparator}:
        raise invalid(f"Invalid relation operator: {column.comparator}.")
    check_bare_value(column.column_value)
    rule = column.value_trans_rule if column.HasField("value_trans_rule") else None
    return ColumnFilter(
        name=column.column_name.encode(),
        comparator=Comparator(column.comparator),
        value=column.column_value,
        pass_if_missing=not column.filter_if_missing,
        latest_only=column.latest_version_only,
        pattern=None if rule is None else rule.regex,
        cast=None if rule is None else rule.cast_type,
    )


def _fill(message: Any, data: bytes, what: str) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise invalid(f"Deserialize {what} failed.") from None
    if not message.IsInitialized():
        raise invalid(f"Deserialize {what} failed.")
    return message

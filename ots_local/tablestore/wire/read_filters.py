"""Filters and column conditions: their bytes in a request to nouns; refuses what is malformed."""

from __future__ import annotations

from google.protobuf.message import DecodeError, Message
from tablestore.protobuf import table_store_filter_pb2 as pb

from ots_local.tablestore import limits
from ots_local.tablestore.errors import invalid
from ots_local.tablestore.rows import ColumnFilter, Combinator, Combined, Comparator, Filter, Page


def read_filter(data: bytes) -> Filter | None:
    """Read a filter; no bytes are no filter."""
    if not data:
        return None
    message = pb.Filter()
    _fill(message, data)
    found = _read(message)
    if _count(found) > limits.FILTERS:
        raise invalid(f"The number of filters exceeds the limit: {limits.FILTERS}.")
    return found


def _read(message: pb.Filter) -> Filter:
    if message.type == pb.FT_SINGLE_COLUMN_VALUE:
        return _column(message.filter)
    if message.type == pb.FT_COLUMN_PAGINATION:
        page = pb.ColumnPaginationFilter()
        _fill(page, message.filter)
        if page.offset < 0 or page.limit < 0:
            raise invalid("The offset and limit of a column pagination must not be negative.")
        return Page(page.offset, page.limit)
    composite = pb.CompositeColumnValueFilter()
    _fill(composite, message.filter)
    parts = tuple(_read(part) for part in composite.sub_filters)
    combinator = Combinator(composite.combinator)
    if combinator is Combinator.NOT and len(parts) != 1:
        raise invalid("The logical operator NOT takes exactly one sub filter.")
    if combinator is not Combinator.NOT and len(parts) < 2:
        raise invalid("The logical operators AND and OR take at least two sub filters.")
    return Combined(combinator, parts)


def _column(data: bytes) -> ColumnFilter:
    column = pb.SingleColumnValueFilter()
    _fill(column, data)
    if column.comparator not in {member.value for member in Comparator}:
        raise invalid(f"Unsupported comparator type: {column.comparator}.")
    value = column.column_value
    if not value:
        raise invalid("The value of a column filter is missing.")
    rule = column.value_trans_rule if column.HasField("value_trans_rule") else None
    return ColumnFilter(
        name=column.column_name.encode(),
        comparator=Comparator(column.comparator),
        value=value,
        pass_if_missing=not column.filter_if_missing,
        latest_only=column.latest_version_only,
        pattern=None if rule is None else rule.regex,
        cast=None if rule is None else rule.cast_type,
    )


def _count(found: Filter) -> int:
    return sum(map(_count, found.parts)) if isinstance(found, Combined) else 1


def _fill(message: Message, data: bytes) -> None:
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise invalid("Parse PBMessage from RawString failed.") from None
    if not message.IsInitialized():
        raise invalid("Parse PBMessage from RawString failed.")

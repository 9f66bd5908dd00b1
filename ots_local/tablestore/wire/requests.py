"""Parse the protobuf bodies of requests.

Every parse function raises ServiceError: OTSParameterInvalid if the body is malformed.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError, Message
from tablestore.protobuf import table_store_filter_pb2 as filter_pb
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import limits
from ots_local.tablestore.errors import invalid_parameter
from ots_local.tablestore.model import (
    ColumnFilter,
    Combinator,
    Comparator,
    CompositeFilter,
    Filter,
    Key,
    PaginationFilter,
    RangeQuery,
    RowChange,
    RowExistence,
    Selection,
    TableChanges,
    TableKeys,
    WriteType,
)
from ots_local.tablestore.storage.plainbuffer import check_encoded_value, parse_row
from ots_local.tablestore.storage.schema import (
    KEY_TYPES,
    KeyColumn,
    Options,
    Schema,
    Stream,
    TableUpdate,
    Throughput,
)

# Ten conditions can be combined at most this deep, each of them negated.
_MAX_FILTER_DEPTH = 2 * limits.FILTERS
_EXISTENCE = {
    pb.IGNORE: RowExistence.IGNORE,
    pb.EXPECT_EXIST: RowExistence.EXPECT_EXIST,
    pb.EXPECT_NOT_EXIST: RowExistence.EXPECT_NOT_EXIST,
}
_WRITE_TYPE = {pb.PUT: WriteType.PUT, pb.UPDATE: WriteType.UPDATE, pb.DELETE: WriteType.DELETE}


def parse_put_row(body: bytes) -> list[TableChanges]:
    """Parse a PutRow request."""
    request = _parse(pb.PutRowRequest(), body)
    return [TableChanges(request.table_name, [_row_change(WriteType.PUT, request.row, request)])]


def parse_update_row(body: bytes) -> list[TableChanges]:
    """Parse an UpdateRow request."""
    request = _parse(pb.UpdateRowRequest(), body)
    return [
        TableChanges(
            request.table_name, [_row_change(WriteType.UPDATE, request.row_change, request)]
        )
    ]


def parse_delete_row(body: bytes) -> list[TableChanges]:
    """Parse a DeleteRow request."""
    request = _parse(pb.DeleteRowRequest(), body)
    return [
        TableChanges(
            request.table_name, [_row_change(WriteType.DELETE, request.primary_key, request)]
        )
    ]


def parse_batch_write_row(body: bytes) -> list[TableChanges]:
    """Parse a BatchWriteRow request."""
    request = _parse(pb.BatchWriteRowRequest(), body)
    return [
        TableChanges(
            table.table_name,
            [_row_change(_WRITE_TYPE[row.type], row.row_change, row) for row in table.rows],
        )
        for table in request.tables
    ]


def parse_get_row(body: bytes) -> list[TableKeys]:
    """Parse a GetRow request."""
    request = _parse(pb.GetRowRequest(), body)
    return [TableKeys(request.table_name, [_key(request.primary_key)], _selection(request))]


def parse_batch_get_row(body: bytes) -> list[TableKeys]:
    """Parse a BatchGetRow request."""
    request = _parse(pb.BatchGetRowRequest(), body)
    return [
        TableKeys(table.table_name, [_key(key) for key in table.primary_key], _selection(table))
        for table in request.tables
    ]


def parse_get_range(body: bytes) -> RangeQuery:
    """Parse a GetRange request."""
    request = _parse(pb.GetRangeRequest(), body)
    return RangeQuery(
        table=request.table_name,
        start=_key(request.inclusive_start_primary_key),
        end=_key(request.exclusive_end_primary_key),
        backward=request.direction == pb.BACKWARD,
        limit=request.limit if request.HasField("limit") else None,
        selection=_selection(request),
    )


def parse_create_table(body: bytes) -> Schema:
    """Parse a CreateTable request."""
    request = _parse(pb.CreateTableRequest(), body)
    if request.index_metas:
        raise invalid_parameter("Secondary indexes are not supported by the local Table Store.")
    meta = request.table_meta
    units = request.reserved_throughput.capacity_unit
    options = _options(request.table_options)
    return Schema(
        name=meta.table_name,
        key=tuple(
            KeyColumn(
                column.name,
                KEY_TYPES[column.type],
                column.HasField("option") and column.option == pb.AUTO_INCREMENT,
            )
            for column in meta.primary_key
        ),
        defined=tuple((column.name, column.type) for column in meta.defined_column),
        options=Options(
            -1 if options.time_to_live is None else options.time_to_live,
            1 if options.max_versions is None else options.max_versions,
            86400 if options.deviation is None else options.deviation,
            True if options.allow_update is None else options.allow_update,
        ),
        throughput=Throughput(units.read, units.write),
        stream=_stream(request.stream_spec),
    )


def parse_update_table(body: bytes) -> TableUpdate:
    """Parse an UpdateTable request."""
    request = _parse(pb.UpdateTableRequest(), body)
    units = request.reserved_throughput.capacity_unit
    return TableUpdate(
        table=request.table_name,
        options=_options(request.table_options) if request.HasField("table_options") else None,
        throughput=(
            units.read if units.HasField("read") else None,
            units.write if units.HasField("write") else None,
        )
        if request.HasField("reserved_throughput")
        else None,
        stream=_stream(request.stream_spec) if request.HasField("stream_spec") else None,
    )


def parse_describe_table(body: bytes) -> str:
    """Parse a DescribeTable request; return the name of the table."""
    return str(_parse(pb.DescribeTableRequest(), body).table_name)


def parse_delete_table(body: bytes) -> str:
    """Parse a DeleteTable request; return the name of the table."""
    return str(_parse(pb.DeleteTableRequest(), body).table_name)


def _row_change(type_: WriteType, data: bytes, request: Any) -> RowChange:
    key, cells, deleted = parse_row(data)
    if deleted is not (type_ is WriteType.DELETE):
        raise invalid_parameter(
            "Invalid request of put/update row: unexpected RowDeleteMarker in request."
            if deleted
            else "Invalid request of delete row: missing RowDeleteMarker in request."
        )
    if deleted and cells:
        raise invalid_parameter("Invalid delete row request: unexpected cells in request.")
    condition = request.condition
    returned = request.return_content if request.HasField("return_content") else None
    return RowChange(
        type=type_,
        key=key,
        cells=cells,
        existence=_EXISTENCE[condition.row_existence],
        condition=_filter(condition.column_condition),
        return_key=returned is not None and returned.return_type == pb.RT_PK,
        return_modified=()
        if returned is None
        else tuple(name.encode() for name in returned.return_column_names),
    )


def _key(data: bytes) -> Key:
    key, cells, deleted = parse_row(data)
    if cells:
        raise invalid_parameter("Attribute column cannot be given while reading data.")
    if deleted:
        raise invalid_parameter("Delete marker cannot be given.")
    return key


def _check_specific(times: Any) -> None:
    if times.specific_time < 0:
        raise invalid_parameter("Specific timestamp cannot be less than 0.")
    ranged = times.HasField("start_time") or times.HasField("end_time")
    if ranged:
        raise invalid_parameter(
            "Specific tiemstamp and time range cannot be given at the same time."
        )


def _selection(request: Any) -> Selection:
    start = end = None
    if request.HasField("time_range"):
        times = request.time_range
        if times.HasField("specific_time"):
            _check_specific(times)
            start, end = times.specific_time, times.specific_time + 1
        else:
            start = times.start_time if times.HasField("start_time") else None
            end = times.end_time if times.HasField("end_time") else None
    return Selection(
        columns=tuple(name.encode() for name in request.columns_to_get),
        max_versions=request.max_versions if request.HasField("max_versions") else None,
        start_time=start,
        end_time=end,
        filter=_filter(request.filter),
        start_column=request.start_column.encode() if request.HasField("start_column") else None,
        end_column=request.end_column.encode() if request.HasField("end_column") else None,
    )


def _options(message: Any) -> Options:
    def value(name: str) -> Any:
        return getattr(message, name) if message.HasField(name) else None

    return Options(
        value("time_to_live"),
        value("max_versions"),
        value("deviation_cell_version_in_sec"),
        value("allow_update"),
    )


def _stream(message: Any) -> Stream:
    return Stream(message.enable_stream, message.expiration_time if message.enable_stream else 0)


def _filter(data: bytes) -> Filter | None:
    return _filter_part(_parse_part(filter_pb.Filter(), data, "filter"), 1) if data else None


def _filter_part(message: filter_pb.Filter, depth: int) -> Filter:
    if depth > _MAX_FILTER_DEPTH:
        raise invalid_parameter(f"The count of filter exceeds the max:{limits.FILTERS}.")
    if message.type == filter_pb.FT_SINGLE_COLUMN_VALUE:
        return _column_filter(message.filter)
    if message.type == filter_pb.FT_COLUMN_PAGINATION:
        page = _parse_part(
            filter_pb.ColumnPaginationFilter(), message.filter, "column pagination filter"
        )
        return PaginationFilter(page.offset, page.limit)
    composite = _parse_part(
        filter_pb.CompositeColumnValueFilter(), message.filter, "composite filter"
    )
    return CompositeFilter(
        Combinator(composite.combinator),
        tuple(_filter_part(part, depth + 1) for part in composite.sub_filters),
    )


def _column_filter(data: bytes) -> ColumnFilter:
    column = _parse_part(filter_pb.SingleColumnValueFilter(), data, "relation filter")
    if column.comparator not in {member.value for member in Comparator}:
        raise invalid_parameter(f"Invalid relation operator: {column.comparator}.")
    check_encoded_value(column.column_value)
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


def _parse(message: Message, body: bytes) -> Any:
    return _parse_message(message, body, "Parse PBMessage from RawString failed.")


def _parse_part(message: Message, data: bytes, what: str) -> Any:
    return _parse_message(message, data, f"Deserialize {what} failed.")


def _parse_message(message: Message, data: bytes, error: str) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise invalid_parameter(error) from None
    if not message.IsInitialized():
        raise invalid_parameter(error)
    return message

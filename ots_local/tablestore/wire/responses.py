"""Serialize the protobuf bodies of responses."""

from __future__ import annotations

from typing import Any

from tablestore.protobuf import search_pb2
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.model import RangeResult, RowResult
from ots_local.tablestore.storage.plainbuffer import HEADER
from ots_local.tablestore.storage.schema import KEY_TYPES, Schema

# Field 4, the status of the table; 1 is active. SDKs other than Python's need it, but the messages
# of the Python SDK do not define it.
_ACTIVE = b"\x20\x01"
_KEY_TYPE_NUMBERS = {kind: number for number, kind in KEY_TYPES.items()}
_ROW_RESPONSES = {
    "PutRow": pb.PutRowResponse,
    "UpdateRow": pb.UpdateRowResponse,
    "DeleteRow": pb.DeleteRowResponse,
    "GetRow": pb.GetRowResponse,
}


def serialize_error(error: ServiceError) -> bytes:
    """Serialize an error."""
    return bytes(pb.Error(code=error.code, message=error.message).SerializeToString())


def serialize_row(api: str, result: RowResult) -> bytes:
    """Serialize the response of PutRow, UpdateRow, DeleteRow or GetRow."""
    response = _ROW_RESPONSES[api]()
    _set_consumed(response.consumed, result)
    if api == "GetRow":
        response.row = result.row
    elif result.row:
        response.row = HEADER + result.row
    return bytes(response.SerializeToString())


def serialize_batch(api: str, results: list[tuple[str, list[RowResult]]]) -> bytes:
    """Serialize the response of BatchWriteRow or BatchGetRow."""
    response: Any = (
        pb.BatchWriteRowResponse() if api == "BatchWriteRow" else pb.BatchGetRowResponse()
    )
    prefix = HEADER if api == "BatchWriteRow" else b""
    for name, rows in results:
        table = response.tables.add()
        table.table_name = name
        for result in rows:
            row = table.rows.add()
            row.is_ok = result.error is None
            if result.error is not None:
                row.error.code = result.error.code
                row.error.message = result.error.message
            if result.error is None or result.write_units:
                _set_consumed(row.consumed, result)
            if result.error is None and (api == "BatchGetRow" or result.row):
                row.row = prefix + result.row if result.row else b""
    return bytes(response.SerializeToString())


def serialize_range(result: RangeResult) -> bytes:
    """Serialize the response of GetRange."""
    response = pb.GetRangeResponse()
    response.consumed.capacity_unit.read = result.read_units
    response.consumed.capacity_unit.write = 0
    response.rows = HEADER + b"".join(result.rows) if result.rows else b""
    if result.next_start is not None:
        response.next_start_primary_key = result.next_start
    return bytes(response.SerializeToString())


def serialize_table_names(names: list[str]) -> bytes:
    """Serialize the response of ListTable."""
    return bytes(pb.ListTableResponse(table_names=names).SerializeToString())


def serialize_search_indexes() -> bytes:
    """Serialize the response of ListSearchIndex: an empty list."""
    return bytes(search_pb2.ListSearchIndexResponse().SerializeToString())


def serialize_description(schema: Schema) -> bytes:
    """Serialize the response of DescribeTable."""
    response = pb.DescribeTableResponse()
    response.table_meta.table_name = schema.name
    for key in schema.key:
        column = response.table_meta.primary_key.add(
            name=key.name, type=_KEY_TYPE_NUMBERS[key.kind]
        )
        if key.auto_increment:
            column.option = pb.AUTO_INCREMENT
    for name, kind in schema.defined:
        response.table_meta.defined_column.add(name=name, type=kind)
    _set_description(response, schema)
    return bytes(response.SerializeToString()) + _ACTIVE


def serialize_update(schema: Schema) -> bytes:
    """Serialize the response of UpdateTable."""
    response = pb.UpdateTableResponse()
    _set_description(response, schema)
    return bytes(response.SerializeToString())


def _set_consumed(message: Any, result: RowResult) -> None:
    message.capacity_unit.read = result.read_units
    message.capacity_unit.write = result.write_units


def _set_description(response: Any, schema: Schema) -> None:
    details = response.reserved_throughput_details
    details.capacity_unit.read = schema.throughput.read
    details.capacity_unit.write = schema.throughput.write
    details.last_increase_time = schema.throughput.increased
    if schema.throughput.decreased is not None:
        details.last_decrease_time = schema.throughput.decreased
    response.table_options.time_to_live = schema.options.time_to_live
    response.table_options.max_versions = schema.options.max_versions
    response.table_options.deviation_cell_version_in_sec = schema.options.deviation
    response.table_options.allow_update = schema.options.allow_update is not False
    response.stream_details.enable_stream = schema.stream.enabled
    if schema.stream.enabled:
        response.stream_details.stream_id = f"{schema.name}_{schema.stream.since}"
        response.stream_details.expiration_time = schema.stream.hours
        response.stream_details.last_enable_time = schema.stream.since

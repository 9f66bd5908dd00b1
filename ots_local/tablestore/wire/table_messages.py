"""Requests and answers of the table operations: bytes to definitions and definitions to bytes."""

from __future__ import annotations

from typing import Any

from tablestore.protobuf import search_pb2
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore.errors import invalid
from ots_local.tablestore.schema import (
    KEY_TYPES,
    KeyColumn,
    Options,
    Schema,
    Stream,
    TableUpdate,
    Throughput,
)
from ots_local.tablestore.wire.read_data import parse

# Field 4, the table's status, 1 for active: other SDKs need it, Python's messages do not know it.
_ACTIVE = b"\x20\x01"
_KEY_NUMBERS = {kind: number for number, kind in KEY_TYPES.items()}


def read_create(body: bytes) -> Schema:
    """Read a CreateTable."""
    asked = parse(pb.CreateTableRequest(), body)
    if asked.index_metas:
        raise invalid("Secondary indexes are not supported by the local Table Store.")
    meta = asked.table_meta
    units = asked.reserved_throughput.capacity_unit
    options = _options(asked.table_options)
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
        stream=_stream(asked.stream_spec),
    )


def read_update_table(body: bytes) -> TableUpdate:
    """Read an UpdateTable."""
    asked = parse(pb.UpdateTableRequest(), body)
    units = asked.reserved_throughput.capacity_unit
    return TableUpdate(
        table=asked.table_name,
        options=_options(asked.table_options) if asked.HasField("table_options") else None,
        throughput=(
            units.read if units.HasField("read") else None,
            units.write if units.HasField("write") else None,
        )
        if asked.HasField("reserved_throughput")
        else None,
        stream=_stream(asked.stream_spec) if asked.HasField("stream_spec") else None,
    )


def read_describe(body: bytes) -> str:
    """Read a DescribeTable: the table's name."""
    return str(parse(pb.DescribeTableRequest(), body).table_name)


def read_delete_table(body: bytes) -> str:
    """Read a DeleteTable: the table's name."""
    return str(parse(pb.DeleteTableRequest(), body).table_name)


def write_tables(names: list[str]) -> bytes:
    """Write the answer of a ListTable."""
    return bytes(pb.ListTableResponse(table_names=names).SerializeToString())


def write_no_indexes() -> bytes:
    """Write the answer of a ListSearchIndex: there is none."""
    return bytes(search_pb2.ListSearchIndexResponse().SerializeToString())


def write_description(schema: Schema) -> bytes:
    """Write the answer of a DescribeTable."""
    answer = pb.DescribeTableResponse()
    answer.table_meta.table_name = schema.name
    for key in schema.key:
        column = answer.table_meta.primary_key.add(name=key.name, type=_KEY_NUMBERS[key.kind])
        if key.auto_increment:
            column.option = pb.AUTO_INCREMENT
    for name, kind in schema.defined:
        answer.table_meta.defined_column.add(name=name, type=kind)
    _describe(answer, schema)
    return bytes(answer.SerializeToString()) + _ACTIVE


def write_updated(schema: Schema) -> bytes:
    """Write the answer of an UpdateTable."""
    answer = pb.UpdateTableResponse()
    _describe(answer, schema)
    return bytes(answer.SerializeToString())


def _describe(answer: Any, schema: Schema) -> None:
    details = answer.reserved_throughput_details
    details.capacity_unit.read = schema.throughput.read
    details.capacity_unit.write = schema.throughput.write
    details.last_increase_time = schema.throughput.increased
    if schema.throughput.decreased is not None:
        details.last_decrease_time = schema.throughput.decreased
    answer.table_options.time_to_live = schema.options.time_to_live
    answer.table_options.max_versions = schema.options.max_versions
    answer.table_options.deviation_cell_version_in_sec = schema.options.deviation
    answer.table_options.allow_update = schema.options.allow_update is not False
    answer.stream_details.enable_stream = schema.stream.enabled
    if schema.stream.enabled:
        answer.stream_details.stream_id = f"{schema.name}_{schema.stream.since}"
        answer.stream_details.expiration_time = schema.stream.hours
        answer.stream_details.last_enable_time = schema.stream.since


def _options(found: Any) -> Options:
    def value(name: str) -> Any:
        return getattr(found, name) if found.HasField(name) else None

    return Options(
        value("time_to_live"),
        value("max_versions"),
        value("deviation_cell_version_in_sec"),
        value("allow_update"),
    )


def _stream(found: Any) -> Stream:
    return Stream(found.enable_stream, found.expiration_time if found.enable_stream else 0)

"""Requests of the data operations: a body's bytes in, nouns out; refuses what cannot be parsed."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError, Message
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore.errors import invalid
from ots_local.tablestore.plainbuffer import parse_row
from ots_local.tablestore.rows import (
    Existence,
    Key,
    Range,
    RowChange,
    Selection,
    TableChanges,
    TableKeys,
    Write,
)
from ots_local.tablestore.wire.read_filters import read_filter

_EXISTENCE = {
    pb.IGNORE: Existence.IGNORE,
    pb.EXPECT_EXIST: Existence.EXPECT_EXIST,
    pb.EXPECT_NOT_EXIST: Existence.EXPECT_NOT_EXIST,
}
_WRITE = {pb.PUT: Write.PUT, pb.UPDATE: Write.UPDATE, pb.DELETE: Write.DELETE}


def parse(message: Message, body: bytes) -> Any:
    """Fill a message from a body.

    Raises:
        ServiceError: OTSParameterInvalid, when the body is not such a message.
    """
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise invalid("Parse PBMessage from RawString failed.") from None
    if not message.IsInitialized():
        raise invalid("Parse PBMessage from RawString failed.")
    return message


def read_put(body: bytes) -> list[TableChanges]:
    """Read a PutRow."""
    asked = parse(pb.PutRowRequest(), body)
    return [TableChanges(asked.table_name, [_change(Write.PUT, asked.row, asked)])]


def read_update(body: bytes) -> list[TableChanges]:
    """Read an UpdateRow."""
    asked = parse(pb.UpdateRowRequest(), body)
    return [TableChanges(asked.table_name, [_change(Write.UPDATE, asked.row_change, asked)])]


def read_delete(body: bytes) -> list[TableChanges]:
    """Read a DeleteRow."""
    asked = parse(pb.DeleteRowRequest(), body)
    return [TableChanges(asked.table_name, [_change(Write.DELETE, asked.primary_key, asked)])]


def read_batch_write(body: bytes) -> list[TableChanges]:
    """Read a BatchWriteRow."""
    asked = parse(pb.BatchWriteRowRequest(), body)
    return [
        TableChanges(
            table.table_name,
            [_change(_WRITE[row.type], row.row_change, row) for row in table.rows],
        )
        for table in asked.tables
    ]


def read_get(body: bytes) -> list[TableKeys]:
    """Read a GetRow."""
    asked = parse(pb.GetRowRequest(), body)
    return [TableKeys(asked.table_name, [_key(asked.primary_key)], _selection(asked))]


def read_batch_get(body: bytes) -> list[TableKeys]:
    """Read a BatchGetRow."""
    asked = parse(pb.BatchGetRowRequest(), body)
    return [
        TableKeys(table.table_name, [_key(key) for key in table.primary_key], _selection(table))
        for table in asked.tables
    ]


def read_range(body: bytes) -> Range:
    """Read a GetRange."""
    asked = parse(pb.GetRangeRequest(), body)
    return Range(
        table=asked.table_name,
        start=_key(asked.inclusive_start_primary_key),
        end=_key(asked.exclusive_end_primary_key),
        backward=asked.direction == pb.BACKWARD,
        limit=asked.limit if asked.HasField("limit") else None,
        selection=_selection(asked),
    )


def _change(write: Write, data: bytes, asked: Any) -> RowChange:
    key, cells, deleted = parse_row(data)
    if deleted is not (write is Write.DELETE):
        raise invalid(
            "Invalid request of put/update row: unexpected RowDeleteMarker in request."
            if deleted
            else "Invalid request of delete row: missing RowDeleteMarker in request."
        )
    if deleted and cells:
        raise invalid("Invalid delete row request: unexpected cells in request.")
    condition = asked.condition
    wanted = asked.return_content if asked.HasField("return_content") else None
    return RowChange(
        write=write,
        key=key,
        cells=cells,
        existence=_EXISTENCE[condition.row_existence],
        condition=read_filter(condition.column_condition),
        return_key=wanted is not None and wanted.return_type == pb.RT_PK,
        return_modified=()
        if wanted is None
        else tuple(name.encode() for name in wanted.return_column_names),
    )


def _key(data: bytes) -> Key:
    key, cells, deleted = parse_row(data)
    if cells:
        raise invalid("Attribute column cannot be given while reading data.")
    if deleted:
        raise invalid("Delete marker cannot be given.")
    return key


def _check_specific(times: Any) -> None:
    if times.specific_time < 0:
        raise invalid("Specific timestamp cannot be less than 0.")
    ranged = times.HasField("start_time") or times.HasField("end_time")
    if ranged:
        raise invalid("Specific tiemstamp and time range cannot be given at the same time.")


def _selection(asked: Any) -> Selection:
    start = end = None
    if asked.HasField("time_range"):
        times = asked.time_range
        if times.HasField("specific_time"):
            _check_specific(times)
            start, end = times.specific_time, times.specific_time + 1
        else:
            start = times.start_time if times.HasField("start_time") else None
            end = times.end_time if times.HasField("end_time") else None
    return Selection(
        columns=tuple(name.encode() for name in asked.columns_to_get),
        max_versions=asked.max_versions if asked.HasField("max_versions") else None,
        start_time=start,
        end_time=end,
        filter=read_filter(asked.filter),
        start_column=asked.start_column.encode() if asked.HasField("start_column") else None,
        end_column=asked.end_column.encode() if asked.HasField("end_column") else None,
    )

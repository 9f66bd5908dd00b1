"""Answers of the data operations: results in, a body's bytes out."""

from __future__ import annotations

from typing import Any

from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.plainbuffer import HEADER
from ots_local.tablestore.rows import RangeResult, RowResult

_MESSAGES = {
    "PutRow": pb.PutRowResponse,
    "UpdateRow": pb.UpdateRowResponse,
    "DeleteRow": pb.DeleteRowResponse,
    "GetRow": pb.GetRowResponse,
}


def write_error(error: ServiceError) -> bytes:
    """Write a refusal."""
    return bytes(pb.Error(code=error.code, message=error.message).SerializeToString())


def write_row(api: str, result: RowResult) -> bytes:
    """Write the answer of an operation on one row."""
    answer = _MESSAGES[api]()
    _consumed(answer.consumed, result)
    if api == "GetRow":
        answer.row = result.row
    elif result.row:
        answer.row = HEADER + result.row
    return bytes(answer.SerializeToString())


def write_batch(api: str, results: list[tuple[str, list[RowResult]]]) -> bytes:
    """Write the answer of a BatchWriteRow or BatchGetRow."""
    answer: Any = pb.BatchWriteRowResponse() if api == "BatchWriteRow" else pb.BatchGetRowResponse()
    prefix = HEADER if api == "BatchWriteRow" else b""
    for name, rows in results:
        table = answer.tables.add()
        table.table_name = name
        for result in rows:
            row = table.rows.add()
            row.is_ok = result.error is None
            if result.error is not None:
                row.error.code = result.error.code
                row.error.message = result.error.message
            if result.error is None or result.write_units:
                _consumed(row.consumed, result)
            if result.error is None and (api == "BatchGetRow" or result.row):
                row.row = prefix + result.row if result.row else b""
    return bytes(answer.SerializeToString())


def write_range(result: RangeResult) -> bytes:
    """Write the answer of a GetRange."""
    answer = pb.GetRangeResponse()
    answer.consumed.capacity_unit.read = result.read_units
    answer.consumed.capacity_unit.write = 0
    answer.rows = HEADER + b"".join(result.rows) if result.rows else b""
    if result.next_start is not None:
        answer.next_start_primary_key = result.next_start
    return bytes(answer.SerializeToString())


def _consumed(message: Any, result: RowResult) -> None:
    message.capacity_unit.read = result.read_units
    message.capacity_unit.write = result.write_units

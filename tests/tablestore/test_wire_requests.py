"""Protobuf requests: malformed ones are rejected, and unusual valid ones are executed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tablestore import OTSClient
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import TableStore
from ots_local.tablestore.storage import plainbuffer, values
from tests.tablestore.support.clients import get, make_table, put
from tests.tablestore.support.encoded_rows import DATA, KEY, cell, row
from tests.tablestore.support.raw_http import send

INVALID = "OTSParameterInvalid"


def _delete_row(data: bytes) -> tuple[str, bytes]:
    request = pb.DeleteRowRequest(table_name="t", primary_key=data)
    request.condition.row_existence = pb.IGNORE
    return "DeleteRow", request.SerializeToString()


def _get_row(data: bytes) -> tuple[str, bytes]:
    request = pb.GetRowRequest(table_name="t", primary_key=data, max_versions=1)
    return "GetRow", request.SerializeToString()


@pytest.mark.parametrize(
    ("make", "data", "message"),
    [
        (
            _delete_row,
            row(KEY),
            "Invalid request of delete row: missing RowDeleteMarker in request.",
        ),
        (
            _delete_row,
            row(KEY, DATA, b"\x08"),
            "Invalid delete row request: unexpected cells in request.",
        ),
        (_get_row, row(KEY, DATA), "Attribute column cannot be given while reading data."),
        (_get_row, row(KEY, marker=b"\x08"), "Delete marker cannot be given."),
    ],
    ids=["delete without marker", "delete with cells", "read with cells", "read with marker"],
)
def test_cells_and_delete_marker_are_checked_in_keys_and_deletes(
    store: TableStore,
    sdk: OTSClient,
    make: Callable[[bytes], tuple[str, bytes]],
    data: bytes,
    message: str,
) -> None:
    make_table(sdk)
    put(sdk, "k")
    assert send(store, *make(data)).error == (400, INVALID, message)
    assert get(sdk, "k") == {"a": 1}


@pytest.mark.parametrize("api", ["BatchWriteRow", "BatchGetRow"])
def test_duplicate_table_in_a_batch_is_rejected(
    store: TableStore, sdk: OTSClient, api: str
) -> None:
    make_table(sdk)
    if api == "BatchWriteRow":
        change = pb.RowInBatchWriteRowRequest(type=pb.PUT, row_change=row(KEY, DATA))
        change.condition.row_existence = pb.IGNORE
        rows = pb.TableInBatchWriteRowRequest(table_name="t", rows=[change])
        request = pb.BatchWriteRowRequest(tables=[rows, rows])
    else:
        keys = pb.TableInBatchGetRowRequest(table_name="t", primary_key=[row(KEY)], max_versions=1)
        request = pb.BatchGetRowRequest(tables=[keys, keys])
    found = send(store, api, request.SerializeToString())
    assert found.error == (400, INVALID, "Duplicated table name: 't'.")


@pytest.mark.parametrize(
    "api",
    [
        "CreateTable",
        "DescribeTable",
        "UpdateTable",
        "DeleteTable",
        "PutRow",
        "GetRow",
        "UpdateRow",
        "DeleteRow",
        "BatchGetRow",
        "BatchWriteRow",
        "GetRange",
    ],
)
def test_body_that_is_no_protobuf_message_is_rejected(store: TableStore, api: str) -> None:
    broken = (400, INVALID, "Parse PBMessage from RawString failed.")
    assert send(store, api, b"\xff\xff").error == broken
    if not api.startswith("Batch"):
        assert send(store, api, b"").error == broken


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "Deserialize filter failed."),
        (b"\x08\x01\x12\x01\xff", "Deserialize relation filter failed."),
        (b"\x08\x02\x12\x01\xff", "Deserialize composite filter failed."),
        (b"\x08\x03\x12\x01\xff", "Deserialize column pagination filter failed."),
        (
            b"\x08\x03\x12\x04\x08\x00\x10\x00",
            "Limit in ColumnPaginationFilter must be greater than 0.",
        ),
        (
            b"\x08\x03\x12\x0d\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01",
            "Offset in ColumnPaginationFilter must be greater than or equal to 0.",
        ),
    ],
)
def test_malformed_filter_is_rejected(
    store: TableStore, sdk: OTSClient, data: bytes, message: str
) -> None:
    make_table(sdk)
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY), max_versions=1, filter=data)
    found = send(store, "GetRow", request.SerializeToString())
    assert found.error == (400, INVALID, message)


def test_pagination_filter_returns_a_window_of_columns(store: TableStore, sdk: OTSClient) -> None:
    make_table(sdk)
    put(sdk, "k", [("a", 1), ("b", 2), ("c", 3)])
    window = b"\x08\x03\x12\x04\x08\x01\x10\x01"
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY), max_versions=1, filter=window)
    response = pb.GetRowResponse.FromString(send(store, "GetRow", request.SerializeToString()).body)
    _, cells, _ = plainbuffer.parse_row(response.row)
    assert [cell.name for cell in cells] == [b"b"]


def test_rt_after_modify_returns_only_incremented_columns(
    store: TableStore, sdk: OTSClient
) -> None:
    """The Python SDK does not offer RT_AFTER_MODIFY."""
    make_table(sdk)
    put(sdk, "k", [("a", 1), ("b", 2)])
    request = pb.UpdateRowRequest(
        table_name="t", row_change=row(KEY, b"\x02" + cell(more=b"\x06\x04"))
    )
    request.condition.row_existence = pb.IGNORE
    request.return_content.return_type = pb.RT_AFTER_MODIFY
    request.return_content.return_column_names.append("a")
    body = send(store, "UpdateRow", request.SerializeToString()).body
    _, cells, _ = plainbuffer.parse_row(pb.UpdateRowResponse.FromString(body).row)
    assert [(cell.name, cell.value) for cell in cells] == [(b"a", values.encode(2))]
    request.return_content.return_column_names.append("b")
    found = send(store, "UpdateRow", request.SerializeToString())
    assert found.error == (400, INVALID, "Invalid return column: 'b'.")
    assert get(sdk, "k") == {"a": 2, "b": 2}

"""Rows that are not valid PlainBuffer are rejected with the messages of the service."""

from __future__ import annotations

import struct

import pytest
from tablestore import OTSClient
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import TableStore
from ots_local.tablestore.storage import plainbuffer, values
from tests.tablestore.support.clients import make_table
from tests.tablestore.support.encoded_rows import DATA, KEY, STAMP, cell, row
from tests.tablestore.support.raw_http import send

INVALID = "OTSParameterInvalid"

MALFORMED: list[tuple[str, bytes, str]] = [
    (
        "wrong header",
        b"\0\0\0\0" + row(KEY)[4:],
        "Cell data broken, mismatch header, actual: 00000000, expect: 75000000.",
    ),
    ("empty", b"", "Cell data broken, mismatch header, actual: , expect: 75000000."),
    ("header only", plainbuffer.HEADER, "data format is invalid."),
    (
        "no key",
        plainbuffer.HEADER + DATA,
        "Cell data broken, mismatch tag, actual tag(2), expect(1).",
    ),
    ("truncated", row(KEY, DATA)[:-4], "data format is invalid."),
    (
        "trailing bytes",
        row(KEY, DATA) + b"\0\1",
        "Cell data broken, has more data in cell, but they can't be parsed.",
    ),
    (
        "no name",
        row(KEY, DATA).replace(b"\x03\x04\x01", b"\x03\x05\x01"),
        "Cell data broken, mismatch tag, actual tag(5), expect(4).",
    ),
    (
        "no cell checksum",
        row(KEY, DATA[:-2]),
        "Cell data broken, cell is not end with checksum[0x0A] tag.",
    ),
    (
        "no row checksum",
        row(KEY, DATA)[:-2] + b"\0\0\0",
        "Cell data broken, row is not end with checksum tag.",
    ),
    (
        "unknown type",
        row(KEY, b"\x02" + cell(value=b"\x63abc")),
        "data format is invalid, unknown variant type occured.",
    ),
    (
        "boolean of two bytes",
        row(KEY, b"\x02" + cell(value=b"\x02\1\1")),
        "Invalid boolean real value, value length: 2.",
    ),
    (
        "integer of two bytes",
        row(KEY, b"\x02" + cell(value=b"\0\1\1")),
        "data format is invalid.",
    ),
    (
        "string with a wrong length",
        row(KEY, b"\x02" + cell(value=b"\3" + struct.pack("<i", 9) + b"abc")),
        "Cell data broken, wrong string format, size: 8.",
    ),
    (
        "negative length",
        row(KEY, b"\x02\x03\x04" + struct.pack("<i", -6)),
        "data format is invalid.",
    ),
    (
        "column without a value",
        row(KEY, b"\x02" + cell(value=None)),
        "Cell data broken, attr has no value, name:a.",
    ),
    (
        "operation in PutRow",
        row(KEY, b"\x02" + cell(more=b"\x06\x04")),
        "OpType cannot be given for column name:a in PutRow.",
    ),
    (
        "range bound as a value",
        row(KEY, b"\x02" + cell(value=b"\x09")),
        "VT_INF_MIN is an invalid type for the attribute column.",
    ),
    (
        "delete marker",
        row(KEY, marker=b"\x08"),
        "Invalid request of put/update row: unexpected RowDeleteMarker in request.",
    ),
    ("key without a name", row(cell(b"")), "No name is given for primary key."),
    ("key without a value", row(cell(b"id", None)), "No value is given for primary key name:id."),
    ("duplicate key column", row(KEY + KEY), "Duplicated primary key name: 'id'."),
    (
        "double as a key",
        row(cell(b"id", values.encode(1.5))),
        "VT_DOUBLE is an invalid type for the primary key.",
    ),
    (
        "key with a timestamp",
        row(cell(b"id", values.encode("k"), STAMP)),
        "Timestamp cannot be given for primary key name:id.",
    ),
    (
        "operation on a key",
        row(cell(b"id", values.encode("k"), b"\x06\x01")),
        "OpType cannot be given for primary key name :id.",
    ),
]


UPDATES: list[tuple[str, bytes, str]] = [
    (
        "deleted version without a timestamp",
        cell(value=None, more=b"\x06\x03"),
        "Timestamp must be given when type is DELETE_ONE_VERSION.",
    ),
    (
        "all versions with a timestamp",
        cell(value=None, more=b"\x06\x01" + STAMP),
        "Timestamp cannot be given when type is DELETE_ALL_VERSION.",
    ),
    (
        "deletion with a value",
        cell(more=b"\x06\x01"),
        "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION.",
    ),
    ("unknown operation", cell(more=b"\x06\x09"), "Invalid op type of cell: 9."),
]


def send_put(store: TableStore, data: bytes) -> tuple[int, str, str]:
    """Send a PutRow with these row bytes; return the error."""
    message = pb.PutRowRequest(table_name="t", row=data)
    message.condition.row_existence = pb.IGNORE
    return send(store, "PutRow", message.SerializeToString()).error


@pytest.mark.parametrize(
    ("data", "message"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_malformed_row_is_rejected_with_its_defect(
    store: TableStore, sdk: OTSClient, data: bytes, message: str
) -> None:
    make_table(sdk)
    assert send_put(store, data) == (400, INVALID, message)


@pytest.mark.parametrize(
    ("data", "message"), [case[1:] for case in UPDATES], ids=[case[0] for case in UPDATES]
)
def test_malformed_update_is_rejected_with_its_defect(
    store: TableStore, sdk: OTSClient, data: bytes, message: str
) -> None:
    make_table(sdk)
    request = pb.UpdateRowRequest(table_name="t", row_change=row(KEY, b"\x02" + data))
    request.condition.row_existence = pb.IGNORE
    found = send(store, "UpdateRow", request.SerializeToString())
    assert found.error == (400, INVALID, message)


def test_zero_bytes_after_a_row_are_accepted(store: TableStore, sdk: OTSClient) -> None:
    """The official Node SDK sends them."""
    make_table(sdk)
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY) + b"\0\0", max_versions=1)
    assert send(store, "GetRow", request.SerializeToString()).status == 200


@pytest.mark.parametrize("which", ["cell", "row"])
def test_wrong_checksum_is_rejected(store: TableStore, sdk: OTSClient, which: str) -> None:
    make_table(sdk)
    good = row(KEY, DATA)
    place = len(good) - (3 if which == "cell" else 1)
    damaged = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
    status, code, message = send_put(store, damaged)
    assert (status, code) == (400, INVALID)
    assert message == f"Cell data broken, checksum is mismatch, {good[place] ^ 1}:{good[place]}."


BOUNDS = [
    ("no value", cell(b"id", None), "No value is given for primary key name:id."),
    (
        "timestamp",
        cell(b"id", values.encode("a"), STAMP),
        "Timestamp cannot be given for primary key name:id.",
    ),
    (
        "not UTF-8",
        cell(b"id", b"\x03\x01\0\0\0\xff"),
        "Value of column id must be UTF8 encoding.",
    ),
    (
        "auto-increment placeholder",
        cell(b"id", b"\x0b"),
        "PKAutoIncr can't be used for read operations.",
    ),
]


@pytest.mark.parametrize(
    ("bound", "message"), [case[1:] for case in BOUNDS], ids=[case[0] for case in BOUNDS]
)
def test_malformed_bound_of_a_range_is_rejected(
    store: TableStore, sdk: OTSClient, bound: bytes, message: str
) -> None:
    make_table(sdk)
    request = pb.GetRangeRequest(table_name="t", direction=pb.FORWARD, max_versions=1)
    request.inclusive_start_primary_key = row(bound)
    request.exclusive_end_primary_key = row(cell(b"id", b"\x0a"))
    found = send(store, "GetRange", request.SerializeToString())
    assert found.error == (400, INVALID, message)

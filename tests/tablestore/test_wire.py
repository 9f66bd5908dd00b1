"""Bytes on the wire: PlainBuffer and protobuf are verified, and refused in the service's words."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tablestore import OTSClient
from tablestore.native import parse_single_row
from tablestore.plainbuffer.plain_buffer_builder import PlainBufferBuilder
from tablestore.protobuf import table_store_pb2 as pb

from ots_local.tablestore import TableStore, plainbuffer, values
from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.rows import Cell
from tests.tablestore.clients import get, make_table, put
from tests.tablestore.raw import send

INVALID = "OTSParameterInvalid"
SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.binary(max_size=20),
)
NAMES = st.text("abcXYZ_09", min_size=1, max_size=12)


def for_sdk(value: values.Scalar) -> object:
    """Give a value as the SDK takes it."""
    return bytearray(value) if isinstance(value, bytes) else value


@given(st.lists(st.tuples(NAMES, SCALARS), max_size=6))
def test_rows_of_the_sdk_are_read(columns: list[tuple[str, values.Scalar]]) -> None:
    """What the SDK's own encoder writes is read, value for value and type for type."""
    given_columns = [(name.encode(), for_sdk(value)) for name, value in columns]
    data = bytes(PlainBufferBuilder.serialize_for_put_row([(b"id", "k")], given_columns))
    key, cells, deleted = plainbuffer.parse_row(data)
    assert [(cell.name, values.decode(cell.value or b"")) for cell in key] == [(b"id", "k")]
    found = [(cell.name.decode(), values.decode(cell.value or b"")) for cell in cells]
    assert found == columns
    assert [type(value) for _, value in found] == [type(value) for _, value in columns]
    assert not deleted


@given(st.lists(st.tuples(NAMES, SCALARS, st.integers(0, 2**53)), max_size=6))
def test_rows_are_read_by_the_sdk(columns: list[tuple[str, values.Scalar, int]]) -> None:
    """What is written is read by the SDK's native parser, checksums and all."""
    key = [Cell(b"id", values.encode("k"))]
    cells = [Cell(name.encode(), values.encode(value), at) for name, value, at in columns]
    row = plainbuffer.HEADER + plainbuffer.encode_row(key, cells)
    found_key, found = parse_single_row(row)
    assert found_key == [("id", "k")]
    assert list(found or []) == [(name, for_sdk(value), at) for name, value, at in columns]


@given(st.data())
def test_damage_is_seen(data: st.DataObject) -> None:
    """A row with one damaged byte is refused: its checksums do not fit, or it is no row at all."""
    columns = [(b"a", 1), (b"text", "武汉"), (b"x", 1.5)]
    good = bytes(PlainBufferBuilder.serialize_for_put_row([(b"id", "k")], columns))
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    with pytest.raises(ServiceError):
        plainbuffer.parse_row(good[:place] + bytes([byte]) + good[place + 1 :])


@given(st.binary(max_size=80))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    """Any bytes are read or refused; nothing else happens."""
    try:
        plainbuffer.parse_row(plainbuffer.HEADER + b"\x01" + rubbish)
    except ServiceError as refusal:
        assert refusal.code == INVALID  # noqa: PT017 - success is allowed too


def cell(name: bytes = b"a", value: bytes | None = values.encode(1), more: bytes = b"") -> bytes:
    """Make a cell as bytes, with its true checksum; `more` stands between value and checksum."""
    body = b"\x03\x04" + struct.pack("<i", len(name)) + name
    total = plainbuffer._crc(name)
    if value is not None:
        body += b"\x05" + struct.pack("<i", len(value)) + value
        total = plainbuffer._crc(value, total)
    operation, stamp = b"", b""
    if more[:1] == b"\x06":
        operation, stamp = more[1:2], more[3:]
    elif more[:1] == b"\x07":
        stamp = more[1:]
    total = plainbuffer._crc(operation, plainbuffer._crc(stamp, total))
    return body + more + bytes([0x0A, total])


def row(key: bytes, data: bytes = b"", marker: bytes = b"") -> bytes:
    """Make a row as bytes, with its true checksum."""
    sums = bytes(
        part[-1] for part in [*_cells(key), *_cells(data.removeprefix(b"\x02"))] if part
    ) + (b"\1" if marker else b"\0")
    total = plainbuffer._crc(sums)
    return plainbuffer.HEADER + b"\x01" + key + data + marker + bytes([0x09, total])


def _cells(data: bytes) -> list[bytes]:
    """Split cells that follow each other; those made here never hold the tag inside."""
    return [b"\x03\x04" + part for part in data.split(b"\x03\x04")[1:]]


KEY = cell(b"id", values.encode("k"))
DATA = b"\x02" + cell()
STAMP = b"\x07" + struct.pack("<q", 1)
MALFORMED: list[tuple[str, bytes, str]] = [
    (
        "another header",
        b"\0\0\0\0" + row(KEY)[4:],
        "Cell data broken, mismatch header, actual: 00000000, expect: 75000000.",
    ),
    ("nothing", b"", "Cell data broken, mismatch header, actual: , expect: 75000000."),
    ("only a header", plainbuffer.HEADER, "data format is invalid."),
    (
        "no key",
        plainbuffer.HEADER + DATA,
        "Cell data broken, mismatch tag, actual tag(2), expect(1).",
    ),
    ("cut short", row(KEY, DATA)[:-4], "data format is invalid."),
    (
        "more behind",
        row(KEY, DATA) + b"\0\1",
        "Cell data broken, has more data in cell, but they can't be parsed.",
    ),
    (
        "no name",
        row(KEY, DATA).replace(b"\x03\x04\x01", b"\x03\x05\x01"),
        "Cell data broken, mismatch tag, actual tag(5), expect(4).",
    ),
    (
        "no checksum of a cell",
        row(KEY, DATA[:-2]),
        "Cell data broken, cell is not end with checksum[0x0A] tag.",
    ),
    (
        "no checksum of the row",
        row(KEY, DATA)[:-2] + b"\0\0\0",
        "Cell data broken, row is not end with checksum tag.",
    ),
    (
        "an unknown type",
        row(KEY, b"\x02" + cell(value=b"\x63abc")),
        "data format is invalid, unknown variant type occured.",
    ),
    (
        "a boolean of two bytes",
        row(KEY, b"\x02" + cell(value=b"\x02\1\1")),
        "Invalid boolean real value, value length: 2.",
    ),
    (
        "an integer of two bytes",
        row(KEY, b"\x02" + cell(value=b"\0\1\1")),
        "data format is invalid.",
    ),
    (
        "a string with another length",
        row(KEY, b"\x02" + cell(value=b"\3" + struct.pack("<i", 9) + b"abc")),
        "Cell data broken, wrong string format, size: 8.",
    ),
    (
        "a negative length",
        row(KEY, b"\x02\x03\x04" + struct.pack("<i", -6)),
        "data format is invalid.",
    ),
    (
        "a column without a value",
        row(KEY, b"\x02" + cell(value=None)),
        "Cell data broken, attr has no value, name:a.",
    ),
    (
        "an operation in PutRow",
        row(KEY, b"\x02" + cell(more=b"\x06\x04")),
        "OpType cannot be given for column name:a in PutRow.",
    ),
    (
        "a border as a value",
        row(KEY, b"\x02" + cell(value=b"\x09")),
        "VT_INF_MIN is an invalid type for the attribute column.",
    ),
    (
        "a delete marker",
        row(KEY, marker=b"\x08"),
        "Invalid request of put/update row: unexpected RowDeleteMarker in request.",
    ),
    ("a key without a name", row(cell(b"")), "No name is given for primary key."),
    ("a key without a value", row(cell(b"id", None)), "No value is given for primary key name:id."),
    ("a key twice", row(KEY + KEY), "Duplicated primary key name: 'id'."),
    (
        "a double as a key",
        row(cell(b"id", values.encode(1.5))),
        "VT_DOUBLE is an invalid type for the primary key.",
    ),
    (
        "a dated key",
        row(cell(b"id", values.encode("k"), STAMP)),
        "Timestamp cannot be given for primary key name:id.",
    ),
    (
        "an operation on a key",
        row(cell(b"id", values.encode("k"), b"\x06\x01")),
        "OpType cannot be given for primary key name :id.",
    ),
]
UPDATES: list[tuple[str, bytes, str]] = [
    (
        "a version without its time",
        cell(value=None, more=b"\x06\x03"),
        "Timestamp must be given when type is DELETE_ONE_VERSION.",
    ),
    (
        "all versions of one time",
        cell(value=None, more=b"\x06\x01" + STAMP),
        "Timestamp cannot be given when type is DELETE_ALL_VERSION.",
    ),
    (
        "a deletion with a value",
        cell(more=b"\x06\x01"),
        "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION.",
    ),
    ("an unknown operation", cell(more=b"\x06\x09"), "Invalid op type of cell: 9."),
]


def send_put(store: TableStore, data: bytes) -> tuple[int, str, str]:
    """Put a row made of bytes."""
    message = pb.PutRowRequest(table_name="t", row=data)
    message.condition.row_existence = pb.IGNORE
    return send(store, "PutRow", message.SerializeToString()).error


@pytest.mark.parametrize(
    ("data", "message"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_malformed_rows(store: TableStore, sdk: OTSClient, data: bytes, message: str) -> None:
    """A row that is no row is refused, and told what is wrong with it."""
    make_table(sdk)
    assert send_put(store, data) == (400, INVALID, message)


@pytest.mark.parametrize(
    ("data", "message"), [case[1:] for case in UPDATES], ids=[case[0] for case in UPDATES]
)
def test_malformed_updates(store: TableStore, sdk: OTSClient, data: bytes, message: str) -> None:
    """An update that no SDK would make is refused."""
    make_table(sdk)
    request = pb.UpdateRowRequest(table_name="t", row_change=row(KEY, b"\x02" + data))
    request.condition.row_existence = pb.IGNORE
    found = send(store, "UpdateRow", request.SerializeToString())
    assert found.error == (400, INVALID, message)


def test_zeros_behind_a_row(store: TableStore, sdk: OTSClient) -> None:
    """Zero bytes behind a row are no fault: the official Node SDK sends some."""
    make_table(sdk)
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY) + b"\0\0", max_versions=1)
    assert send(store, "GetRow", request.SerializeToString()).status == 200


@pytest.mark.parametrize("which", ["cell", "row"])
def test_checksums(store: TableStore, sdk: OTSClient, which: str) -> None:
    """A wrong checksum of a cell or a row is refused."""
    make_table(sdk)
    good = row(KEY, DATA)
    place = len(good) - (3 if which == "cell" else 1)
    damaged = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
    status, code, message = send_put(store, damaged)
    assert (status, code) == (400, INVALID)
    assert message == f"Cell data broken, checksum is mismatch, {good[place] ^ 1}:{good[place]}."


def _delete(data: bytes) -> tuple[str, bytes]:
    request = pb.DeleteRowRequest(table_name="t", primary_key=data)
    request.condition.row_existence = pb.IGNORE
    return "DeleteRow", request.SerializeToString()


def _get(data: bytes) -> tuple[str, bytes]:
    request = pb.GetRowRequest(table_name="t", primary_key=data, max_versions=1)
    return "GetRow", request.SerializeToString()


@pytest.mark.parametrize(
    ("make", "data", "message"),
    [
        (
            _delete,
            row(KEY),
            "Invalid request of delete row: missing RowDeleteMarker in request.",
        ),
        (
            _delete,
            row(KEY, DATA, b"\x08"),
            "Invalid delete row request: unexpected cells in request.",
        ),
        (_get, row(KEY, DATA), "Attribute column cannot be given while reading data."),
        (_get, row(KEY, marker=b"\x08"), "Delete marker cannot be given."),
    ],
    ids=["no marker", "cells to delete", "cells to read", "marker to read"],
)
def test_keys_that_are_rows(
    store: TableStore,
    sdk: OTSClient,
    make: Callable[[bytes], tuple[str, bytes]],
    data: bytes,
    message: str,
) -> None:
    """Where a key is wanted, a row is refused; where a row is deleted, its marker is needed."""
    make_table(sdk)
    put(sdk, "k")
    assert send(store, *make(data)).error == (400, INVALID, message)
    assert get(sdk, "k") == {"a": 1}


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
def test_messages_that_are_none(store: TableStore, api: str) -> None:
    """A body that is no such protobuf message is refused by every operation."""
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
def test_filters_that_are_none(
    store: TableStore, sdk: OTSClient, data: bytes, message: str
) -> None:
    """A filter that cannot be parsed is refused."""
    make_table(sdk)
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY), max_versions=1, filter=data)
    found = send(store, "GetRow", request.SerializeToString())
    assert found.error == (400, INVALID, message)


def test_page_of_columns(store: TableStore, sdk: OTSClient) -> None:
    """A column pagination shows a window of a row's columns."""
    make_table(sdk)
    put(sdk, "k", [("a", 1), ("b", 2), ("c", 3)])
    window = b"\x08\x03\x12\x04\x08\x01\x10\x01"
    request = pb.GetRowRequest(table_name="t", primary_key=row(KEY), max_versions=1, filter=window)
    answer = pb.GetRowResponse.FromString(send(store, "GetRow", request.SerializeToString()).body)
    _, cells, _ = plainbuffer.parse_row(answer.row)
    assert [cell.name for cell in cells] == [b"b"]


def test_columns_after_an_increment(store: TableStore, sdk: OTSClient) -> None:
    """RT_AFTER_MODIFY, which the SDK does not offer, gives back incremented columns, no others."""
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

"""PlainBuffer rows are exchanged with the encoder and the parser of the SDK."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tablestore.native import parse_single_row
from tablestore.plainbuffer.plain_buffer_builder import PlainBufferBuilder

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.model import Cell
from ots_local.tablestore.storage import plainbuffer, values

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
    """Return a value in the type that the SDK expects."""
    return bytearray(value) if isinstance(value, bytes) else value


@given(st.lists(st.tuples(NAMES, SCALARS), max_size=6))
def test_row_encoded_by_the_sdk_is_parsed_with_values_and_types(
    columns: list[tuple[str, values.Scalar]],
) -> None:
    given_columns = [(name.encode(), for_sdk(value)) for name, value in columns]
    data = bytes(PlainBufferBuilder.serialize_for_put_row([(b"id", "k")], given_columns))
    key, cells, deleted = plainbuffer.parse_row(data)
    assert [(cell.name, values.decode(cell.value or b"")) for cell in key] == [(b"id", "k")]
    found = [(cell.name.decode(), values.decode(cell.value or b"")) for cell in cells]
    assert found == columns
    assert [type(value) for _, value in found] == [type(value) for _, value in columns]
    assert not deleted


@given(st.lists(st.tuples(NAMES, SCALARS, st.integers(0, 2**53)), max_size=6))
def test_encoded_row_is_parsed_by_the_native_sdk_parser(
    columns: list[tuple[str, values.Scalar, int]],
) -> None:
    key = [Cell(b"id", values.encode("k"))]
    cells = [Cell(name.encode(), values.encode(value), at) for name, value, at in columns]
    row = plainbuffer.HEADER + plainbuffer.encode_row(key, cells)
    found_key, found = parse_single_row(row)
    assert found_key == [("id", "k")]
    assert list(found or []) == [(name, for_sdk(value), at) for name, value, at in columns]


@given(st.data())
def test_row_with_one_changed_byte_is_rejected(data: st.DataObject) -> None:
    columns = [(b"a", 1), (b"text", "武汉"), (b"x", 1.5)]
    good = bytes(PlainBufferBuilder.serialize_for_put_row([(b"id", "k")], columns))
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    with pytest.raises(ServiceError):
        plainbuffer.parse_row(good[:place] + bytes([byte]) + good[place + 1 :])


@given(st.binary(max_size=80))
def test_random_bytes_are_parsed_or_rejected(data: bytes) -> None:
    """Nothing but ServiceError is raised."""
    try:
        plainbuffer.parse_row(plainbuffer.HEADER + b"\x01" + data)
    except ServiceError as error:
        assert error.code == INVALID  # noqa: PT017 - success is allowed too

"""Test the mapping of attribute names to column names: valid, reversible, without collisions."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ots_sync import column_names
from ots_sync.errors import RejectedError

ESCAPED = {
    "user_id": "user_id",
    "_": "_",
    "__": "__",
    "a1": "a1",
    "1a": "_0x31_a",
    "12": "_0x31_2",
    "a-b": "a_0x2d_b",
    "a - b": "a_0x202d20_b",
    "a.b.c": "a_0x2e_b_0x2e_c",
    " ": "_0x20_",
    "日本": "_0xe697a5e69cac_",
    "😀": "_0xf09f9880_",
    "é": "_0xc3a9_",
    "e\u0301": "e_0xcc81_",  # looks the same as the one above, but is another name
    "a\nb": "a_0x0a_b",
    "a\x00": "a_0x00_",
    "_0x41_": "_0x5f_0x41_",
    "a_0x": "a_0x5f_0x",
    "__0x": "__0x5f_0x",
    "_0X41_": "_0X41_",
    "-_0x": "_0x2d5f_0x",
    "\uff11": "_0xefbc91_",
    "$ref": "_0x24_ref",
}


@pytest.mark.parametrize(("attribute", "column"), ESCAPED.items(), ids=ascii)
def test_escaped_name_maps_back_to_the_attribute(attribute: str, column: str) -> None:
    assert column_names.to_column_name(attribute, "escape") == column
    assert column_names.to_attribute_name(column, "escape") == attribute


@pytest.mark.parametrize("attribute", ["a", "日本", "a b", "1", "a_0x31_", "x" * 255])
def test_verbatim_does_not_change_names(attribute: str) -> None:
    assert column_names.to_column_name(attribute, "verbatim") == attribute
    assert column_names.to_attribute_name(attribute, "verbatim") == attribute


@pytest.mark.parametrize(
    ("attribute", "mode", "valid"),
    [
        ("x" * 255, "escape", True),
        ("x" * 256, "escape", False),
        ("-" * 126, "escape", False),  # 4 + 2 * 126 bytes
        ("-" * 125, "escape", True),
        ("é" * 127, "verbatim", True),  # 254 bytes
        ("é" * 128, "verbatim", False),
        ("", "escape", False),
        ("", "verbatim", False),
        ("a\ud800", "escape", False),
        ("a\ud800", "verbatim", False),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_name_must_have_1_to_255_bytes_of_utf_8(attribute: str, mode: str, valid: bool) -> None:
    if valid:
        assert len(column_names.to_column_name(attribute, mode).encode()) <= 255
    else:
        with pytest.raises(RejectedError, match="name"):
            column_names.to_column_name(attribute, mode)


# These characters make the escape's own markers likely.
NAMES = st.text(st.sampled_from("_0xabf15-é日 ") | st.characters(codec="utf-8"), min_size=1)


@given(NAMES)
def test_escape_is_reversible_and_returns_a_valid_name(attribute: str) -> None:
    """Because it is reversible, no two attributes get the same column."""
    assume(len(attribute.encode()) <= 120)
    column = column_names.to_column_name(attribute, "escape")
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", column)
    assert column_names.to_attribute_name(column, "escape") == attribute


@given(NAMES)
def test_is_valid_returns_whether_escape_keeps_the_name(attribute: str) -> None:
    """The settings check the names of key columns with it."""
    assume(len(attribute.encode()) <= 120)
    assert column_names.is_valid(attribute) == (
        column_names.to_column_name(attribute, "escape") == attribute
    )

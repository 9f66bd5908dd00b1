"""Column names: any attribute name becomes a documented one, and nothing meets or gets lost."""

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
    "e\u0301": "e_0xcc81_",  # the same letter to the eye, another name
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
def test_escape_and_back(attribute: str, column: str) -> None:
    assert column_names.to_column_name(attribute, "escape") == column
    assert column_names.to_attribute_name(column, "escape") == attribute


@pytest.mark.parametrize("attribute", ["a", "日本", "a b", "1", "a_0x31_", "x" * 255])
def test_verbatim_passes_names_on(attribute: str) -> None:
    assert column_names.to_column_name(attribute, "verbatim") == attribute
    assert column_names.to_attribute_name(attribute, "verbatim") == attribute


@pytest.mark.parametrize(
    ("attribute", "mode", "fits"),
    [
        ("x" * 255, "escape", True),
        ("x" * 256, "escape", False),
        ("-" * 126, "escape", False),  # 4 + 2 * 126 is one too many
        ("-" * 125, "escape", True),
        ("é" * 127, "verbatim", True),  # bytes count, not characters
        ("é" * 128, "verbatim", False),
        ("", "escape", False),
        ("", "verbatim", False),
        ("a\ud800", "escape", False),
        ("a\ud800", "verbatim", False),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_name_too_long_empty_or_no_text_is_refused(attribute: str, mode: str, fits: bool) -> None:
    if fits:
        assert len(column_names.to_column_name(attribute, mode).encode()) <= 255
    else:
        with pytest.raises(RejectedError, match="name"):
            column_names.to_column_name(attribute, mode)


# Letters that make the escape's own marks likely, beside any others.
NAMES = st.text(st.sampled_from("_0xabf15-é日 ") | st.characters(codec="utf-8"), min_size=1)


@given(NAMES)
def test_every_name_comes_back(attribute: str) -> None:
    """Reversible, so no two attributes meet in one column; and always a documented name."""
    assume(len(attribute.encode()) <= 120)
    column = column_names.to_column_name(attribute, "escape")
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", column)
    assert column_names.to_attribute_name(column, "escape") == attribute


@given(NAMES)
def test_name_that_fits_is_its_own(attribute: str) -> None:
    """What fits stays as it is, and nothing else does: names of key columns are checked by this."""
    assume(len(attribute.encode()) <= 120)
    assert column_names.is_valid(attribute) == (
        column_names.to_column_name(attribute, "escape") == attribute
    )

"""Test how a value is shown in a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.invoke.row_view import value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1, "1"),
        (2.0, "2.0"),
        ("", "''"),
        ("\x1b[31m", r"'\x1b[31m'"),
        (b"", "0x"),
        (b"\x01\x23", "0x0123"),
        (b'["ARE="]', "b'[\"ARE=\"]'"),
        ("[red]", "'[red]'"),
        ("x" * 300, "'" + "x" * 199 + "…"),
    ],
)
def test_value_is_shown_without_terminal_control_sequences(value: Any, text: str) -> None:
    assert value_text(value) == text

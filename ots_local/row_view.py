"""Rows of Table Store go in, tables for a terminal come out: column, type and value.

Only for a terminal: it shows values. What is long is cut, what cannot be printed is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from ots_local.target_table import Row

SHOWN_CHARACTERS = 200
TYPES: dict[type, str] = {
    str: "String",
    int: "Integer",
    float: "Double",
    bool: "Boolean",
    bytes: "Binary",
}
_STYLES = {"new": "green", "changed": "yellow", "gone": "red", "key": "cyan"}


def value_text(value: Any) -> str:
    """A value as a person reads it: text in quotes, binary as hexadecimal unless it is text."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, bytes):
        printable = value.isascii() and value.decode("ascii").isprintable()
        text = repr(value) if printable and value else f"0x{value.hex()}"
    else:
        text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def row_table(title: str, row: Row, before: Row | None, keys: Iterable[str]) -> Table:
    """One row; against what it was before where there was one."""
    table = _table(title, "column", "type", "value", "")
    for name in _names(row, before):
        what = _what(name, row, before, keys) if before is not None or name in keys else ""
        if name in row:
            shown = [Text(TYPES[type(row[name])]), Text(value_text(row[name]))]
        else:
            shown = [Text(""), Text("")]
        table.add_row(_name_text(name), *shown, Text(what), style=_STYLES.get(what, ""))
    return table


def change_table(title: str, before: Row | None, after: Row | None, keys: Iterable[str]) -> Table:
    """One row before and after; what did not change is dim."""
    table = _table(title, "column", "before", "after", "")
    for name in _names(after or {}, before):
        what = _what(name, after or {}, before or {}, keys)
        cells = [
            Text(f"{TYPES[type(row[name])]} {value_text(row[name])}") if name in row else Text("-")
            for row in (before or {}, after or {})
        ]
        table.add_row(_name_text(name), *cells, Text(what), style=_STYLES.get(what, "dim"))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, "bold"), title_justify="left", header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _name_text(name: str) -> Text:
    return Text(name if name.isprintable() else repr(name))


def _names(row: Row, before: Row | None) -> list[str]:
    return [*row, *(name for name in before or {} if name not in row)]


def _what(name: str, row: Row, before: Row | None, keys: Iterable[str]) -> str:
    old = before or {}
    if name not in row:
        return "gone"
    if name in keys and (not old or name in old):
        return "key"
    if name not in old:
        return "new"
    same = type(old[name]) is type(row[name]) and old[name] == row[name]
    return "" if same else "changed"

"""Show Table Store rows as tables in a terminal: column, type and value.

The tables contain values, so use them only in a terminal and never in a log. Long values are
truncated, and characters that cannot be printed are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from ots_local.target_table import Row

MAX_CHARACTERS = 200
TYPES: dict[type, str] = {
    str: "String",
    int: "Integer",
    float: "Double",
    bool: "Boolean",
    bytes: "Binary",
}
_STYLES = {"new": "green", "changed": "yellow", "deleted": "red", "key": "cyan"}


def value_text(value: Any) -> str:
    """Return a value as readable text: strings in quotes, binary as hexadecimal unless ASCII."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, bytes):
        printable = value.isascii() and value.decode("ascii").isprintable()
        text = repr(value) if printable and value else f"0x{value.hex()}"
    else:
        text = repr(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def row_table(title: str, row: Row, before: Row | None, keys: Iterable[str]) -> Table:
    """Return a table of one row, with its differences from the previous row if there is one."""
    table = _table(title, "column", "type", "value", "")
    for name in _names(row, before):
        change = _change(name, row, before, keys) if before is not None or name in keys else ""
        if name in row:
            cells = [Text(TYPES[type(row[name])]), Text(value_text(row[name]))]
        else:
            cells = [Text(""), Text("")]
        table.add_row(_name_text(name), *cells, Text(change), style=_STYLES.get(change, ""))
    return table


def change_table(title: str, before: Row | None, after: Row | None, keys: Iterable[str]) -> Table:
    """Return a table of one row before and after; unchanged columns are dim."""
    table = _table(title, "column", "before", "after", "")
    for name in _names(after or {}, before):
        change = _change(name, after or {}, before or {}, keys)
        cells = [
            Text(f"{TYPES[type(row[name])]} {value_text(row[name])}") if name in row else Text("-")
            for row in (before or {}, after or {})
        ]
        table.add_row(_name_text(name), *cells, Text(change), style=_STYLES.get(change, "dim"))
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


def _change(name: str, row: Row, before: Row | None, keys: Iterable[str]) -> str:
    old = before or {}
    if name not in row:
        return "deleted"
    if name in keys and (not old or name in old):
        return "key"
    if name not in old:
        return "new"
    same = type(old[name]) is type(row[name]) and old[name] == row[name]
    return "" if same else "changed"

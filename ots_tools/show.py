"""`python -m ots_tools show KEY`: one item and its row go side by side on the terminal.

It shows values: the terminal is its user's own.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table as Lines
from rich.text import Text

from ots_sync.errors import RejectedError
from ots_sync.model import Image
from ots_tools import door, item_reads, target_rows
from ots_tools.digests import differing
from ots_tools.items import key_of_text
from ots_tools.options import Common, common
from ots_tools.scan import Table

SHOWN_CHARACTERS = 200
TYPES: dict[type, str] = {
    str: "String",
    int: "Integer",
    float: "Double",
    bool: "Boolean",
    bytes: "Binary",
    bytearray: "Binary",
}
_NONE = object()

Values = Mapping[str, Any]


class Line(NamedTuple):
    """One column: its attribute in DynamoDB's form, what stands in the row, and what is wrong."""

    column: str
    attribute: Any
    value: Any
    wrong: str


@click.command("show")
@common
@click.argument("key", nargs=-1, required=True)
def show(shared: Common, key: tuple[str, ...]) -> None:
    """Show the item and the row of KEY side by side, and where they differ.

    KEY is name=value for each key attribute, or JSON: '{"user_id": {"S": "..."}}'.

    Exit code: 0 the row is what the item is, 1 it is not, 2 it could not be told.
    """
    client, table = shared.source()
    keys = key_of(key, table)
    primary_key = door.rules().get_primary_key(keys)
    (row,) = target_rows.rows_of(door.store(), shared.settings.table_name, [primary_key])
    (item,) = item_reads.items_of(client, table.name, [keys])
    console = Console()
    for name, value in primary_key:
        console.print(Text(f"{name} = {value!r}"))
    found = None if row is None else row.columns
    lines = list(compared(item, found, shared.settings.key_list))
    if lines:
        console.print(side_by_side(lines))
    right = (item is None) == (found is None) and not any(line.wrong for line in lines)
    verdict = "equal" if right else "NOT equal"
    console.print(f"{_there('item', item)}, {_there('row', found)}: {verdict}")
    sys.exit(0 if right else 1)


def key_of(words: Sequence[str], table: Table) -> Image:
    """The key attributes that the words name, as boto3 takes them."""
    try:
        if len(words) == 1 and words[0].lstrip().startswith("{"):
            key = key_of_text(words[0])
        else:
            pairs = dict(word.split("=", 1) for word in words)
            tagged = {name: {table.key_types[name]: value} for name, value in pairs.items()}
            key = key_of_text(json.dumps(tagged))
        if {name: "".join(tag) for name, tag in key.items()} != table.key_types:
            raise ValueError
    except (ValueError, KeyError):
        names = ", ".join(f"{name} ({kind})" for name, kind in table.key_types.items())
        raise click.UsageError(
            f"The key of {table.name} is {names}: give name=value for each (B as base64), or JSON "
            "as DynamoDB writes it."
        ) from None
    return key


def compared(item: Image | None, found: Values | None, key_list: Sequence[str]) -> Iterator[Line]:
    """A line for each column that the item should have, by the door's rules, or the row has."""
    left = dict(found or {})
    rules = door.rules()
    for name, tagged in (item or {}).items():
        if name in key_list:
            continue
        try:
            columns = rules.generate_attribute({name: tagged}, key_list)
        except RejectedError as error:
            yield Line("", {name: tagged}, _NONE, str(error))
            continue
        for column, expected in columns:
            standing = left.pop(column, _NONE)
            yield Line(column, tagged, standing, _difference(expected, standing))
    for column, standing in left.items():
        yield Line(column, _NONE, standing, "no such attribute")


def side_by_side(lines: Sequence[Line]) -> Lines:
    """The lines as a table."""
    table = Lines("column", "item", "row", "")
    for line in sorted(lines, key=lambda line: line.column):
        item = "-" if line.attribute is _NONE else _cut(json.dumps(line.attribute, default=_base64))
        row = (
            "-" if line.value is _NONE else f"{TYPES[type(line.value)]} {_cut(_plain(line.value))}"
        )
        style = "yellow" if line.wrong else ""
        table.add_row(Text(line.column), Text(item), Text(row), Text(line.wrong), style=style)
    return table


def _base64(value: bytes) -> str:
    """A binary value as DynamoDB's JSON has it."""
    return b64encode(value).decode()


def _plain(value: Any) -> str:
    return repr(bytes(value) if isinstance(value, bytearray) else value)


def _difference(expected: Any, standing: Any) -> str:
    if standing is _NONE:
        return "missing"
    if not differing({"": expected}, {"": standing}):
        return ""
    kinds = TYPES[type(expected)], TYPES[type(standing)]
    return "another value" if kinds[0] == kinds[1] else f"should be {kinds[0]}"


def _there(what: str, found: Any) -> str:
    return f"no {what}" if found is None else f"{what} found"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"

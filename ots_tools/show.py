"""Define the command `show`: print an item and its row side by side.

It prints values, because only the user sees the terminal.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ots_sync.errors import RejectedError
from ots_sync.model import Image
from ots_tools import function
from ots_tools.cli import CommonOptions, common_options
from ots_tools.compare.digests import differing_columns
from ots_tools.items import key_from_text, read_items
from ots_tools.sources.table import SourceTable
from ots_tools.target import read_rows

MAX_CHARACTERS = 200
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
    """One column: its attribute in DynamoDB's form, its value in the row, and the difference."""

    column: str
    attribute: Any
    value: Any
    difference: str


@click.command("show")
@common_options
@click.argument("key", nargs=-1, required=True)
def show(common: CommonOptions, key: tuple[str, ...]) -> None:
    """Show an item and its row side by side, with their differences.

    KEY is name=value for each key attribute, or JSON: '{"user_id": {"S": "..."}}'.

    Exit code: 0 the row matches the item, 1 it does not, 2 it could not be determined.
    """
    client, source = common.open_source()
    keys = parse_key(key, source)
    primary_key = function.row_mapper().get_primary_key(keys)
    (row,) = read_rows(function.client(), common.settings.table_name, [primary_key])
    (item,) = read_items(client, source.name, [keys])
    console = Console()
    for name, value in primary_key:
        console.print(Text(f"{name} = {value!r}"))
    found = None if row is None else row.columns
    lines = list(compare(item, found, common.settings.key_list))
    if lines:
        console.print(side_by_side(lines))
    equal = (item is None) == (found is None) and not any(line.difference for line in lines)
    result = "equal" if equal else "NOT equal"
    console.print(f"{_existence('item', item)}, {_existence('row', found)}: {result}")
    sys.exit(0 if equal else 1)


def parse_key(arguments: Sequence[str], source: SourceTable) -> Image:
    """Return the key attributes in boto3's form. Raises UsageError."""
    try:
        if len(arguments) == 1 and arguments[0].lstrip().startswith("{"):
            key = key_from_text(arguments[0])
        else:
            pairs = dict(argument.split("=", 1) for argument in arguments)
            tagged = {name: {source.key_types[name]: value} for name, value in pairs.items()}
            key = key_from_text(json.dumps(tagged))
        if {name: "".join(tag) for name, tag in key.items()} != source.key_types:
            raise ValueError
    except (ValueError, KeyError):
        names = ", ".join(f"{name} ({kind})" for name, kind in source.key_types.items())
        raise click.UsageError(
            f"The key of {source.name} is {names}. Give name=value for each (B in base64), or JSON "
            "in DynamoDB's form."
        ) from None
    return key


def compare(item: Image | None, found: Values | None, key_list: Sequence[str]) -> Iterator[Line]:
    """Yield a line for each column that the item should have, and that the row has in addition."""
    remaining = dict(found or {})
    row_mapper = function.row_mapper()
    for name, attribute in (item or {}).items():
        if name in key_list:
            continue
        try:
            columns = row_mapper.generate_attribute({name: attribute}, key_list)
        except RejectedError as error:
            yield Line("", {name: attribute}, _NONE, str(error))
            continue
        for column, expected in columns:
            value = remaining.pop(column, _NONE)
            yield Line(column, attribute, value, _difference(expected, value))
    for column, value in remaining.items():
        yield Line(column, _NONE, value, "no such attribute")


def side_by_side(lines: Sequence[Line]) -> Table:
    """Return the lines as a table."""
    table = Table("column", "item", "row", "difference")
    for line in sorted(lines, key=lambda line: line.column):
        item = "-" if line.attribute is _NONE else _cut(json.dumps(line.attribute, default=_base64))
        row = "-" if line.value is _NONE else f"{TYPES[type(line.value)]} {_cut(_repr(line.value))}"
        style = "yellow" if line.difference else ""
        table.add_row(Text(line.column), Text(item), Text(row), Text(line.difference), style=style)
    return table


def _base64(value: bytes) -> str:
    """Return a binary value as in DynamoDB's JSON."""
    return b64encode(value).decode()


def _repr(value: Any) -> str:
    return repr(bytes(value) if isinstance(value, bytearray) else value)


def _difference(expected: Any, found: Any) -> str:
    if found is _NONE:
        return "missing"
    if not differing_columns({"": expected}, {"": found}):
        return ""
    kinds = TYPES[type(expected)], TYPES[type(found)]
    return "another value" if kinds[0] == kinds[1] else f"should be {kinds[0]}"


def _existence(name: str, found: Any) -> str:
    return f"no {name}" if found is None else f"{name} found"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"

"""Every row of a table at once, for tests to compare: a table's name in, plain values out."""

from __future__ import annotations

from ots_local.tablestore.instance import Instance
from ots_local.tablestore.plainbuffer import parse_stored
from ots_local.tablestore.selections import alive
from ots_local.tablestore.values import Scalar, decode

Rows = dict[tuple[Scalar, ...], dict[str, Scalar]]
_END = b"\xff"


def read_rows(instance: Instance, table: str) -> Rows:
    """Read a table's rows: key values -> column -> newest value; a binary is bytes.

    Raises:
        KeyError: there is no such table.
    """
    number, schema = instance.known[table]
    now = instance.now_ms()
    found: Rows = {}
    for _, _, row in instance.tables.scan(number, b"", _END):
        key, cells = parse_stored(row)
        columns: dict[str, Scalar] = {}
        for cell in alive(cells, schema, now):
            columns.setdefault(cell.name.decode(), decode(cell.value or b""))
        found[tuple(decode(cell.value or b"") for cell in key)] = columns
    return found

"""Provide every implementation of the writer's `Send` port, each over an empty table.

The implementations: the table in memory, and the official SDK with its native and with its Python
encoder over a local Table Store.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync.writer import Send
from tests.support.builders import make_settings
from tests.support.fakes import InMemoryTable, Rows
from tests.support.handler import create_table

IMPLEMENTATIONS = ["memory", "native", "python"]
_tables = count(1)


class TargetTable(NamedTuple):
    """An empty table: its port, its rows, and the SDK's client if there is one."""

    send: Send
    rows: Callable[[], Rows]
    client: Any = None


def empty_table(implementation: str, table_store: TableStore) -> TargetTable:
    """Return an empty table that this implementation of the port writes to."""
    if implementation == "memory":
        memory = InMemoryTable()
        return TargetTable(memory.send, lambda: memory.rows)
    name = f"port_{next(_tables)}"
    settings = make_settings(**create_table(table_store, name))
    client = ots_client.connect(settings, enable_native=implementation == "native")
    # Without the fast encoder, both implementations use the Python one.
    assert client.enable_native == (implementation == "native")
    return TargetTable(
        lambda rows: ots_client.batch_write_row(client, name, rows),
        lambda: table_store.rows(name),
        client,
    )

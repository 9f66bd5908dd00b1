"""The writer's `Send` port in every implementation, each with an empty table to write.

The store in memory, and the official SDK's native and Python encoders, the two latter talking to a
local Table Store.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync.writer import Send
from tests.support.builders import configuration
from tests.support.fakes import MemoryStore, Rows
from tests.support.handler import create_table

KINDS = ["memory", "native", "python"]
_tables = count(1)


class Side(NamedTuple):
    """A table to write: the port, what stands in it, and the SDK's client if there is one."""

    send: Send
    rows: Callable[[], Rows]
    client: Any = None


def side(kind: str, running: TableStore) -> Side:
    """An empty table of this kind."""
    if kind == "memory":
        memory = MemoryStore()
        return Side(memory.send, lambda: memory.rows)
    name = f"port_{next(_tables)}"
    settings = configuration(**create_table(running, name))
    client = ots_client.connect(settings, enable_native=kind == "native")
    assert client.enable_native == (kind == "native")  # without a fast encoder both are slow
    return Side(
        lambda rows: ots_client.batch_write_row(client, name, rows),
        lambda: running.rows(name),
        client,
    )

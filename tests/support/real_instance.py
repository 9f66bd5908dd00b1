"""A real instance of Table Store, when four variables name one: an empty table of it, then gone.

REAL_TABLE_STORE_ENDPOINT, _ID, _SECRET and _INSTANCE. Its host is then the one way off this machine
that tests have. Costs a table of a random name, deleted afterwards, and a few hundred small writes.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tablestore import (
    INF_MAX,
    INF_MIN,
    CapacityUnit,
    Direction,
    OTSClient,
    ReservedThroughput,
    TableMeta,
    TableOptions,
)

from ots_sync import client as ots_client
from tests.support.builders import configuration
from tests.support.fakes import Rows
from tests.support.send_ports import Side

PREFIX = "REAL_TABLE_STORE_"
KEY = [("user_id", "STRING"), ("action_time", "INTEGER")]


def environ() -> dict[str, str]:
    """The settings that the variables make; empty where one of them is not set."""
    found = {
        name: os.environ.get(PREFIX + name, "") for name in ("ENDPOINT", "ID", "SECRET", "INSTANCE")
    }
    return {f"OTS_{name}": value for name, value in found.items()} if all(found.values()) else {}


def hosts() -> frozenset[str]:
    """The name and the addresses of the endpoint."""
    host = urlsplit(environ().get("OTS_ENDPOINT", "")).hostname
    if host is None:
        return frozenset()
    addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    return frozenset({host, *addresses})


@contextmanager
def table() -> Iterator[Side]:
    """An empty table, as the others are made for the same tests."""
    name = f"ots_sync_test_{uuid.uuid4().hex[:12]}"
    client = ots_client.connect(configuration(**environ(), TABLE_NAME=name, OTS_ALLOW_HTTP="1"))
    throughput = ReservedThroughput(CapacityUnit(0, 0))
    client.create_table(TableMeta(name, KEY), TableOptions(), throughput)
    try:
        yield Side(
            lambda rows: ots_client.batch_write_row(client, name, rows),
            lambda: _rows(client, name),
            client,
        )
    finally:
        client.delete_table(name)


def _rows(client: OTSClient, name: str) -> Rows:
    first = [(key, INF_MIN) for key, _ in KEY]
    last = [(key, INF_MAX) for key, _ in KEY]
    found: Rows = {}
    while first is not None:
        _, first, rows, _ = client.get_range(name, Direction.FORWARD, first, last, max_version=1)
        for row in rows:
            found[tuple(value for _, value in row.primary_key)] = {
                column: bytes(value) if isinstance(value, bytearray) else value
                for column, value, _ in row.attribute_columns
            }
    return found

"""Provide an empty table in a real Table Store instance, if four variables name one.

The variables: REAL_TABLE_STORE_ENDPOINT, _ID, _SECRET and _INSTANCE. Tests may then connect to that
host too. The table has a random name, gets a few hundred small rows, and is deleted afterwards.
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
from tests.support.builders import make_settings
from tests.support.fakes import Rows
from tests.support.send_ports import TargetTable

PREFIX = "REAL_TABLE_STORE_"
KEY = [("user_id", "STRING"), ("action_time", "INTEGER")]


def environ() -> dict[str, str]:
    """Return the settings of the instance; empty if one of the variables is not set."""
    found = {
        name: os.environ.get(PREFIX + name, "") for name in ("ENDPOINT", "ID", "SECRET", "INSTANCE")
    }
    return {f"OTS_{name}": value for name, value in found.items()} if all(found.values()) else {}


def hosts() -> frozenset[str]:
    """Return the host name and the addresses of the endpoint."""
    host = urlsplit(environ().get("OTS_ENDPOINT", "")).hostname
    if host is None:
        return frozenset()
    addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    return frozenset({host, *addresses})


@contextmanager
def table() -> Iterator[TargetTable]:
    """Create an empty table, as `send_ports.empty_table` does, and delete it afterwards."""
    name = f"ots_sync_test_{uuid.uuid4().hex[:12]}"
    client = ots_client.connect(make_settings(**environ(), TABLE_NAME=name, OTS_ALLOW_HTTP="1"))
    throughput = ReservedThroughput(CapacityUnit(0, 0))
    client.create_table(TableMeta(name, KEY), TableOptions(), throughput)
    try:
        yield TargetTable(
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

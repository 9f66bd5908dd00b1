"""Connections keep our times: what a call can take is what the deadline reckons with."""

from __future__ import annotations

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync import connection
from ots_sync.connection import CONNECT_TIMEOUT_S, MAX_IDLE_S, SEND_TIMEOUT_S
from ots_sync.errors import TableStoreError
from tests.support import proxies, tls
from tests.support.builders import configuration, write
from tests.support.fakes import FakeClock
from tests.support.handler import create_table


class Wire:
    """A connection whose every piece takes some seconds to send."""

    def __init__(self, clock: FakeClock, piece_s: float = 0.0) -> None:
        self.clock, self.piece_s = clock, piece_s
        self.allowed: list[float] = []
        self.sent = b""
        self.closed = False
        self.sock = SimpleNamespace(settimeout=self.allowed.append)

    def send(self, data: Any) -> None:
        self.sent += bytes(data)
        self.clock.now_s += self.piece_s

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("piece_bytes", "allowed"),
    [
        (16_384, [SEND_TIMEOUT_S, SEND_TIMEOUT_S - 4, SEND_TIMEOUT_S - 8, 0.001]),
        (51_200, [SEND_TIMEOUT_S]),
    ],
    ids=["TLS", "plain"],
)
def test_whole_request_shares_one_time_out(piece_bytes: int, allowed: list[float]) -> None:
    """With TLS a socket's own is of each piece, and urllib3 would send under the one to connect."""
    clock = FakeClock(0.0)
    wire = Wire(clock, 4.0)
    body = bytes(range(256)) * 200
    connection._send(wire, wire.send, body, piece_bytes, clock)
    assert wire.sent == body
    assert wire.allowed == allowed


@pytest.mark.parametrize(("took_s", "kept"), [(CONNECT_TIMEOUT_S, True), (3.1, False)])
def test_connection_that_took_too_long_in_all_is_given_up(took_s: float, kept: bool) -> None:
    """A name, several addresses and a handshake have a time-out each, and the deadline one."""
    clock = FakeClock(0.0)
    wire = Wire(clock)

    def connect() -> None:
        clock.now_s += took_s

    if kept:
        connection._connect(wire, connect, clock)
    else:
        with pytest.raises(ConnectTimeoutError):
            connection._connect(wire, connect, clock)
    assert wire.closed is not kept


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (TimeoutError(), ConnectTimeoutError),
        (ConnectionResetError(), NewConnectionError),
        (OSError("handshake"), NewConnectionError),
    ],
)
def test_whatever_fails_before_anything_is_sent_says_so(error: Exception, raised: Any) -> None:
    def connect() -> None:
        raise error

    with pytest.raises(raised):
        connection._connect(Wire(FakeClock()), connect, FakeClock())


def test_connection_is_used_again_unless_it_was_idle_for_long(table_store: TableStore) -> None:
    environ = create_table(table_store, "target")
    with proxies.proxy(table_store.endpoint) as between:
        client = ots_client.connect(configuration(**{**environ, "OTS_ENDPOINT": between.endpoint}))
        for _ in range(3):
            ots_client.batch_write_row(client, "target", [write()])
        assert between.connections == 1
        (pool,) = [client.connection.pool.connection_from_url(between.endpoint)]
        idle = pool.pool.get()
        idle._last_used_s -= MAX_IDLE_S
        pool.pool.put(idle)
        ots_client.batch_write_row(client, "target", [write()])
        assert between.connections == 2


def test_rows_go_over_tls_as_they_go_without(table_store: TableStore, tmp_path: Path) -> None:
    """A request of many records, an answer, and the connection used again; and nobody is trusted
    without a certificate that is.
    """
    environ = create_table(table_store, "target")
    shown = tls.certificate(tmp_path)
    many = [write(action_time=n, columns=[("text", "x" * 9_000)]) for n in range(20)]
    with tls.secure_proxy(table_store.endpoint, shown) as between:
        settings = configuration(**{**environ, "OTS_ENDPOINT": between.endpoint})
        stranger, client = ots_client.connect(settings), ots_client.connect(settings)
        with pytest.raises(TableStoreError, match="NewConnectionError because of SSL"):
            ots_client.batch_write_row(stranger, "target", many)
        client.connection.pool.connection_pool_kw["ca_certs"] = str(shown)
        for _ in range(2):
            assert ots_client.batch_write_row(client, "target", many) == [None] * len(many)
        assert between.connections == 2
    assert table_store.rows("target") == {("user", n): {"text": "x" * 9_000} for n in range(20)}


def arrived(connection: socket.socket) -> int:
    """How many bytes come to the end of a connection, or to its reset."""
    count = 0
    with connection, contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            count += len(data)
    return count


def test_request_that_was_given_up_does_not_arrive_later() -> None:
    """What the service did not take in yet lies in this machine, which would go on sending it."""
    bulk = 200_000
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = ots_client.connect(configuration(OTS_ENDPOINT=endpoint, OTS_TIMEOUT="1"))
        given_up = write(columns=[("bulk", bytearray(bulk))])
        with pytest.raises(TableStoreError, match="ReadTimeout"):
            ots_client.batch_write_row(client, "target", [given_up])
        assert arrived(server.accept()[0]) < bulk


def test_call_never_waits_for_a_connection(table_store: TableStore) -> None:
    """More callers than the pool keeps connections for, as a tool may have, are served at once."""
    settings = configuration(**create_table(table_store, "target"), MAX_CONCURRENCY="1")
    client = ots_client.connect(settings)
    table_store.faults.add("latency", seconds=0.3)
    with ThreadPoolExecutor(3) as threads:
        for number in range(3):
            threads.submit(
                ots_client.batch_write_row, client, "target", [write(action_time=number)]
            )
    assert table_store.counters()["max_in_flight"] == 3


def test_call_takes_at_most_its_three_times() -> None:
    assert connection.max_call_s(15.0) == CONNECT_TIMEOUT_S + SEND_TIMEOUT_S + 15.0

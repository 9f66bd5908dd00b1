"""Test the connection pool: its timeouts, the reuse of connections, and TLS."""

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
from tests.support import proxies
from tests.support.builders import make_settings, write
from tests.support.fakes import FakeClock
from tests.support.handler import create_table


class SlowConnection:
    """A connection that takes `send_s` to send each chunk; `timeouts_s` has those of its socket."""

    def __init__(self, clock: FakeClock, send_s: float = 0.0) -> None:
        self.clock, self.send_s = clock, send_s
        self.timeouts_s: list[float] = []
        self.sent = b""
        self.closed = False
        self.sock = SimpleNamespace(settimeout=self.timeouts_s.append)

    def send(self, data: Any) -> None:
        self.sent += bytes(data)
        self.clock.now_s += self.send_s

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("chunk_bytes", "timeouts_s"),
    [
        (16_384, [SEND_TIMEOUT_S, SEND_TIMEOUT_S - 4, SEND_TIMEOUT_S - 8, 0.001]),
        (51_200, [SEND_TIMEOUT_S]),
    ],
    ids=["tls", "plain"],
)
def test_one_timeout_covers_sending_the_whole_request(
    chunk_bytes: int, timeouts_s: list[float]
) -> None:
    """The socket's timeout is per chunk with TLS, and urllib3 would use the connect timeout."""
    clock = FakeClock(0.0)
    slow = SlowConnection(clock, 4.0)
    body = bytes(range(256)) * 200
    connection._send(slow, slow.send, body, chunk_bytes, clock.monotonic)
    assert slow.sent == body
    assert slow.timeouts_s == timeouts_s


@pytest.mark.parametrize(("took_s", "kept"), [(CONNECT_TIMEOUT_S, True), (3.1, False)])
def test_connection_that_took_too_long_in_total_is_closed(took_s: float, kept: bool) -> None:
    """Name resolution, each address and the handshake have one timeout each."""
    clock = FakeClock(0.0)
    slow = SlowConnection(clock)

    def connect() -> None:
        clock.now_s += took_s

    if kept:
        connection._connect(slow, connect, clock.monotonic)
    else:
        with pytest.raises(ConnectTimeoutError):
            connection._connect(slow, connect, clock.monotonic)
    assert slow.closed is not kept


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (TimeoutError(), ConnectTimeoutError),
        (ConnectionResetError(), NewConnectionError),
        (OSError("handshake"), NewConnectionError),
    ],
)
def test_error_while_connecting_is_reported_as_never_sent(error: Exception, raised: Any) -> None:
    def connect() -> None:
        raise error

    with pytest.raises(raised):
        connection._connect(SlowConnection(FakeClock()), connect, FakeClock().monotonic)


def test_connection_is_reused_unless_it_was_idle_for_too_long(table_store: TableStore) -> None:
    environ = create_table(table_store, "target")
    with proxies.proxy(table_store.endpoint) as proxy:
        client = ots_client.connect(make_settings(**{**environ, "OTS_ENDPOINT": proxy.endpoint}))
        for _ in range(3):
            ots_client.batch_write_row(client, "target", [write()])
        assert proxy.connections == 1
        (pool,) = [client.connection.pool.connection_from_url(proxy.endpoint)]
        idle = pool.pool.get()
        idle._last_used_s -= MAX_IDLE_S
        pool.pool.put(idle)
        ots_client.batch_write_row(client, "target", [write()])
        assert proxy.connections == 2


def test_tls_connection_is_verified_and_reused(table_store: TableStore, tmp_path: Path) -> None:
    """The requests and responses have many TLS records. An unknown certificate is rejected."""
    environ = create_table(table_store, "target")
    certificate = proxies.self_signed_certificate(tmp_path)
    many = [write(action_time=n, columns=[("text", "x" * 9_000)]) for n in range(20)]
    with proxies.tls_proxy(table_store.endpoint, certificate) as proxy:
        settings = make_settings(**{**environ, "OTS_ENDPOINT": proxy.endpoint})
        distrustful, client = ots_client.connect(settings), ots_client.connect(settings)
        with pytest.raises(TableStoreError, match="NewConnectionError because of SSL"):
            ots_client.batch_write_row(distrustful, "target", many)
        client.connection.pool.connection_pool_kw["ca_certs"] = str(certificate)
        for _ in range(2):
            assert ots_client.batch_write_row(client, "target", many) == [None] * len(many)
        assert proxy.connections == 2
    assert table_store.rows("target") == {("user", n): {"text": "x" * 9_000} for n in range(20)}


def received_bytes(connection: socket.socket) -> int:
    """Return how many bytes arrive until a connection ends or is reset."""
    count = 0
    with connection, contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            count += len(data)
    return count


def test_request_is_not_sent_further_after_its_timeout() -> None:
    """By default the operating system would continue to send what it has buffered."""
    bulk = 200_000
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = ots_client.connect(make_settings(OTS_ENDPOINT=endpoint, OTS_TIMEOUT="1"))
        timed_out = write(columns=[("bulk", bytearray(bulk))])
        with pytest.raises(TableStoreError, match="ReadTimeout"):
            ots_client.batch_write_row(client, "target", [timed_out])
        assert received_bytes(server.accept()[0]) < bulk


def test_request_does_not_wait_for_a_free_connection(table_store: TableStore) -> None:
    """A tool may have more concurrent requests than the pool keeps connections."""
    settings = make_settings(**create_table(table_store, "target"), MAX_CONCURRENCY="1")
    client = ots_client.connect(settings)
    table_store.faults.add("latency", seconds=0.3)
    with ThreadPoolExecutor(3) as executor:
        for number in range(3):
            executor.submit(
                ots_client.batch_write_row, client, "target", [write(action_time=number)]
            )
    assert table_store.counters()["max_in_flight"] == 3


def test_longest_call_is_the_sum_of_the_three_timeouts() -> None:
    assert connection.max_call_s(15.0) == CONNECT_TIMEOUT_S + SEND_TIMEOUT_S + 15.0

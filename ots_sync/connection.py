"""Configure the connection pool of an SDK client: our timeouts, and no retries.

Three timeouts, in seconds: to connect, to send the whole request, to wait for the response. urllib3
sends with the connect timeout, which is too short for 4 MB over an ocean. The clock is always the
real one, as for the sockets.
https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html#urllib3.util.Timeout
"""

from __future__ import annotations

from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from time import monotonic
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

CONNECT_TIMEOUT_S = 3.0
"""For name resolution, TCP and TLS together. Nothing was written before that."""

SEND_TIMEOUT_S = 10.0
"""For sending the whole request. Nothing was written before that either."""

MAX_IDLE_S = 60.0
"""A connection that was idle for longer is not reused: a network device may have dropped it while
the function was frozen, and a new connection costs less than a failed request."""

_LINGER_0 = (SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
"""A closed connection drops what it has not sent. By default the system continues to send it for
minutes: a request after its timeout would still arrive, and be executed after newer ones.
https://man7.org/linux/man-pages/man7/socket.7.html"""


class _Connection(HTTPConnection):
    _chunk_bytes = 1 << 30  # sent under one timeout of the socket: everything
    _last_used_s = 0.0

    def connect(self) -> None:
        _connect(self, super().connect)

    def send(self, data: Any) -> None:
        _send(self, super().send, data, self._chunk_bytes)
        self._last_used_s = monotonic()

    @property
    def is_connected(self) -> bool:
        return super().is_connected and monotonic() - self._last_used_s < MAX_IDLE_S


class _SecureConnection(_Connection, HTTPSConnection):
    _chunk_bytes = 16_384  # with TLS: one record


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def max_call_s(response_timeout_s: float) -> float:
    """Return the longest that one request can take, in seconds."""
    return CONNECT_TIMEOUT_S + SEND_TIMEOUT_S + response_timeout_s


def configure_pool(client: Any) -> None:
    """Make an SDK client use these connections, without urllib3's retries.

    No request waits for a free connection, because no timeout includes that time.
    """
    pool = client.connection.pool
    pool.connection_pool_kw["block"] = False
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    pool.connection_pool_kw["retries"] = False
    pool.connection_pool_kw["socket_options"] = [*_Connection.default_socket_options, _LINGER_0]


def _connect(
    connection: Any, connect: Callable[[], None], clock: Callable[[], float] = monotonic
) -> None:
    """Connect within the timeout. urllib3 applies it to each address of a name and to the handshake
    separately, so a connection that took longer in total is closed.
    """
    started_s = clock()
    try:
        connect()
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "timed out") from error
    except OSError as error:  # includes the errors of TLS
        raise NewConnectionError(connection, type(error).__name__) from error
    if clock() - started_s > CONNECT_TIMEOUT_S:
        connection.close()
        raise ConnectTimeoutError(connection, "took too long")


def _send(
    connection: Any,
    send: Callable[[Any], None],
    data: Any,
    chunk_bytes: int,
    clock: Callable[[], float] = monotonic,
) -> None:
    """Send within the timeout, on a reused connection as on a new one."""
    if connection.sock is None:
        connection.connect()
    until_s = clock() + SEND_TIMEOUT_S
    for start in range(0, len(data), chunk_bytes):
        connection.sock.settimeout(max(until_s - clock(), 0.001))
        send(memoryview(data)[start : start + chunk_bytes])

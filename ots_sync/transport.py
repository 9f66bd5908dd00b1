"""The SDK's client goes in; its connection pool keeps our times and never tries twice after it.

Three time-outs, in seconds: to connect, to send the whole request, to wait for the answer. urllib3
itself would send under the connect time-out, which 4 MB over an ocean do not meet. The clock is the
real one, for it is the sockets' own.
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
"""To look up the name, connect and shake hands, all together; nothing was written by then."""

SEND_TIMEOUT_S = 10.0
"""A request that is not sent whole in this time has written nothing either."""

REUSE_S = 60.0
"""A connection that was not used for so long is not trusted: what is between may have forgotten it
while the function was frozen, and a new one costs less than to find out."""

_FORGET = (SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
"""A connection that is closed drops what it could not send yet. By default the system goes on
sending it for minutes: a request that was given up for want of an answer would still arrive, and be
carried out behind newer ones. https://man7.org/linux/man-pages/man7/socket.7.html"""


class _Connection(HTTPConnection):
    _piece_bytes = 1 << 30  # what one time-out of the socket is for: all that is sent at once
    _used_s = 0.0

    def connect(self) -> None:
        _connect(self, super().connect)

    def send(self, data: Any) -> None:
        _send(self, super().send, data, self._piece_bytes)
        self._used_s = monotonic()

    @property
    def is_connected(self) -> bool:
        return super().is_connected and monotonic() - self._used_s < REUSE_S


class _SecureConnection(_Connection, HTTPSConnection):
    _piece_bytes = 16_384  # with TLS, a record


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def call_s(answer_timeout_s: float) -> float:
    """What one call takes at most, in seconds."""
    return CONNECT_TIMEOUT_S + SEND_TIMEOUT_S + answer_timeout_s


def keep_our_times(client: Any) -> None:
    """Gives an SDK client these connections, and takes urllib3's own retries from it; and no call
    waits for a connection, for that would be a time that nobody reckons with.
    """
    pool = client.connection.pool
    pool.connection_pool_kw["block"] = False
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    pool.connection_pool_kw["retries"] = False
    pool.connection_pool_kw["socket_options"] = [*_Connection.default_socket_options, _FORGET]


def _connect(
    connection: Any, connect: Callable[[], None], clock: Callable[[], float] = monotonic
) -> None:
    """Connects; each address of a name and the handshake have the time-out for themselves, so one
    that took longer in all is given up: the caller reckons with it.
    """
    begun_s = clock()
    try:
        connect()
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "timed out") from error
    except OSError as error:  # TLS's own among them
        raise NewConnectionError(connection, type(error).__name__) from error
    if clock() - begun_s > CONNECT_TIMEOUT_S:
        connection.close()
        raise ConnectTimeoutError(connection, "took too long")


def _send(
    connection: Any,
    send: Callable[[Any], None],
    data: Any,
    piece_bytes: int,
    clock: Callable[[], float] = monotonic,
) -> None:
    """Sends within the time-out, on a connection that is used again as on a new one."""
    if connection.sock is None:
        connection.connect()
    until_s = clock() + SEND_TIMEOUT_S
    for start in range(0, len(data), piece_bytes):
        connection.sock.settimeout(max(until_s - clock(), 0.001))
        send(memoryview(data)[start : start + piece_bytes])

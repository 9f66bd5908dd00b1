"""The SDK's client goes in; its connection pool keeps our times and never tries twice after it.

Three time-outs, in seconds: to connect, to send the whole request, to wait for the answer. urllib3
itself would send under the connect time-out, which 4 MB over an ocean do not meet.
https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html#urllib3.util.Timeout
"""

from __future__ import annotations

from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CONNECT_TIMEOUT_S = 3.0
"""A connection that does not come about in this time has written nothing."""

SEND_TIMEOUT_S = 10.0
"""A request that is not sent whole in this time has written nothing either."""


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(SEND_TIMEOUT_S)


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        assert self.sock is not None
        self.sock.settimeout(SEND_TIMEOUT_S)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def call_s(answer_timeout_s: float) -> float:
    """What one call takes at most, in seconds."""
    return CONNECT_TIMEOUT_S + SEND_TIMEOUT_S + answer_timeout_s


def keep_our_times(client: Any) -> None:
    """Gives an SDK client these connections, and takes urllib3's own retries from it."""
    pool = client.connection.pool
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    pool.connection_pool_kw["retries"] = False

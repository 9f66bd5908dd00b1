"""HTTP requests that no SDK sends: too large, chunked, with Expect, and aborted."""

from __future__ import annotations

import gc
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ots_local.tablestore import TableStore
from tests.tablestore.support.raw_http import send, signed

TOO_LARGE = 20_000_000


@contextmanager
def connection(store: TableStore) -> Iterator[socket.socket]:
    """Open a TCP connection to the emulator."""
    port = int(store.endpoint.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        yield sock


def head(store: TableStore, api: str, *more: str) -> bytes:
    """Return request line and headers, signed for an empty body."""
    headers = [f"{name}: {value}" for name, value in signed(store, api, b"").items()]
    return "\r\n".join([f"POST /{api} HTTP/1.1", "Host: local", *headers, *more, "", ""]).encode()


def test_too_large_body_is_read_to_its_end_and_rejected(store: TableStore) -> None:
    """The client can read the error, and the next request succeeds."""
    error = (413, "OTSRequestBodyTooLarge", "The size of POST data is too large.")
    assert send(store, "PutRow", bytes(TOO_LARGE)).error == error
    assert send(store, "ListTable", b"").status == 200


def test_expect_100_continue_is_answered(store: TableStore) -> None:
    with connection(store) as sock:
        sock.sendall(head(store, "ListTable", "Expect: 100-continue", "Content-Length: 2"))
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"xx")
        assert sock.recv(1000).startswith(b"HTTP/1.1 403 ")  # these two bytes were not signed


def test_chunked_body_is_accepted(store: TableStore) -> None:
    with connection(store) as sock:
        sock.sendall(head(store, "ListTable", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_disconnected_client_causes_no_error_and_no_log(
    store: TableStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.faults.reset_counters()
    with connection(store) as sock:
        sock.sendall(head(store, "PutRow", "Content-Length: 100") + b"half")
    end = time.monotonic() + 10
    while store.counters()["in_flight"]:
        assert time.monotonic() < end
        time.sleep(0.005)
    assert store.counters()["request_errors"] == {}
    assert caplog.records == []


def test_stop_cancels_a_waiting_request_without_leaking_its_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "asyncio")
    with TableStore() as store, connection(store) as sock:
        store.faults.add("latency", apis=["ListTable"], seconds=3600)
        sock.sendall(head(store, "ListTable", "Content-Length: 0"))
        end = time.monotonic() + 10
        while not store.counters()["in_flight"]:
            assert time.monotonic() < end
            time.sleep(0.005)
    del store, sock
    gc.collect()
    assert [text for text in caplog.messages if "destroyed" in text] == []

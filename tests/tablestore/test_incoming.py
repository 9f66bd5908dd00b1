"""Requests that HTTP allows and no SDK makes on purpose: long, announced, and broken off."""

from __future__ import annotations

import gc
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ots_local.tablestore import TableStore
from tests.tablestore.raw import send, signed

LONG = 20_000_000


@contextmanager
def connection(store: TableStore) -> Iterator[socket.socket]:
    """Connect below HTTP."""
    port = int(store.endpoint.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as made:
        yield made


def head(store: TableStore, api: str, *more: str) -> bytes:
    """Write a request's head for an empty body."""
    headers = [f"{name}: {value}" for name, value in signed(store, api, b"").items()]
    return "\r\n".join([f"POST /{api} HTTP/1.1", "Host: local", *headers, *more, "", ""]).encode()


def test_long_body(store: TableStore) -> None:
    """A body beyond the limit is read to its end, so that its sender hears why it is refused."""
    too_large = (413, "OTSRequestBodyTooLarge", "The size of POST data is too large.")
    assert send(store, "PutRow", bytes(LONG)).error == too_large
    assert send(store, "ListTable", b"").status == 200


def test_body_that_waits_to_be_asked_for(store: TableStore) -> None:
    """A client that asks before it sends its body is told to go on."""
    with connection(store) as made:
        made.sendall(head(store, "ListTable", "Expect: 100-continue", "Content-Length: 2"))
        assert made.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        made.sendall(b"xx")
        assert made.recv(1000).startswith(b"HTTP/1.1 403 ")  # these two bytes were not signed


def test_body_in_chunks(store: TableStore) -> None:
    """A body may come in chunks."""
    with connection(store) as made:
        made.sendall(head(store, "ListTable", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
        assert made.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_client_that_goes_away(store: TableStore, caplog: pytest.LogCaptureFixture) -> None:
    """Half a request is no request, and nothing to complain of."""
    store.faults.forget()
    with connection(store) as made:
        made.sendall(head(store, "PutRow", "Content-Length: 100") + b"half")
    end = time.monotonic() + 10
    while store.counters()["in_flight"]:
        assert time.monotonic() < end
        time.sleep(0.005)
    assert store.counters()["refused"] == {}
    assert caplog.records == []


def test_stop_while_a_request_waits(caplog: pytest.LogCaptureFixture) -> None:
    """A store that is left does not wait for a slow answer, nor leaves it pending."""
    caplog.set_level(logging.DEBUG, "asyncio")
    with TableStore() as store, connection(store) as made:
        store.faults.add("latency", apis=["ListTable"], seconds=3600)
        made.sendall(head(store, "ListTable", "Content-Length: 0"))
        end = time.monotonic() + 10
        while not store.counters()["in_flight"]:
            assert time.monotonic() < end
            time.sleep(0.005)
    del store, made
    gc.collect()
    assert [text for text in caplog.messages if "destroyed" in text] == []

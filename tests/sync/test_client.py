"""Test the client: every failure of the network or the service has a code, and no retry."""

from __future__ import annotations

import gc
import hashlib
import socket
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from types import FrameType
from typing import Any

import pytest
from tablestore import OTSClient
from tablestore.auth import RequestContext

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync import retry
from ots_sync.errors import TableStoreError
from ots_sync.settings import Settings
from tests.support import proxies
from tests.support.builders import make_settings, write
from tests.support.handler import create_table

WRITES = [write("put", "u", number, [("n", number)]) for number in range(4)]
ALL_ROWS = {("u", number): {"n": number} for number in range(4)}


def settings_of_new_table(table_store: TableStore, **environ: str) -> Settings:
    """Create a table; return its settings with the shortest timeout."""
    return make_settings(**{**create_table(table_store, "target"), "OTS_TIMEOUT": "1", **environ})


def error_codes(client: Any, writes: Any = WRITES) -> Any:
    """Send one request; return its error code if it fails as a whole, or the code of each row."""
    try:
        errors = ots_client.batch_write_row(client, "target", writes)
    except TableStoreError as error:
        return error.code
    return [error and error.code for error in errors]


def wait_until_idle(table_store: TableStore) -> None:
    """Wait until the emulator has no request in flight, at most 10 s."""
    until_s = time.monotonic() + 10
    while table_store.counters()["in_flight"]:
        assert time.monotonic() < until_s
        time.sleep(0.01)


def key(number: int) -> list[list[tuple[str, Any]]]:
    """Return the key of one row in the form that a fault of the emulator takes."""
    return [[("user_id", "u"), ("action_time", number)]]


FAULTS = [
    pytest.param(
        "request_error", {"codes": ["OTSServerBusy"]}, "OTSServerBusy", {}, id="throttled"
    ),
    pytest.param(
        "request_error",
        {"codes": ["OTSTimeout"], "written": True},
        "OTSTimeout",
        ALL_ROWS,
        id="service-timeout",
    ),
    pytest.param("drop_before", {}, "ConnectionBroken", {}, id="broken-before-execution"),
    pytest.param("drop_after", {}, "ConnectionBroken", ALL_ROWS, id="broken-after-execution"),
    pytest.param("truncated", {}, "ConnectionBroken", ALL_ROWS, id="truncated-response"),
    pytest.param("unsigned", {}, "ResponseNotTrusted", ALL_ROWS, id="unsigned-response"),
    pytest.param("missing_row", {}, "NotAcknowledged", ALL_ROWS, id="response-one-row-short"),
    pytest.param("latency", {"seconds": 1.5}, "ReadTimeout", {}, id="no-response-in-time"),
    pytest.param(
        "row_error",
        {"codes": ["OTSServerBusy"], "keys": key(2)},
        [None, None, "OTSServerBusy", None],
        {k: v for k, v in ALL_ROWS.items() if k != ("u", 2)},
        id="one-row-fails",
    ),
]


@pytest.mark.parametrize(("kind", "options", "expected", "rows"), FAULTS)
@pytest.mark.parametrize("native", [True, False], ids=["native", "python"])
def test_each_fault_has_its_error_code_and_is_not_retried(
    table_store: TableStore, native: bool, kind: str, options: Any, expected: Any, rows: Any
) -> None:
    if kind == "latency" and not native:
        pytest.skip("takes another second and uses the same code")
    client = ots_client.connect(settings_of_new_table(table_store), enable_native=native)
    table_store.faults.add(kind, **options)
    assert error_codes(client) == expected
    assert table_store.rows("target") == rows
    assert table_store.counters()["requests"]["BatchWriteRow"] == 1
    code = expected if isinstance(expected, str) else "OTSServerBusy"
    assert retry.is_classified(code)
    table_store.faults.clear()
    wait_until_idle(table_store)
    assert error_codes(client) == [None] * 4


HEAD = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
FOREIGN_RESPONSES = [
    pytest.param(b"503 Busy", b"<html>busy</html>", "GatewayError", id="page-of-a-gateway"),
    pytest.param(b"502 Bad", b"", "NoErrorCode", id="empty-error"),
    pytest.param(b"302 Found", b"", "NoErrorCode", id="redirect"),
    pytest.param(b"200 OK", b"", "ResponseNotTrusted", id="empty-success"),
]


@pytest.mark.parametrize(("status", "body", "code"), FOREIGN_RESPONSES)
def test_response_of_another_server_has_its_error_code(
    status: bytes, body: bytes, code: str
) -> None:
    with proxies.canned_server(HEAD % (status, len(body), body)) as server:
        client = ots_client.connect(make_settings(OTS_ENDPOINT=server.endpoint, OTS_TIMEOUT="1"))
        assert error_codes(client) == code
        assert server.connections == 1


def signed_response(client: OTSClient, body: bytes) -> bytes:
    """Return an HTTP response with this body and a valid signature for the client."""
    credentials = RequestContext(client.credentials_provider.get_credentials())
    headers = {
        "x-ots-contentmd5": b64encode(hashlib.md5(body).digest()).decode(),
        "x-ots-contenttype": "protocol buffer",
        "x-ots-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "x-ots-requestid": "a-request",
    }
    key = client._signer.get_signing_key(credentials)
    signature = client._signer.make_response_signature("/BatchWriteRow", headers, key)
    access_key_id = credentials.get_credentials().get_access_key_id()
    headers["authorization"] = f"OTS {access_key_id}:{signature}"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"\xff not protobuf", "ResponseUnreadable"), (b"", "NotAcknowledged")],
    ids=["not-protobuf", "no-rows"],
)
def test_signed_response_of_wrong_content_has_its_error_code(body: bytes, code: str) -> None:
    signer = ots_client.connect(make_settings())
    with proxies.canned_server(signed_response(signer, body)) as server:
        client = ots_client.connect(make_settings(OTS_ENDPOINT=server.endpoint, OTS_TIMEOUT="1"))
        assert error_codes(client) == code
        assert server.connections == 1


class ExhaustedConnection:
    """A connection of the SDK for whose request the memory is not enough."""

    def send_receive(self, *_: Any) -> Any:
        raise MemoryError


def test_error_that_is_not_of_the_network_is_raised_unchanged() -> None:
    """It has no error code, so no row is retried or rejected because of it."""
    client = ots_client.connect(make_settings())
    client.connection = ExhaustedConnection()
    with pytest.raises(MemoryError):
        ots_client.batch_write_row(client, "target", WRITES)


@pytest.mark.parametrize("response", [b"", b"HTTP/1", b"nonsense\r\n\r\n"])
def test_connection_that_ends_without_a_response_is_broken(response: bytes) -> None:
    with proxies.canned_server(response) as server:
        client = ots_client.connect(make_settings(OTS_ENDPOINT=server.endpoint, OTS_TIMEOUT="1"))
        assert error_codes(client) == "ConnectionBroken"
        assert server.connections == 1


def test_refused_connection_is_reported_as_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    client = ots_client.connect(make_settings(OTS_ENDPOINT=f"http://127.0.0.1:{port}"))
    with pytest.raises(
        TableStoreError, match="NewConnectionError because of ConnectionRefusedError"
    ):
        ots_client.batch_write_row(client, "target", WRITES)


def test_failed_tls_handshake_is_reported_as_never_sent() -> None:
    """A connection that breaks later has another code, because rows may have been written."""
    with proxies.proxy("http://127.0.0.1:1") as proxy:
        endpoint = proxy.endpoint.replace("http:", "https:")
        client = ots_client.connect(make_settings(OTS_ENDPOINT=endpoint))
        assert error_codes(client) == "ConnectFailed"
        assert proxy.connections == 1


# The states in which a connection can be after the function was frozen.
DEAD_CONNECTIONS: list[Any] = [
    pytest.param(proxies.Proxy.close_idle, None, id="closed"),  # detected before sending
    pytest.param(proxies.Proxy.reset_on_next_request, "ConnectionBroken", id="reset"),
    pytest.param(proxies.Proxy.drop_packets, "ReadTimeout", id="packets-dropped"),
]


@pytest.mark.parametrize(("break_connection", "code"), DEAD_CONNECTIONS)
def test_dead_pooled_connection_costs_at_most_one_failed_request(
    table_store: TableStore, break_connection: Callable[[proxies.Proxy], None], code: str | None
) -> None:
    settings = settings_of_new_table(table_store)
    with proxies.proxy(table_store.endpoint) as proxy:
        client = ots_client.connect(
            make_settings(
                OTS_ENDPOINT=proxy.endpoint,
                OTS_ID=settings.access_key_id,
                OTS_SECRET=settings.access_key_secret,
                OTS_TIMEOUT="1",
            )
        )
        assert error_codes(client) == [None] * 4
        break_connection(proxy)
        if code is not None:
            assert error_codes(client) == code
        assert error_codes(client) == [None] * 4
        assert proxy.connections == 2


def test_message_of_the_service_is_shortened_and_stays_on_one_line(
    table_store: TableStore,
) -> None:
    """It can contain a name from an event."""
    client = ots_client.connect(settings_of_new_table(table_store))
    message = "Invalid column name: 'x\n[ERROR] forged \u2028 \x1b[31m'" + "y" * 999
    table_store.faults.add("request_error", codes=["OTSParameterInvalid"], message=message)
    with pytest.raises(TableStoreError) as raised:
        ots_client.batch_write_row(client, "target", WRITES)
    table_store.faults.set("row_error", codes=["OTSParameterInvalid"], message=message)
    table_store.faults.clear("request_error")
    rows = ots_client.batch_write_row(client, "target", WRITES)
    for error in (raised.value, rows[0]):
        assert error is not None
        assert error.message.isprintable()
        assert error.message.isascii()
        assert len(error.message) == 300


def test_row_that_the_sdk_cannot_encode_is_rejected_and_not_sent(table_store: TableStore) -> None:
    """The converter prevents this; if it happens, the row is the cause, not the service."""
    client = ots_client.connect(settings_of_new_table(table_store))
    not_a_value: Any = object()
    write_with_it = replace(WRITES[0], columns=[("n", not_a_value)])
    for _ in range(2):
        assert error_codes(client, [write_with_it]) == "NotEncodable"
    assert "BatchWriteRow" not in table_store.counters()["requests"]


@pytest.mark.parametrize("fault", ["drop_before", "truncated", "unsigned", "request_error"])
def test_failed_request_leaves_no_garbage_that_only_the_collector_frees(
    table_store: TableStore, fault: str
) -> None:
    """The collector is off during an invocation, and a request can have 4 MiB."""

    def live_frames() -> int:
        files = ("urllib3/connectionpool.py", "http/client.py", "ots_sync/client.py")
        frames = [one for one in gc.get_objects() if isinstance(one, FrameType)]
        return sum(frame.f_code.co_filename.endswith(files) for frame in frames)

    client = ots_client.connect(settings_of_new_table(table_store))
    table_store.faults.add(
        fault, **({"codes": ["OTSServerBusy"]} if fault.endswith("error") else {})
    )
    error_codes(client)
    gc.collect()
    gc.disable()
    try:
        before = live_frames()
        for _ in range(3):
            error_codes(client)
        assert live_frames() == before
    finally:
        gc.enable()

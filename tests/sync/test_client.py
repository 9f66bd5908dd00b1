"""The store: each thing that a network or a service can do has one name, and is tried once."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync import retry
from ots_sync.errors import TableStoreError
from ots_sync.settings import Settings
from tests.support import proxies
from tests.support.builders import configuration, write
from tests.support.handler import create_table

WRITES = [write("put", "u", number, [("n", number)]) for number in range(4)]
ALL = {("u", number): {"n": number} for number in range(4)}


def settings_of(running: TableStore, **environ: str) -> Settings:
    """Settings of a new table, with the shortest time-out."""
    return configuration(**{**create_table(running, "target"), "OTS_TIMEOUT": "1", **environ})


def said(client: Any, writes: Any = WRITES) -> Any:
    """What one call says: the code of a call that fails whole, or the code of each row."""
    try:
        answers = ots_client.batch_write_row(client, "target", writes)
    except TableStoreError as error:
        return error.code
    return [answer and answer.code for answer in answers]


def key(number: int) -> list[list[tuple[str, Any]]]:
    """The key of one of the rows, as a fault names it."""
    return [[("user_id", "u"), ("action_time", number)]]


FAULTS = [
    pytest.param(
        "request_error", {"codes": ["OTSServerBusy"]}, "OTSServerBusy", {}, id="throttled"
    ),
    pytest.param(
        "request_error", {"codes": ["OTSTimeout"], "written": True}, "OTSTimeout", ALL, id="gave up"
    ),
    pytest.param("drop_before", {}, "ConnectionBroken", {}, id="cut before"),
    pytest.param("drop_after", {}, "ConnectionBroken", ALL, id="cut after"),
    pytest.param("truncated", {}, "ConnectionBroken", ALL, id="half an answer"),
    pytest.param("unsigned", {}, "ResponseNotTrusted", ALL, id="not signed"),
    pytest.param("missing_row", {}, "NotAcknowledged", ALL, id="a row less"),
    pytest.param("latency", {"seconds": 1.5}, "ReadTimeout", {}, id="no answer in time"),
    pytest.param(
        "row_error",
        {"codes": ["OTSServerBusy"], "keys": key(2)},
        [None, None, "OTSServerBusy", None],
        {k: v for k, v in ALL.items() if k != ("u", 2)},
        id="one row",
    ),
]


@pytest.mark.parametrize(("kind", "options", "expected", "rows"), FAULTS)
@pytest.mark.parametrize("native", [True, False], ids=["native", "python"])
def test_fault_has_its_name_and_is_tried_once(
    table_store: TableStore, native: bool, kind: str, options: Any, expected: Any, rows: Any
) -> None:
    if kind == "latency" and not native:
        pytest.skip("the same second again")
    client = ots_client.connect(settings_of(table_store), enable_native=native)
    table_store.faults.add(kind, **options)
    assert said(client) == expected
    assert table_store.rows("target") == rows
    assert table_store.counters()["requests"]["BatchWriteRow"] == 1
    code = expected if isinstance(expected, str) else "OTSServerBusy"
    assert retry.is_classified(code)
    table_store.faults.clear()
    while kind == "latency" and table_store.counters()["in_flight"]:
        pass
    assert said(client) == [None] * 4


HEAD = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
ANSWERS = [
    pytest.param(b"503 Busy", b"<html>busy</html>", "GatewayError", id="a gateway's page"),
    pytest.param(b"502 Bad", b"", "NoErrorCode", id="an empty refusal"),
    pytest.param(b"302 Found", b"", "NoErrorCode", id="a redirect"),
    pytest.param(b"200 OK", b"", "ResponseNotTrusted", id="nobody's answer"),
]


@pytest.mark.parametrize(("status", "body", "code"), ANSWERS)
def test_answer_that_is_not_the_services_has_its_name(
    status: bytes, body: bytes, code: str
) -> None:
    with proxies.server(HEAD % (status, len(body), body)) as server:
        client = ots_client.connect(configuration(OTS_ENDPOINT=server.endpoint, OTS_TIMEOUT="1"))
        assert said(client) == code
        assert server.connections == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1", b"nonsense\r\n\r\n"])
def test_connection_that_ends_without_an_answer_is_broken(answer: bytes) -> None:
    with proxies.server(answer) as server:
        client = ots_client.connect(configuration(OTS_ENDPOINT=server.endpoint, OTS_TIMEOUT="1"))
        assert said(client) == "ConnectionBroken"
        assert server.connections == 1


def test_refused_connection_has_written_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = ots_client.connect(configuration(OTS_ENDPOINT=f"http://127.0.0.1:{port}"))
    with pytest.raises(
        TableStoreError, match="NewConnectionError because of ConnectionRefusedError"
    ):
        ots_client.batch_write_row(client, "target", WRITES)


def test_failed_handshake_has_written_nothing() -> None:
    """It is told from a connection that breaks later, when something may have been written."""
    with proxies.proxy("http://127.0.0.1:1") as nobody:
        endpoint = nobody.endpoint.replace("http:", "https:")
        client = ots_client.connect(configuration(OTS_ENDPOINT=endpoint))
        assert said(client) == "ConnectFailed"
        assert nobody.connections == 1


AFTER_A_THAW: list[Any] = [
    pytest.param(proxies.Proxy.close_idle, None, id="closed: noticed before anything is sent"),
    pytest.param(proxies.Proxy.forget, "ConnectionBroken", id="forgotten"),
    pytest.param(proxies.Proxy.swallow, "ReadTimeout", id="gone without a word"),
]


@pytest.mark.parametrize(("happens", "code"), AFTER_A_THAW)
def test_dead_pooled_connection_costs_one_try(
    table_store: TableStore, happens: Callable[[proxies.Proxy], None], code: str | None
) -> None:
    settings = settings_of(table_store)
    with proxies.proxy(table_store.endpoint) as between:
        client = ots_client.connect(
            configuration(
                OTS_ENDPOINT=between.endpoint,
                OTS_ID=settings.access_key_id,
                OTS_SECRET=settings.access_key_secret,
                OTS_TIMEOUT="1",
            )
        )
        assert said(client) == [None] * 4
        happens(between)
        if code is not None:
            assert said(client) == code
        assert said(client) == [None] * 4
        assert between.connections == 2


def test_words_of_the_service_stay_on_one_line_and_are_few(table_store: TableStore) -> None:
    """They can hold a name out of an event."""
    client = ots_client.connect(settings_of(table_store))
    words = "Invalid column name: 'x\n[ERROR] forged \u2028 \x1b[31m'" + "y" * 999
    table_store.faults.add("request_error", codes=["OTSParameterInvalid"], message=words)
    with pytest.raises(TableStoreError) as whole:
        ots_client.batch_write_row(client, "target", WRITES)
    table_store.faults.set("row_error", codes=["OTSParameterInvalid"], message=words)
    table_store.faults.clear("request_error")
    rows = ots_client.batch_write_row(client, "target", WRITES)
    for error in (whole.value, rows[0]):
        assert error is not None
        assert error.message.isprintable()
        assert error.message.isascii()
        assert len(error.message) == 300


def test_what_cannot_be_encoded_is_refused_unsent(table_store: TableStore) -> None:
    """It never comes so far; if it did, the row is at fault and not the service."""
    client = ots_client.connect(settings_of(table_store))
    wrong: Any = replace(WRITES[0], columns=[("n", object())])
    for _ in range(2):
        assert said(client, [wrong]) == "NotEncodable"
    assert "BatchWriteRow" not in table_store.counters()["requests"]


@pytest.mark.parametrize("fault", ["drop_before", "truncated", "unsigned", "request_error"])
def test_failed_call_leaves_nothing_to_the_garbage_collector(
    table_store: TableStore, fault: str
) -> None:
    """It is off while an event is worked on, and a request can be 4 MiB."""

    def kept() -> int:
        files = ("urllib3/connectionpool.py", "http/client.py", "ots_sync/ots_client.py")
        frames = [one for one in gc.get_objects() if isinstance(one, FrameType)]
        return sum(frame.f_code.co_filename.endswith(files) for frame in frames)

    client = ots_client.connect(settings_of(table_store))
    table_store.faults.add(
        fault, **({"codes": ["OTSServerBusy"]} if fault.endswith("error") else {})
    )
    said(client)
    gc.collect()
    gc.disable()
    try:
        before = kept()
        for _ in range(3):
            said(client)
        assert kept() == before
    finally:
        gc.enable()

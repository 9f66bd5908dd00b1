"""Each fault does what it says, to whom it says, and the same again from the same seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from tablestore import (
    BatchGetRowRequest,
    Condition,
    OTSClient,
    OTSClientError,
    Row,
    TableInBatchGetRowItem,
    UpdateRowItem,
)

from ots_local.tablestore import FaultControl, TableStore
from ots_local.tablestore.errors import CODES
from tests.tablestore.clients import batch, get, make_table, put, put_item, refusal

RETRYABLE = [
    "OTSServerBusy",
    "OTSPartitionUnavailable",
    "OTSTimeout",
    "OTSServerUnavailable",
    "OTSInternalServerError",
    "OTSRowOperationConflict",
    "OTSTableNotReady",
    "OTSNotEnoughCapacityUnit",
    "OTSCapacityUnitExhausted",
    "OTSFlowControl",
]


@pytest.fixture
def faults(store: TableStore) -> FaultControl:
    """The faults of the store."""
    return store.faults


def until(done: Callable[[], bool]) -> None:
    """Wait for what happens by itself."""
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def failed(client: OTSClient, *keys: str) -> dict[str, str]:
    """Put rows in one batch and tell which fail, with their codes."""
    found = client.batch_write_row(batch(*[put_item(key) for key in keys])).get_put_by_table("t")
    rows = zip(keys, found, strict=True)
    return {key: item.error_code for key, item in rows if not item.is_ok}


@pytest.mark.parametrize("code", RETRYABLE)
def test_throttled_requests(sdk: OTSClient, faults: FaultControl, code: str) -> None:
    """A request is refused whole, with the status and message that go with the code."""
    make_table(sdk)
    faults.add("request_error", codes=[code], times=2)
    status, message = CODES[code]
    assert refusal(lambda: sdk.batch_write_row(batch(put_item("k")))) == (code, message, status)
    assert refusal(lambda: sdk.get_row("t", [("id", "k")])) == (code, message, status)
    assert get(sdk, "k") is None


@pytest.mark.parametrize("code", RETRYABLE)
def test_throttled_rows(sdk: OTSClient, faults: FaultControl, code: str) -> None:
    """A row fails in its batch and the others are written; alone it is the request's error."""
    make_table(sdk)
    faults.add("row_error", codes=code, keys=[[("id", "bad")]])
    assert failed(sdk, "good", "bad") == {"bad": code}
    assert (get(sdk, "good"), get(sdk, "bad")) == ({"a": 1}, None)
    assert refusal(lambda: put(sdk, "bad"))[0] == code


def test_error_of_a_row_that_is_written(sdk: OTSClient, faults: FaultControl) -> None:
    """An error may be told of what was done all the same."""
    make_table(sdk)
    faults.set("row_error", codes="OTSTimeout", written=True)
    assert failed(sdk, "k") == {"k": "OTSTimeout"}
    faults.clear()
    faults.set("request_error", codes="OTSTimeout", written=True)
    assert refusal(lambda: put(sdk, "l"))[0] == "OTSTimeout"
    faults.clear()
    assert (get(sdk, "k"), get(sdk, "l")) == ({"a": 1}, {"a": 1})


def test_requests_that_hold_a_key(sdk: OTSClient, faults: FaultControl) -> None:
    """A chosen key makes every request that holds it fail, written or read."""
    make_table(sdk, key=[("id", "STRING"), ("b", "BINARY"), ("n", "INTEGER")])
    key = [("id", "bad"), ("b", bytearray(b"\xff")), ("n", 1)]
    code = "OTSParameterInvalid"
    faults.add("request_error", keys=[key], codes=code, message="No.")
    other = [("id", "good"), ("b", bytearray(b"\xff")), ("n", 1)]
    change = {"put": [("a", 1)]}
    rows = [UpdateRowItem(Row(one, change), Condition("IGNORE")) for one in (other, key)]
    assert refusal(lambda: sdk.batch_write_row(batch(*rows))) == (code, "No.", 400)
    assert refusal(lambda: sdk.get_row("t", key)) == (code, "No.", 400)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [key], [], None, 1))
    assert refusal(lambda: sdk.batch_get_row(keys)) == (code, "No.", 400)
    assert sdk.batch_write_row(batch(rows[0])).is_all_succeed()


def test_tables_and_operations(sdk: OTSClient, faults: FaultControl) -> None:
    """A fault may be for some tables or some operations only."""
    for name in ("t", "u"):
        make_table(sdk, name)
    faults.add("row_error", tables=["u"])
    put(sdk, "k")
    row = Row([("id", "k")], [("a", 1)])
    assert refusal(lambda: sdk.put_row("u", row, Condition("IGNORE")))[0] == "OTSServerBusy"
    faults.set("request_error", tables=["u"])
    assert refusal(lambda: sdk.get_row("u", [("id", "k")]))[0] == "OTSServerBusy"
    assert get(sdk, "k") == {"a": 1}
    faults.clear()
    faults.add("request_error", apis="GetRow")
    put(sdk, "k")
    assert refusal(lambda: get(sdk, "k"))[0] == "OTSServerBusy"


@pytest.mark.parametrize(("kind", "written"), [("drop_before", False), ("drop_after", True)])
def test_dropped_connections(
    client: OTSClient, faults: FaultControl, kind: str, written: bool
) -> None:
    """The connection goes before the write or after it, and the client cannot tell which."""
    make_table(client)
    faults.add(kind, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(client, "k")
    assert (get(client, "k") is not None) is written
    put(client, "l")
    assert get(client, "l") == {"a": 1}


def test_late_writes(store: TableStore, sdk: OTSClient, faults: FaultControl) -> None:
    """A write happens after its connection is gone, over what was written meanwhile."""
    make_table(sdk)
    faults.add("late", within=0.2, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(sdk, "k", [("a", "late")])
    until(lambda: store.counters()["late_waiting"] == 0)
    assert get(sdk, "k") == {"a": "late"}
    faults.add("late", within=1e6, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(sdk, "l", [("a", "later")])
    assert store.counters()["late_waiting"] == 1
    assert get(sdk, "l") is None


def test_damaged_answers(client: OTSClient, faults: FaultControl) -> None:
    """Answers come truncated or unsigned, and what was asked is done."""
    make_table(client)
    for kind, error in (
        ("truncated", urllib3.exceptions.ProtocolError),
        ("unsigned", OTSClientError),
    ):
        faults.set(kind, times=1)
        with pytest.raises(error):
            put(client, kind)
        assert get(client, kind) == {"a": 1}


def test_short_answers(client: OTSClient, faults: FaultControl) -> None:
    """An answer may say nothing of the last row, although it is written."""
    make_table(client)
    faults.add("short", times=1)
    found = client.batch_write_row(batch(put_item("k"), put_item("l")))
    assert len(found.get_put_by_table("t")) == 1
    assert get(client, "l") == {"a": 1}


def test_capacity(sdk: OTSClient, faults: FaultControl) -> None:
    """Rows beyond the capacity are told so; the capacity fills up again with time."""
    make_table(sdk)
    keys = [f"k{number}" for number in range(20)]
    faults.add("capacity", rows_per_second=50, burst=8, codes="OTSCapacityUnitExhausted")
    first = failed(sdk, *keys)
    assert list(first) == keys[8:]
    assert set(first.values()) == {"OTSCapacityUnitExhausted"}
    until(lambda: not failed(sdk, "again"))


@pytest.mark.parametrize("spread", ["fixed", "uniform", "exponential", "lognormal"])
def test_latency(sdk: OTSClient, faults: FaultControl, spread: str) -> None:
    """A latency, fixed or drawn, delays every request and changes nothing else."""
    make_table(sdk)
    faults.add("latency", seconds=0.002, spread=spread)
    begun = time.monotonic()
    for number in range(5):
        put(sdk, f"k{number}")
    if spread == "fixed":
        assert time.monotonic() - begun >= 5 * 0.002
    assert get(sdk, "k4") == {"a": 1}
    assert faults.counters()["faults"] == {"latency": 6}


def outcomes(sdk: OTSClient, order: list[int]) -> list[tuple[str, str]]:
    """Tell which rows fail in batches that are sent in an order."""
    found: dict[str, str] = {}
    for number in order:
        found.update(failed(sdk, *[f"{number}.{row}" for row in range(20)]))
    return sorted(found.items())


def test_seed(sdk: OTSClient, faults: FaultControl) -> None:
    """From one seed the same rows fail with the same codes, in whatever order they arrive."""
    make_table(sdk)
    faults.add("row_error", rate=0.3, codes=["OTSServerBusy", "OTSTimeout"])
    faults.seed(7)
    first = outcomes(sdk, [1, 2, 3, 4])
    faults.seed(7)
    assert outcomes(sdk, [4, 2, 1, 3]) == first
    faults.seed(8)
    assert outcomes(sdk, [1, 2, 3, 4]) != first
    assert 5 < len(first) < 45


def test_tries_are_drawn_anew(sdk: OTSClient, faults: FaultControl) -> None:
    """A row that failed may succeed when it is sent again."""
    make_table(sdk)
    faults.add("row_error", rate=0.5)
    tries = 0
    left = [f"k{number}" for number in range(30)]
    while left:
        left = list(failed(sdk, *left))
        tries += 1
        assert tries < 60
    assert tries > 1


def test_several_faults(sdk: OTSClient, faults: FaultControl) -> None:
    """Faults add up; set replaces those of a kind, clear takes one kind or all."""
    make_table(sdk)
    faults.add("row_error", keys=[[("id", "a")]], codes="OTSTimeout")
    faults.add("row_error", keys=[[("id", "b")]], codes="OTSServerBusy")
    assert failed(sdk, "a", "b", "c") == {"a": "OTSTimeout", "b": "OTSServerBusy"}
    faults.set("row_error", keys=[[("id", "c")]])
    assert failed(sdk, "a", "b", "c") == {"c": "OTSServerBusy"}
    faults.add("latency", seconds=0.001)
    faults.clear("row_error")
    assert faults.active() == [{"kind": "latency", "seconds": 0.001}]
    faults.clear()
    assert faults.active() == []


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("weather", {}, "unknown fault 'weather'"),
        ("late", {"how": 1}, "unknown option 'how' of late; there are: rate, "),
        ("drop_after", {"codes": "OTSTimeout"}, "unknown option 'codes' of drop_after"),
        ("late", {"apis": ["PutItem"]}, "unknown operation 'PutItem'"),
        ("late", {"rate": 1.1}, "rate must be between 0 and 1"),
        ("row_error", {"codes": ["OTSNothing"]}, "unknown error code 'OTSNothing'"),
        ("capacity", {}, "capacity needs rows_per_second"),
        ("latency", {"spread": "wide"}, "unknown spread 'wide'"),
        ("latency", {"seconds": -1}, "must not be negative"),
    ],
)
def test_faults_that_cannot_be(
    faults: FaultControl, kind: str, options: dict[str, Any], why: str
) -> None:
    """A fault that cannot be meant is refused, and the others stay as they are."""
    with pytest.raises(ValueError, match=why):
        faults.set(kind, **options)
    assert faults.active() == []


def test_counters(store: TableStore, sdk: OTSClient) -> None:
    """What happened is counted: requests, rows, errors, faults."""
    make_table(sdk)
    store.faults.forget()
    store.faults.add("row_error", keys=[[("id", "bad")]])
    failed(sdk, "good", "bad")
    refusal(lambda: sdk.get_row("missing", [("id", "k")]))
    found = store.counters()
    assert found["requests"] == {"BatchWriteRow": 1, "GetRow": 1}
    assert found["rows_written"] == {"BatchWriteRow": 1}
    assert found["row_errors"] == {"OTSServerBusy": 1}
    assert found["refused"] == {"OTSObjectNotExist": 1}
    assert found["faults"] == {"row_error": 1}
    assert (found["in_flight"], found["max_in_flight"]) == (0, 1)


def test_control_of_another_process(store: TableStore) -> None:
    """An endpoint is all that is needed to set faults; where nobody listens, nobody is healthy."""
    there = FaultControl(store.endpoint)
    assert there.healthy()
    there.add("late", rate=0.5)
    assert store.faults.active() == [{"kind": "late", "rate": 0.5}]
    there.clear()
    assert not FaultControl("http://127.0.0.1:1").healthy()
    with pytest.raises(ValueError, match="no such control path"):
        there._send("GET", "nothing")

"""Each fault does what it says, to whom it says, and the same again from the same seed."""

from __future__ import annotations

import time
from collections.abc import Callable

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

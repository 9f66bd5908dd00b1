"""Faults: each kind has its documented effect, and a seed reproduces the decisions."""

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
from tests.tablestore.support.clients import batch, error_of, get, make_table, put, put_item

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
    """The fault control of the emulator."""
    return store.faults


def until(done: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end, "timeout"
        time.sleep(0.005)


def failed(client: OTSClient, *keys: str) -> dict[str, str]:
    """Put rows in one batch; return the codes of those that fail."""
    found = client.batch_write_row(batch(*[put_item(key) for key in keys])).get_put_by_table("t")
    rows = zip(keys, found, strict=True)
    return {key: item.error_code for key, item in rows if not item.is_ok}


@pytest.mark.parametrize("code", RETRYABLE)
def test_request_error_fails_the_request_with_status_and_message(
    sdk: OTSClient, faults: FaultControl, code: str
) -> None:
    make_table(sdk)
    faults.add("request_error", codes=[code], times=2)
    status, message = CODES[code]
    assert error_of(lambda: sdk.batch_write_row(batch(put_item("k")))) == (code, message, status)
    assert error_of(lambda: sdk.get_row("t", [("id", "k")])) == (code, message, status)
    assert get(sdk, "k") is None


@pytest.mark.parametrize("code", RETRYABLE)
def test_row_error_fails_one_row_of_a_batch_or_a_single_request(
    sdk: OTSClient, faults: FaultControl, code: str
) -> None:
    make_table(sdk)
    faults.add("row_error", codes=code, keys=[[("id", "bad")]])
    assert failed(sdk, "good", "bad") == {"bad": code}
    assert (get(sdk, "good"), get(sdk, "bad")) == ({"a": 1}, None)
    assert error_of(lambda: put(sdk, "bad"))[0] == code


def test_error_with_written_is_returned_although_the_row_is_written(
    sdk: OTSClient, faults: FaultControl
) -> None:
    make_table(sdk)
    faults.set("row_error", codes="OTSTimeout", written=True)
    assert failed(sdk, "k") == {"k": "OTSTimeout"}
    faults.clear()
    faults.set("request_error", codes="OTSTimeout", written=True)
    assert error_of(lambda: put(sdk, "l"))[0] == "OTSTimeout"
    faults.clear()
    assert (get(sdk, "k"), get(sdk, "l")) == ({"a": 1}, {"a": 1})


def test_fault_with_keys_affects_every_request_with_one_of_them(
    sdk: OTSClient, faults: FaultControl
) -> None:
    make_table(sdk, key=[("id", "STRING"), ("b", "BINARY"), ("n", "INTEGER")])
    key = [("id", "bad"), ("b", bytearray(b"\xff")), ("n", 1)]
    code = "OTSParameterInvalid"
    faults.add("request_error", keys=[key], codes=code, message="No.")
    other = [("id", "good"), ("b", bytearray(b"\xff")), ("n", 1)]
    change = {"put": [("a", 1)]}
    rows = [UpdateRowItem(Row(one, change), Condition("IGNORE")) for one in (other, key)]
    assert error_of(lambda: sdk.batch_write_row(batch(*rows))) == (code, "No.", 400)
    assert error_of(lambda: sdk.get_row("t", key)) == (code, "No.", 400)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [key], [], None, 1))
    assert error_of(lambda: sdk.batch_get_row(keys)) == (code, "No.", 400)
    assert sdk.batch_write_row(batch(rows[0])).is_all_succeed()


def test_fault_can_be_limited_to_tables_or_operations(sdk: OTSClient, faults: FaultControl) -> None:
    for name in ("t", "u"):
        make_table(sdk, name)
    faults.add("row_error", tables=["u"])
    put(sdk, "k")
    row = Row([("id", "k")], [("a", 1)])
    assert error_of(lambda: sdk.put_row("u", row, Condition("IGNORE")))[0] == "OTSServerBusy"
    faults.set("request_error", tables=["u"])
    assert error_of(lambda: sdk.get_row("u", [("id", "k")]))[0] == "OTSServerBusy"
    assert get(sdk, "k") == {"a": 1}
    faults.clear()
    faults.add("request_error", apis="GetRow")
    put(sdk, "k")
    assert error_of(lambda: get(sdk, "k"))[0] == "OTSServerBusy"


@pytest.mark.parametrize(("kind", "written"), [("drop_before", False), ("drop_after", True)])
def test_connection_is_dropped_before_or_after_the_write(
    client: OTSClient, faults: FaultControl, kind: str, written: bool
) -> None:
    make_table(client)
    faults.add(kind, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(client, "k")
    assert (get(client, "k") is not None) is written
    put(client, "l")
    assert get(client, "l") == {"a": 1}


def test_late_write_happens_after_its_connection_was_dropped(
    store: TableStore, sdk: OTSClient, faults: FaultControl
) -> None:
    make_table(sdk)
    faults.add("late_write", max_seconds=0.2, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(sdk, "k", [("a", "late")])
    until(lambda: store.counters()["late_writes_pending"] == 0)
    assert get(sdk, "k") == {"a": "late"}
    faults.add("late_write", max_seconds=1e6, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(sdk, "l", [("a", "later")])
    assert store.counters()["late_writes_pending"] == 1
    assert get(sdk, "l") is None


def test_truncated_or_unsigned_response_follows_an_executed_request(
    client: OTSClient, faults: FaultControl
) -> None:
    make_table(client)
    for kind, error in (
        ("truncated", urllib3.exceptions.ProtocolError),
        ("unsigned", OTSClientError),
    ):
        faults.set(kind, times=1)
        with pytest.raises(error):
            put(client, kind)
        assert get(client, kind) == {"a": 1}


def test_response_with_missing_row_follows_a_complete_write(
    client: OTSClient, faults: FaultControl
) -> None:
    make_table(client)
    faults.add("missing_row", times=1)
    found = client.batch_write_row(batch(put_item("k"), put_item("l")))
    assert len(found.get_put_by_table("t")) == 1
    assert get(client, "l") == {"a": 1}


def test_capacity_rejects_rows_beyond_the_rate_and_recovers(
    sdk: OTSClient, faults: FaultControl
) -> None:
    make_table(sdk)
    keys = [f"k{number}" for number in range(20)]
    faults.add("capacity", rows_per_second=50, burst=8, codes="OTSCapacityUnitExhausted")
    first = failed(sdk, *keys)
    assert list(first) == keys[8:]
    assert set(first.values()) == {"OTSCapacityUnitExhausted"}
    until(lambda: not failed(sdk, "again"))


@pytest.mark.parametrize("spread", ["fixed", "uniform", "exponential", "lognormal"])
def test_latency_delays_requests_and_changes_nothing_else(
    sdk: OTSClient, faults: FaultControl, spread: str
) -> None:
    make_table(sdk)
    faults.add("latency", seconds=0.002, spread=spread)
    started = time.monotonic()
    for number in range(5):
        put(sdk, f"k{number}")
    if spread == "fixed":
        assert time.monotonic() - started >= 5 * 0.002
    assert get(sdk, "k4") == {"a": 1}
    assert faults.counters()["faults"] == {"latency": 6}


def outcomes(sdk: OTSClient, order: list[int]) -> list[tuple[str, str]]:
    """Send batches in an order; return the rows that fail with their codes."""
    found: dict[str, str] = {}
    for number in order:
        found.update(failed(sdk, *[f"{number}.{row}" for row in range(20)]))
    return sorted(found.items())


def test_same_seed_fails_the_same_rows_in_any_order_of_requests(
    sdk: OTSClient, faults: FaultControl
) -> None:
    make_table(sdk)
    faults.add("row_error", rate=0.3, codes=["OTSServerBusy", "OTSTimeout"])
    faults.seed(7)
    first = outcomes(sdk, [1, 2, 3, 4])
    faults.seed(7)
    assert outcomes(sdk, [4, 2, 1, 3]) == first
    faults.seed(8)
    assert outcomes(sdk, [1, 2, 3, 4]) != first
    assert 5 < len(first) < 45


def test_each_attempt_of_a_row_is_decided_anew(sdk: OTSClient, faults: FaultControl) -> None:
    """A row that failed can succeed when it is sent again."""
    make_table(sdk)
    faults.add("row_error", rate=0.5)
    attempts = 0
    remaining = [f"k{number}" for number in range(30)]
    while remaining:
        remaining = list(failed(sdk, *remaining))
        attempts += 1
        assert attempts < 60
    assert attempts > 1

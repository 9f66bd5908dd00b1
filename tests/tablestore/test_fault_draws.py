"""Faults come again from a seed, add up, are refused when they mean nothing, and are counted."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import (
    OTSClient,
)

from ots_local.tablestore import FaultControl, TableStore
from tests.tablestore.clients import batch, make_table, put_item, refusal


@pytest.fixture
def faults(store: TableStore) -> FaultControl:
    """The faults of the store."""
    return store.faults


def failed(client: OTSClient, *keys: str) -> dict[str, str]:
    """Put rows in one batch and tell which fail, with their codes."""
    found = client.batch_write_row(batch(*[put_item(key) for key in keys])).get_put_by_table("t")
    rows = zip(keys, found, strict=True)
    return {key: item.error_code for key, item in rows if not item.is_ok}


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
        ("latency", {"seconds": "1"}, "seconds cannot be '1'"),
        ("latency", {"seconds": float("nan")}, "seconds cannot be nan"),
        ("late", {"within": float("inf")}, "within cannot be inf"),
        ("late", {"times": "3"}, "times cannot be '3'"),
        ("late", {"times": -1}, "must not be negative"),
        ("row_error", {"message": 5}, "message cannot be 5"),
        ("row_error", {"written": "no"}, "written cannot be 'no'"),
        ("row_error", {"keys": [[("id", None)]]}, "a key has no value None"),
        ("row_error", {"keys": [[("id", 2**63)]]}, "9223372036854775808 is beyond 64 bits"),
    ],
)
def test_faults_that_cannot_be(
    faults: FaultControl, kind: str, options: dict[str, Any], why: str
) -> None:
    """A fault that cannot be meant is refused, and the others stay as they are."""
    with pytest.raises(ValueError, match=why):
        faults.set(kind, **options)
    assert faults.active() == []


@pytest.mark.parametrize("body", [5, [], [None], {}, {"kind": []}, {"kind": "late", "times": "3"}])
def test_faults_by_path(faults: FaultControl, body: Any) -> None:
    """What comes by HTTP is looked at as closely as what comes from Python."""
    with pytest.raises(ValueError, match=r"unknown fault|times cannot be"):
        faults._send("POST", "faults", body)
    with pytest.raises(ValueError, match="unknown fault 'weather'"):
        faults.clear("weather")
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

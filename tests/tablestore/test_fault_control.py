"""FaultControl and the control paths: set faults, validate them, read counters."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import (
    OTSClient,
)

from ots_local.tablestore import FaultControl, TableStore
from tests.tablestore.support.clients import batch, error_of, make_table, put_item


@pytest.fixture
def faults(store: TableStore) -> FaultControl:
    """The fault control of the emulator."""
    return store.faults


def failed(client: OTSClient, *keys: str) -> dict[str, str]:
    """Put rows in one batch; return the codes of those that fail."""
    found = client.batch_write_row(batch(*[put_item(key) for key in keys])).get_put_by_table("t")
    rows = zip(keys, found, strict=True)
    return {key: item.error_code for key, item in rows if not item.is_ok}


def test_add_set_and_clear_change_the_active_faults(sdk: OTSClient, faults: FaultControl) -> None:
    """`set` replaces the faults of a kind; `clear` removes one kind or all."""
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
    ("kind", "options", "message"),
    [
        ("unknown", {}, "unknown fault 'unknown'"),
        ("late_write", {"how": 1}, "unknown option 'how' of late_write; valid: rate, "),
        ("drop_after", {"codes": "OTSTimeout"}, "unknown option 'codes' of drop_after"),
        ("late_write", {"apis": ["PutItem"]}, "unknown operation 'PutItem'"),
        ("late_write", {"rate": 1.1}, "rate must be between 0 and 1"),
        ("row_error", {"codes": ["OTSNothing"]}, "unknown error code 'OTSNothing'"),
        ("capacity", {}, "capacity needs rows_per_second"),
        ("latency", {"spread": "wide"}, "unknown spread 'wide'"),
        ("latency", {"seconds": -1}, "must not be negative"),
        ("latency", {"seconds": "1"}, "seconds cannot be '1'"),
        ("latency", {"seconds": float("nan")}, "seconds cannot be nan"),
        ("late_write", {"max_seconds": float("inf")}, "max_seconds cannot be inf"),
        ("late_write", {"times": "3"}, "times cannot be '3'"),
        ("late_write", {"times": -1}, "must not be negative"),
        ("row_error", {"message": 5}, "message cannot be 5"),
        ("row_error", {"written": "no"}, "written cannot be 'no'"),
        ("row_error", {"keys": [[("id", None)]]}, "a key cannot have the value None"),
        ("row_error", {"keys": [[("id", 2**63)]]}, "9223372036854775808 does not fit in 64 bits"),
    ],
)
def test_invalid_fault_is_rejected_and_the_others_remain(
    faults: FaultControl, kind: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        faults.set(kind, **options)
    assert faults.active() == []


@pytest.mark.parametrize(
    "body", [5, [], [None], {}, {"kind": []}, {"kind": "late_write", "times": "3"}]
)
def test_control_paths_validate_faults_too(faults: FaultControl, body: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown fault|times cannot be"):
        faults._send("POST", "faults", body)
    with pytest.raises(ValueError, match="unknown fault 'unknown'"):
        faults.clear("unknown")
    assert faults.active() == []


def test_counters_contain_requests_rows_errors_and_faults(
    store: TableStore, sdk: OTSClient
) -> None:
    make_table(sdk)
    store.faults.reset_counters()
    store.faults.add("row_error", keys=[[("id", "bad")]])
    failed(sdk, "good", "bad")
    error_of(lambda: sdk.get_row("missing", [("id", "k")]))
    found = store.counters()
    assert found["requests"] == {"BatchWriteRow": 1, "GetRow": 1}
    assert found["rows_written"] == {"BatchWriteRow": 1}
    assert found["row_errors"] == {"OTSServerBusy": 1}
    assert found["request_errors"] == {"OTSObjectNotExist": 1}
    assert found["faults"] == {"row_error": 1}
    assert (found["in_flight"], found["max_in_flight"]) == (0, 1)


def test_endpoint_is_sufficient_to_control_an_emulator(store: TableStore) -> None:
    """Where nothing listens, `is_healthy` returns False."""
    control = FaultControl(store.endpoint)
    assert control.is_healthy()
    control.add("late_write", rate=0.5)
    assert store.faults.active() == [{"kind": "late_write", "rate": 0.5}]
    control.clear()
    assert not FaultControl("http://127.0.0.1:1").is_healthy()
    with pytest.raises(ValueError, match="no such control path"):
        control._send("GET", "nothing")

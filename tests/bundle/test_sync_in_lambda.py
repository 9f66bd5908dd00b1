"""Test the built bundle, as users deploy it, in Lambda's runtime with the local Table Store."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from ots_local.lambda_runtime.runtime import HandlerError, LambdaRuntime, RuntimeExitedError
from ots_local.tablestore import TableStore
from tests.bundle.conftest import Function
from tests.support.paths import EVENTS

pytestmark = pytest.mark.bundle

SAMPLE = ("sample-user", 1529280000)


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / name).read_text("utf-8"))
    return loaded


def inserts(count: int, first: int = 0) -> dict[str, Any]:
    """Return an event with `count` new items, in the order of their sequence numbers."""
    template = event("test_data_put.json")["Records"][0]
    return {"Records": [_insert(template, number) for number in range(first, first + count)]}


def _insert(template: dict[str, Any], number: int) -> dict[str, Any]:
    keys = {"user_id": {"S": f"user-{number}"}, "action_time": {"N": str(number)}}
    image = {**template["dynamodb"]["NewImage"], **keys, "str": {"S": f"canary-{number}"}}
    change = {
        **template["dynamodb"],
        "Keys": keys,
        "NewImage": image,
        "SequenceNumber": str(10**21 + number),
    }
    return {**template, "eventID": f"{number:032x}", "dynamodb": change}


def from_record(source: dict[str, Any], sequence_number: str) -> dict[str, Any]:
    """Return the event that Lambda delivers next after a response with this record."""
    numbers = [record["dynamodb"]["SequenceNumber"] for record in source["Records"]]
    return {"Records": source["Records"][numbers.index(sequence_number) :]}


def redeliver(invoke: LambdaRuntime, source: dict[str, Any], sequence_number: str) -> None:
    """Deliver again until no record is unprocessed; a busy machine may need several attempts."""
    for _ in range(5):
        failures = invoke(from_record(source, sequence_number))["batchItemFailures"]
        if not failures:
            return
        sequence_number = failures[0]["itemIdentifier"]
    raise AssertionError(f"{sequence_number} is still unprocessed")


def summaries(function: LambdaRuntime) -> Iterator[dict[str, Any]]:
    """Yield the invocation summaries that the function logged."""
    for line in function.logs().splitlines():
        if line.startswith("{") and '"message":"invocation"' in line.replace('": "', '":"'):
            yield json.loads(line)


def test_sample_events_put_update_and_delete_the_row(
    function: Function, target: TableStore
) -> None:
    invoke = function()
    assert invoke(event("test_data_put.json")) == {"batchItemFailures": []}
    put = target.rows("target")[SAMPLE]
    assert put["number"] == 123
    assert put["number_2"] == 2.3
    assert put["binary"] == bytes([0x01, 0x23, 0x15])
    assert put["null"] == ""
    assert invoke(event("test_data_update.json")) == {"batchItemFailures": []}
    updated = target.rows("target")[SAMPLE]
    assert updated["number_2"] == 3
    assert updated["added"] == "new in this update"
    assert set(put) - set(updated) == {"null", "binary_set"}
    assert invoke(event("test_data_delete.json")) == {"batchItemFailures": []}
    assert target.rows("target") == {}


def test_thousand_records_are_written_in_five_calls(function: Function, target: TableStore) -> None:
    invoke = function()
    assert invoke(inserts(1000)) == {"batchItemFailures": []}
    rows = target.rows("target")
    assert len(rows) == 1000
    assert rows["user-999", 999]["str"] == "canary-999"
    (summary,) = summaries(invoke)
    assert (summary["records"], summary["calls"], summary["rows"]["put"]) == (1000, 5, 1000)


def test_log_has_no_secret_and_no_value(function: Function, target: TableStore) -> None:
    """The native encoder loads in the bundle, so there is no warning about the slow one."""
    invoke = function(POWERTOOLS_LOGGER_LOG_EVENT="true", POWERTOOLS_LOG_LEVEL="DEBUG")
    invoke(inserts(3))
    invoke(event("poison.json"))
    logs = invoke.logs()
    assert len(list(summaries(invoke))) == 2
    assert "CloudWatchMetrics" in logs
    for word in (target.access_key_id, target.access_key_secret, "canary", "user-", "sample-"):
        assert word not in logs, word
    assert "slow" not in logs


@contextmanager
def after_calls(target: TableStore, count: int, act: Callable[[], None]) -> Iterator[None]:
    """Run `act` as soon as Table Store has received `count` calls of the function."""
    until = threading.Event()

    def watch() -> None:
        while target.counters()["requests"].get("BatchWriteRow", 0) < count:
            if until.wait(0.005):
                return
        act()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        until.set()
        watcher.join()


def test_hanging_table_store_leaves_records_unprocessed_for_redelivery(
    function: Function, target: TableStore
) -> None:
    """The function returns in time with the first unprocessed record."""
    invoke = function(timeout_s=18, OTS_TIMEOUT="1", MAX_CONCURRENCY="1")
    # First slow enough that calls do not overlap, then longer than the request timeout.
    target.faults.add("latency", seconds=0.2)
    records = inserts(1000)
    with after_calls(target, 2, lambda: target.faults.set("latency", seconds=2.0)):
        (failure,) = invoke(records)["batchItemFailures"]
    first = failure["itemIdentifier"]
    assert 10**21 < int(first) < 10**21 + 1000
    target.faults.clear()
    redeliver(invoke, records, first)
    assert len(target.rows("target")) == 1000
    summary = next(summaries(invoke))
    assert summary["first_unprocessed"] == first
    assert summary["unknown_outcomes"] > 0


def test_redelivery_completes_the_work_of_a_killed_process(
    function: Function, target: TableStore
) -> None:
    invoke = function()
    target.faults.add("latency", seconds=1.0)

    def kill() -> None:
        for process in psutil.Process().children(recursive=True):
            if process.cmdline()[1:4] == ["-S", "-m", "awslambdaric"]:
                process.kill()

    with after_calls(target, 1, kill), pytest.raises(RuntimeExitedError):
        invoke(inserts(400))
    target.faults.clear()
    assert invoke(inserts(400)) == {"batchItemFailures": []}
    assert len(target.rows("target")) == 400


def test_rejected_records_go_to_quarantine_and_the_rest_is_written(
    function: Function, target: TableStore, tmp_path: Path
) -> None:
    invoke = function(QUARANTINE=f"file://{tmp_path}/quarantine")
    assert invoke(event("poison.json")) == {"batchItemFailures": []}
    assert {key[0] for key in target.rows("target")} == {f"sample-good-{n}" for n in (1, 2, 3)}
    documents = [json.loads(path.read_text("utf-8")) for path in tmp_path.rglob("*.json")]
    records = event("poison.json")["Records"]
    invalid = [record for record in records if "good" not in str(record["dynamodb"]["Keys"])]
    assert len(invalid) == 8
    order = [record["dynamodb"]["SequenceNumber"] for record in invalid]
    documents.sort(key=lambda document: int(document["record"]["dynamodb"]["SequenceNumber"]))
    assert [document["record"] for document in documents] == invalid
    assert [document["record"]["dynamodb"]["SequenceNumber"] for document in documents] == order


def test_rejected_records_are_unprocessed_without_a_quarantine(
    function: Function, target: TableStore
) -> None:
    """No record is lost: Lambda delivers again from the first rejected record on."""
    records = event("poison.json")["Records"]
    response = function()(event("poison.json"))
    first = records[1]["dynamodb"]["SequenceNumber"]
    assert response == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert len(target.rows("target")) == 3


def test_invalid_setting_is_named_in_the_error(function: Function) -> None:
    with pytest.raises(HandlerError, match="PRIMARY_KEY"):
        function(PRIMARY_KEY="a,b,c,d,e")(event("test_data_put.json"))

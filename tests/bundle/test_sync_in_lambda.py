"""The built bundle, in Lambda's runtime, against the local Table Store: what users deploy."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from ots_local.lambda_runtime import HandlerRaised, LambdaRuntime, RuntimeExited
from ots_local.tablestore import TableStore
from tests.bundle.conftest import Function

pytestmark = pytest.mark.bundle

EVENTS = Path(__file__).parent.parent.parent / "events"
SAMPLE = ("sample-user", 1529280000)


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / name).read_text("utf-8"))
    return loaded


def inserts(count: int, first: int = 0) -> dict[str, Any]:
    """An event of `count` new items, sequence numbers in order."""
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
    """What Lambda delivers next when the answer names this record."""
    numbers = [record["dynamodb"]["SequenceNumber"] for record in source["Records"]]
    return {"Records": source["Records"][numbers.index(sequence_number) :]}


def redeliver(invoke: LambdaRuntime, source: dict[str, Any], sequence_number: str) -> None:
    """As Lambda does until nothing is undone; on a laden machine one more time may be needed."""
    for _ in range(5):
        failures = invoke(from_record(source, sequence_number))["batchItemFailures"]
        if not failures:
            return
        sequence_number = failures[0]["itemIdentifier"]
    raise AssertionError(f"{sequence_number} is never done")


def summaries(function: LambdaRuntime) -> Iterator[dict[str, Any]]:
    """The summary lines that the function logged."""
    for line in function.logs().splitlines():
        if line.startswith("{") and '"message":"invocation"' in line.replace('": "', '":"'):
            yield json.loads(line)


def test_three_events_put_update_delete(function: Function, target: TableStore) -> None:
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


def test_thousand_records_arrive_in_five_calls(function: Function, target: TableStore) -> None:
    invoke = function()
    assert invoke(inserts(1000)) == {"batchItemFailures": []}
    rows = target.rows("target")
    assert len(rows) == 1000
    assert rows["user-999", 999]["str"] == "canary-999"
    (summary,) = summaries(invoke)
    assert (summary["records"], summary["calls"], summary["rows"]["put"]) == (1000, 5, 1000)


def test_log_holds_neither_a_secret_nor_a_value(function: Function, target: TableStore) -> None:
    """And the fast encoder loads in the bundle: there is no word of the slow one."""
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
    """Does something as soon as Table Store has seen so many calls of the function."""
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


def test_time_out_in_the_middle_is_told_and_made_good(
    function: Function, target: TableStore
) -> None:
    """Table Store hangs: the function answers in time, with the first record that is not done."""
    invoke = function(timeout_s=18, OTS_TIMEOUT="1", MAX_CONCURRENCY="1")
    # Slow enough that calls follow each other visibly, then longer than the function waits.
    target.faults.add("latency", seconds=0.2)
    whole = inserts(1000)
    with after_calls(target, 2, lambda: target.faults.set("latency", seconds=2.0)):
        (failure,) = invoke(whole)["batchItemFailures"]
    first = failure["itemIdentifier"]
    assert 10**21 < int(first) < 10**21 + 1000
    target.faults.clear()
    redeliver(invoke, whole, first)
    assert len(target.rows("target")) == 1000
    told = next(summaries(invoke))
    assert told["first_unprocessed"] == first
    assert told["unknown_outcomes"] > 0


def test_process_killed_in_the_middle_is_made_good_by_redelivery(
    function: Function, target: TableStore
) -> None:
    invoke = function()
    target.faults.add("latency", seconds=1.0)

    def kill() -> None:
        for process in psutil.Process().children(recursive=True):
            if process.cmdline()[1:4] == ["-S", "-m", "awslambdaric"]:
                process.kill()

    with after_calls(target, 1, kill), pytest.raises(RuntimeExited):
        invoke(inserts(400))
    target.faults.clear()
    assert invoke(inserts(400)) == {"batchItemFailures": []}
    assert len(target.rows("target")) == 400


def test_poison_goes_to_quarantine_and_the_rest_arrives(
    function: Function, target: TableStore, tmp_path: Path
) -> None:
    invoke = function(QUARANTINE=f"file://{tmp_path}/kept")
    assert invoke(event("poison.json")) == {"batchItemFailures": []}
    assert {key[0] for key in target.rows("target")} == {f"sample-good-{n}" for n in (1, 2, 3)}
    kept = [json.loads(path.read_text("utf-8")) for path in tmp_path.rglob("*.json")]
    records = event("poison.json")["Records"]
    poisoned = [record for record in records if "good" not in str(record["dynamodb"]["Keys"])]
    assert len(poisoned) == 8
    order = [record["dynamodb"]["SequenceNumber"] for record in poisoned]
    kept.sort(key=lambda document: int(document["record"]["dynamodb"]["SequenceNumber"]))
    assert [document["record"] for document in kept] == poisoned
    assert [document["record"]["dynamodb"]["SequenceNumber"] for document in kept] == order


def test_poison_without_a_quarantine_is_undone(function: Function, target: TableStore) -> None:
    """Nothing is lost: Lambda delivers again from the first poisoned record on."""
    records = event("poison.json")["Records"]
    answer = function()(event("poison.json"))
    first = records[1]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert len(target.rows("target")) == 3


def test_wrong_setting_is_named_in_the_error(function: Function) -> None:
    with pytest.raises(HandlerRaised, match="PRIMARY_KEY"):
        function(PRIMARY_KEY="a,b,c,d,e")(event("test_data_put.json"))

"""Which invocations follow one that failed: retries, bisecting, age, and what is given up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ots_local.stream_pump import (
    EventSourceMapping,
    MappingError,
    NotInvokedError,
    TimedOutError,
    object_key,
)
from tests.local.memory_stream import ARN
from tests.local.pump_rig import Rig, failed, letters


def _raises_on(*bad: str, error: type[BaseException] = ValueError) -> Any:
    def handler(event: dict[str, Any]) -> None:
        if any(letter in letters(event) for letter in bad):
            raise error("bad record")

    return handler


def _reports(*bad: str) -> Any:
    def handler(event: dict[str, Any]) -> dict[str, Any]:
        return failed(event, *(letter for letter in letters(event) if letter in bad))

    return handler


BISECT = {"bisect_batch_on_function_error": True}
REPORT = {"report_batch_item_failures": True}


@pytest.mark.parametrize(
    ("handler", "settings", "trace", "dropped"),
    [
        pytest.param(_raises_on(), {}, "abcdefgh", 0, id="success"),
        pytest.param(
            _raises_on("e"), {"maximum_retry_attempts": 0}, "abcdefgh", 8, id="no retry: all lost"
        ),
        pytest.param(
            _raises_on("e"),
            {"maximum_retry_attempts": 2},
            "abcdefgh abcdefgh abcdefgh",
            8,
            id="two retries are three invocations",
        ),
        pytest.param(
            _raises_on("e"),
            {"maximum_retry_attempts": 1, "batch_size": 3},
            "abc def def gh",
            3,
            id="the lane waits for its failed batch, then goes on",
        ),
        pytest.param(
            _raises_on("e"),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="bisecting isolates one bad record, and consumes no retry",
        ),
        pytest.param(
            _raises_on("e"),
            {"maximum_retry_attempts": 2, **BISECT},
            "abcdefgh abcd efgh ef e e e f gh",
            1,
            id="the isolated record has all its retries",
        ),
        pytest.param(
            _raises_on("a", "h"),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd ab a b cd efgh ef gh g h",
            2,
            id="two bad records are both isolated, earlier halves first",
        ),
        pytest.param(
            _raises_on("c"),
            {"maximum_retry_attempts": 0, "batch_size": 3, **BISECT},
            "abc ab c def gh",
            1,
            id="the first half of an odd batch is the longer",
        ),
        pytest.param(
            _raises_on("e", error=TimedOutError),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="a time-out is a function error",
        ),
        pytest.param(
            _raises_on("e", error=SystemExit),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            8,
            id="so is an exit",
        ),
        pytest.param(
            _reports("e"),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            0,
            id="report is not asked for",
        ),
        pytest.param(
            _reports("e"),
            {"maximum_retry_attempts": 0, **REPORT},
            "abcdefgh",
            4,
            id="report: what stands before it is done",
        ),
        pytest.param(
            _reports("e", "g"),
            {"maximum_retry_attempts": 2, **REPORT},
            "abcdefgh efgh efgh",
            4,
            id="report: all from the lowest on is sent again",
        ),
        pytest.param(
            _reports("e"),
            {"maximum_retry_attempts": 1, **REPORT, **BISECT},
            "abcdefgh efgh efgh",
            4,
            id="report and bisect: split at the report for nothing, then it counts",
        ),
        pytest.param(
            _raises_on("e"),
            {"maximum_retry_attempts": 0, **REPORT, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="an exception is bisected, reports or not",
        ),
        pytest.param(
            lambda event: {"batchItemFailures": [{"itemIdentifier": ""}]},
            {"maximum_retry_attempts": 0, "batch_size": 4, **REPORT},
            "abcd efgh",
            8,
            id="a report that cannot be believed fails the batch",
        ),
        pytest.param(
            lambda event: {"batchItemFailures": [{"itemIdentifier": "1"}]},
            {"maximum_retry_attempts": 0, "batch_size": 2, **REPORT, **BISECT},
            "ab a b cd c d ef e f gh g h",
            8,
            id="and is bisected",
        ),
        pytest.param(
            lambda event: {"batchItemFailures": {1, 2}},
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            8,
            id="an answer that is no JSON is a function error",
        ),
    ],
)
def test_invocations_are(handler: Any, settings: dict[str, Any], trace: str, dropped: int) -> None:
    rig = Rig(handler)
    rig.write("abcdefgh", user="one")
    rig.new_pump(**settings).drain()
    assert rig.trace == trace.split()
    assert sum(rig.progress.dropped.values()) == dropped
    assert rig.progress.records_delivered == 8 - dropped


def test_counters_tell_the_story() -> None:
    """Invocations, retries and redelivered records of a bisected batch, by hand."""
    rig = Rig(_raises_on("c", error=TimedOutError))
    rig.write("abcd", user="one")
    rig.new_pump(maximum_retry_attempts=1, **BISECT).drain()
    assert rig.trace == ["abcd", "ab", "cd", "c", "c", "d"]
    progress = rig.progress
    assert (progress.records_read, progress.records_delivered) == (4, 3)
    assert (progress.invocations, progress.retries, progress.redeliveries) == (6, 5, 7)
    assert (progress.function_errors, progress.time_outs, progress.bisects) == (4, 4, 2)
    assert progress.dropped == {"RetryAttemptsExhausted": 1}
    assert isinstance(progress.last_error, TimedOutError)


def test_the_events_are_copies() -> None:
    """What a handler does to its event never reaches the next invocation."""

    def handler(event: dict[str, Any]) -> None:
        event["Records"][0]["dynamodb"].pop("Keys")
        event["Records"].reverse()
        if len(rig.trace) == 1:
            raise ValueError

    rig = Rig(handler)
    rig.write("ab", user="one")
    rig.new_pump().drain()
    assert rig.trace == ["ab", "ab"]


@pytest.mark.parametrize(("age_s", "sent"), [(60, ["ab"]), (60.25, [])])
def test_a_record_is_given_up_when_older_than_the_limit(age_s: float, sent: list[str]) -> None:
    documents: list[dict[str, Any]] = []
    rig = Rig()
    rig.write("ab", user="one")
    rig.clock.sleep(age_s)
    rig.new_pump(maximum_record_age_s=60, on_failure=documents.append).drain()
    assert rig.trace == sent
    assert rig.progress.dropped == ({} if sent else {"RecordAgeExceeded": 2})
    for document in documents:
        assert document["requestContext"]["condition"] == "RecordAgeExceeded"
        assert document["requestContext"]["approximateInvokeCount"] == 0
        assert "responseContext" not in document


def test_only_the_old_records_of_a_batch_are_given_up() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.clock.sleep(61)
    rig.write("cd", user="one")
    rig.new_pump(maximum_record_age_s=60).drain()
    assert rig.trace == ["cd"]
    assert rig.progress.records_delivered == 2


def test_retries_without_a_limit_end_when_the_stream_forgets_the_record() -> None:
    """A poison record blocks its shard for a day, and then is lost without a word."""

    def handler(event: dict[str, Any]) -> None:
        rig.clock.sleep(3600)
        raise ValueError

    documents: list[dict[str, Any]] = []
    rig = Rig(handler)
    rig.write("a", user="one")
    rig.new_pump(on_failure=documents.append).drain()
    assert rig.progress.dropped == {"Expired": 1}
    assert documents == []
    assert len(rig.trace) == 24


def test_what_could_not_be_invoked_counts_no_retry_and_is_not_bisected() -> None:
    def handler(event: dict[str, Any]) -> None:
        if len(rig.trace) < 10:
            raise NotInvokedError

    rig = Rig(handler)
    rig.write("ab", user="one")
    rig.new_pump(maximum_retry_attempts=0, **BISECT).drain()
    assert rig.trace == ["ab"] * 10
    assert rig.progress.not_invoked == 9
    assert rig.progress.records_delivered == 2


def test_the_destination_gets_lambdas_document() -> None:
    documents: list[dict[str, Any]] = []
    rig = Rig(_raises_on("b"))
    rig.write("abcd", user="one")
    rig.new_pump(batch_size=2, maximum_retry_attempts=1, on_failure=documents.append).drain()
    (document,) = documents
    payload = document.pop("payload")
    assert letters(json.loads(payload)) == "ab"
    assert len(document["requestContext"].pop("requestId")) == 36
    assert document == {
        "requestContext": {
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:ots-sync",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2027-01-15T08:00:00.250Z",
        "DDBStreamBatchInfo": {
            "shardId": "shard-0",
            "startSequenceNumber": "8",
            "endSequenceNumber": "9",
            "approximateArrivalOfFirstRecord": "2027-01-15T08:00:00Z",
            "approximateArrivalOfLastRecord": "2027-01-15T08:00:00Z",
            "batchSize": 2,
            "streamArn": ARN,
        },
    }


def test_a_reported_failure_is_no_function_error_in_the_document() -> None:
    documents: list[dict[str, Any]] = []
    rig = Rig(_reports("b"))
    rig.write("abc", user="one")
    rig.new_pump(maximum_retry_attempts=0, on_failure=documents.append, **REPORT).drain()
    (document,) = documents
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert letters(json.loads(document["payload"])) == "bc"
    request_id = document["requestContext"]["requestId"]
    assert object_key(document, "ESM") == (
        f"aws/lambda/ESM/shard-0/2027/01/15/2027-01-15T08.00.00-{request_id}"
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_a_destination_that_fails_ends_the_pump_and_nothing_is_passed_over(threads: int) -> None:
    def refuse(document: dict[str, Any]) -> None:
        raise OSError("no bucket")

    rig = Rig(_raises_on("a"))
    rig.write("ab", user="one")
    pump = rig.new_pump(maximum_retry_attempts=0, on_failure=refuse, threads=threads)
    with pytest.raises(OSError, match="no bucket"):
        pump.drain()
    assert not rig.progress.dropped
    rig.handler = lambda event: None
    pump.drain()
    assert rig.trace == ["ab", "ab"]
    assert rig.progress.records_delivered == 2


def test_an_interrupted_batch_is_sent_again() -> None:
    rig = Rig(_raises_on("a", error=KeyboardInterrupt))
    rig.write("ab", user="one")
    pump = rig.new_pump()
    with pytest.raises(KeyboardInterrupt):
        pump.drain()
    rig.handler = lambda event: None
    pump.drain()
    assert rig.trace == ["ab", "ab"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 10_001}, "batch_size=10001"),
        ({"maximum_batching_window_s": 301}, "maximum_batching_window_s"),
        ({"parallelization_factor": 0}, "parallelization_factor=0"),
        ({"parallelization_factor": 11}, "parallelization_factor=11"),
        ({"maximum_retry_attempts": -2}, "maximum_retry_attempts=-2"),
        ({"maximum_retry_attempts": 10_001}, "maximum_retry_attempts=10001"),
        ({"maximum_record_age_s": 59}, "maximum_record_age_s=59"),
        ({"maximum_record_age_s": 604_801}, "maximum_record_age_s=604801"),
        ({"starting_position": "AT_TIMESTAMP"}, "starting_position='AT_TIMESTAMP'"),
        ({"batch_size": 0, "parallelization_factor": 0}, "batch_size=0.*parallelization_factor=0"),
    ],
)
def test_what_lambda_would_refuse_is_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(MappingError, match=named):
        EventSourceMapping(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 10_000, "maximum_batching_window_s": 300, "parallelization_factor": 10},
        {"maximum_retry_attempts": 10_000, "maximum_record_age_s": 604_800},
        {"maximum_retry_attempts": 0, "maximum_record_age_s": 60},
    ],
)
def test_the_limits_themselves_are_fine(settings: dict[str, Any]) -> None:
    EventSourceMapping(**settings)

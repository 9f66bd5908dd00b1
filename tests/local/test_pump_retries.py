"""Which invocations follow one that failed: retries and bisecting."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.stream_pump import NotInvokedError, TimedOutError
from tests.local.pump_rig import Rig, raises_on, reports

BISECT = {"bisect_batch_on_function_error": True}
REPORT = {"report_batch_item_failures": True}


@pytest.mark.parametrize(
    ("handler", "settings", "trace", "dropped"),
    [
        pytest.param(raises_on(), {}, "abcdefgh", 0, id="success"),
        pytest.param(
            raises_on("e"), {"maximum_retry_attempts": 0}, "abcdefgh", 8, id="no retry: all lost"
        ),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 2},
            "abcdefgh abcdefgh abcdefgh",
            8,
            id="two retries are three invocations",
        ),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 1, "batch_size": 3},
            "abc def def gh",
            3,
            id="the lane waits for its failed batch, then goes on",
        ),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="bisecting isolates one bad record, and consumes no retry",
        ),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 2, **BISECT},
            "abcdefgh abcd efgh ef e e e f gh",
            1,
            id="the isolated record has all its retries",
        ),
        pytest.param(
            raises_on("a", "h"),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd ab a b cd efgh ef gh g h",
            2,
            id="two bad records are both isolated, earlier halves first",
        ),
        pytest.param(
            raises_on("c"),
            {"maximum_retry_attempts": 0, "batch_size": 3, **BISECT},
            "abc ab c def gh",
            1,
            id="the first half of an odd batch is the longer",
        ),
        pytest.param(
            raises_on("e", error=TimedOutError),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="a time-out is a function error",
        ),
        pytest.param(
            raises_on("e", error=SystemExit),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            8,
            id="so is an exit",
        ),
        pytest.param(
            reports("e"),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            0,
            id="report is not asked for",
        ),
        pytest.param(
            reports("e"),
            {"maximum_retry_attempts": 0, **REPORT},
            "abcdefgh",
            4,
            id="report: what stands before it is done",
        ),
        pytest.param(
            reports("e", "g"),
            {"maximum_retry_attempts": 2, **REPORT},
            "abcdefgh efgh efgh",
            4,
            id="report: all from the lowest on is sent again",
        ),
        pytest.param(
            reports("e"),
            {"maximum_retry_attempts": 1, **REPORT, **BISECT},
            "abcdefgh efgh efgh",
            4,
            id="report and bisect: split at the report for nothing, then it counts",
        ),
        pytest.param(
            raises_on("e"),
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
    rig = Rig(raises_on("c", error=TimedOutError))
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

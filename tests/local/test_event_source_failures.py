"""Test the meaning of a response, and which invocations follow a failed one."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.event_source import FunctionTimeoutError, NotInvokedError
from ots_local.event_source.failures import WHOLE_BATCH, first_failed
from tests.support.event_source_rig import Rig, raises_on, reports

NUMBERS = ["99", "100", "101", "102"]
SUCCESS = None


def _response(*names: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


@pytest.mark.parametrize(
    ("response", "meaning"),
    [
        pytest.param({"batchItemFailures": []}, SUCCESS, id="empty list"),
        pytest.param({"batchItemFailures": None}, SUCCESS, id="null list"),
        pytest.param({}, SUCCESS, id="empty response"),
        pytest.param(None, SUCCESS, id="null response"),
        pytest.param("", SUCCESS, id="empty string"),
        pytest.param("done", SUCCESS, id="string"),
        pytest.param([{"itemIdentifier": "99"}], SUCCESS, id="list without the key"),
        pytest.param({"BatchItemFailures": [{"itemIdentifier": "99"}]}, SUCCESS, id="wrong key"),
        pytest.param({"batchItemFailures": [], "more": 1}, SUCCESS, id="additional key"),
        pytest.param(_response(""), WHOLE_BATCH, id="empty identifier"),
        pytest.param(_response(None), WHOLE_BATCH, id="null identifier"),
        pytest.param(_response(100), WHOLE_BATCH, id="identifier is a number"),
        pytest.param(_response("103"), WHOLE_BATCH, id="unknown identifier"),
        pytest.param(_response("0100"), WHOLE_BATCH, id="identifier in another form"),
        pytest.param(_response("100", "103"), WHOLE_BATCH, id="one of two unknown"),
        pytest.param({"batchItemFailures": [{"itemId": "100"}]}, WHOLE_BATCH, id="wrong entry key"),
        pytest.param({"batchItemFailures": [{}]}, WHOLE_BATCH, id="empty entry"),
        pytest.param({"batchItemFailures": ["100"]}, WHOLE_BATCH, id="entry is a string"),
        pytest.param({"batchItemFailures": [None]}, WHOLE_BATCH, id="entry is null"),
        pytest.param({"batchItemFailures": "100"}, WHOLE_BATCH, id="list is a string"),
        pytest.param(
            {"batchItemFailures": {"itemIdentifier": "100"}}, WHOLE_BATCH, id="list is an object"
        ),
        pytest.param({"batchItemFailures": {}}, WHOLE_BATCH, id="list is an empty object"),
        pytest.param(_response("99"), 0, id="first"),
        pytest.param(_response("102"), 3, id="last"),
        pytest.param(_response("100", "102"), 1, id="several"),
        pytest.param(_response("102", "100", "101"), 1, id="several in any order"),
        pytest.param(_response("100", "99"), 0, id="lowest as a number, not as text"),
        pytest.param(_response("101", "101"), 2, id="same one twice"),
    ],
)
def test_meaning_of_a_response(response: Any, meaning: int | None) -> None:
    assert first_failed(response, NUMBERS) == meaning


BISECT: dict[str, Any] = {"bisect_batch_on_function_error": True}
REPORT: dict[str, Any] = {"report_batch_item_failures": True}


@pytest.mark.parametrize(
    ("handler", "settings", "trace", "discarded"),
    [
        pytest.param(raises_on(), {}, "abcdefgh", 0, id="success"),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            8,
            id="no retry: all are discarded",
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
            id="the queue waits for its failed batch, then continues",
        ),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="bisecting isolates one bad record and uses no retry",
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
            id="two bad records are isolated, earlier halves first",
        ),
        pytest.param(
            raises_on("c"),
            {"maximum_retry_attempts": 0, "batch_size": 3, **BISECT},
            "abc ab c def gh",
            1,
            id="the first half of an odd batch is the longer",
        ),
        pytest.param(
            raises_on("e", error=FunctionTimeoutError),
            {"maximum_retry_attempts": 0, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="a timeout is a function error",
        ),
        pytest.param(
            raises_on("e", error=SystemExit),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            8,
            id="an exit is a function error",
        ),
        pytest.param(
            reports("e"),
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            0,
            id="reports are disabled",
        ),
        pytest.param(
            reports("e"),
            {"maximum_retry_attempts": 0, **REPORT},
            "abcdefgh",
            4,
            id="report: earlier records are done",
        ),
        pytest.param(
            reports("e", "g"),
            {"maximum_retry_attempts": 2, **REPORT},
            "abcdefgh efgh efgh",
            4,
            id="report: all from the lowest on are sent again",
        ),
        pytest.param(
            reports("e"),
            {"maximum_retry_attempts": 1, **REPORT, **BISECT},
            "abcdefgh efgh efgh",
            4,
            id="report and bisect: the split is free, the next failure counts",
        ),
        pytest.param(
            raises_on("e"),
            {"maximum_retry_attempts": 0, **REPORT, **BISECT},
            "abcdefgh abcd efgh ef e f gh",
            1,
            id="an exception is bisected even with reports enabled",
        ),
        pytest.param(
            lambda event: {"batchItemFailures": [{"itemIdentifier": ""}]},
            {"maximum_retry_attempts": 0, "batch_size": 4, **REPORT},
            "abcd efgh",
            8,
            id="an invalid report fails the batch",
        ),
        pytest.param(
            lambda event: {"batchItemFailures": [{"itemIdentifier": "1"}]},
            {"maximum_retry_attempts": 0, "batch_size": 2, **REPORT, **BISECT},
            "ab a b cd c d ef e f gh g h",
            8,
            id="an invalid report is bisected",
        ),
        pytest.param(
            lambda event: {"batchItemFailures": {1, 2}},
            {"maximum_retry_attempts": 0},
            "abcdefgh",
            8,
            id="a response that is not JSON is a function error",
        ),
    ],
)
def test_invocations_after_a_failure(
    handler: Any, settings: dict[str, Any], trace: str, discarded: int
) -> None:
    rig = Rig(handler)
    rig.write("abcdefgh", user="one")
    rig.new_poller(**settings).drain()
    assert rig.trace == trace.split()
    assert sum(rig.progress.discarded.values()) == discarded
    assert rig.progress.records_delivered == 8 - discarded


def test_counters_of_a_bisected_batch() -> None:
    """The numbers follow from the trace."""
    rig = Rig(raises_on("c", error=FunctionTimeoutError))
    rig.write("abcd", user="one")
    rig.new_poller(maximum_retry_attempts=1, **BISECT).drain()
    assert rig.trace == ["abcd", "ab", "cd", "c", "c", "d"]
    progress = rig.progress
    assert (progress.records_read, progress.records_delivered) == (4, 3)
    assert (progress.invocations, progress.retries, progress.redeliveries) == (6, 5, 7)
    assert (progress.function_errors, progress.timeouts, progress.bisects) == (4, 4, 2)
    assert progress.discarded == {"RetryAttemptsExhausted": 1}
    assert isinstance(progress.last_error, FunctionTimeoutError)


def test_every_invocation_gets_a_fresh_copy_of_the_event() -> None:
    """A handler that changes its event does not change the next invocation."""

    def handler(event: dict[str, Any]) -> None:
        event["Records"][0]["dynamodb"].pop("Keys")
        event["Records"].reverse()
        if len(rig.trace) == 1:
            raise ValueError

    rig = Rig(handler)
    rig.write("ab", user="one")
    rig.new_poller().drain()
    assert rig.trace == ["ab", "ab"]


def test_failed_invocation_attempt_uses_no_retry_and_is_not_bisected() -> None:
    def handler(event: dict[str, Any]) -> None:
        if len(rig.trace) < 10:
            raise NotInvokedError

    rig = Rig(handler)
    rig.write("ab", user="one")
    rig.new_poller(maximum_retry_attempts=0, **BISECT).drain()
    assert rig.trace == ["ab"] * 10
    assert rig.progress.not_invoked == 9
    assert rig.progress.records_delivered == 2

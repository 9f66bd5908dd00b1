"""Test which records are discarded, when, and what the on-failure destination receives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ots_local.event_source import object_key
from tests.support.event_source_rig import Rig, letters, raises_on, reports
from tests.support.memory_stream import ARN


@pytest.mark.parametrize(("age_s", "sent"), [(60, ["ab"]), (60.25, [])])
def test_record_is_discarded_when_older_than_the_maximum_age(age_s: float, sent: list[str]) -> None:
    documents: list[dict[str, Any]] = []
    rig = Rig()
    rig.write("ab", user="one")
    rig.clock.sleep(age_s)
    rig.new_poller(maximum_record_age_s=60, on_failure=documents.append).drain()
    assert rig.trace == sent
    assert rig.progress.discarded == ({} if sent else {"RecordAgeExceeded": 2})
    for document in documents:
        assert document["requestContext"]["condition"] == "RecordAgeExceeded"
        assert document["requestContext"]["approximateInvokeCount"] == 0
        assert "responseContext" not in document


def test_only_the_too_old_records_of_a_batch_are_discarded() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.clock.sleep(61)
    rig.write("cd", user="one")
    rig.new_poller(maximum_record_age_s=60).drain()
    assert rig.trace == ["cd"]
    assert rig.progress.records_delivered == 2


def test_unlimited_retries_end_when_the_record_leaves_the_stream() -> None:
    """A record that always fails blocks its shard for a day; then it is lost without a document."""

    def handler(event: dict[str, Any]) -> None:
        rig.clock.sleep(3600)
        raise ValueError

    documents: list[dict[str, Any]] = []
    rig = Rig(handler)
    rig.write("a", user="one")
    rig.new_poller(on_failure=documents.append).drain()
    assert rig.progress.discarded == {"Expired": 1}
    assert documents == []
    assert len(rig.trace) == 24


def test_on_failure_destination_receives_lambdas_document() -> None:
    documents: list[dict[str, Any]] = []
    rig = Rig(raises_on("b"))
    rig.write("abcd", user="one")
    rig.new_poller(batch_size=2, maximum_retry_attempts=1, on_failure=documents.append).drain()
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


def test_reported_failure_is_not_a_function_error_in_the_document() -> None:
    documents: list[dict[str, Any]] = []
    rig = Rig(reports("b"))
    rig.write("abc", user="one")
    rig.new_poller(
        maximum_retry_attempts=0, on_failure=documents.append, report_batch_item_failures=True
    ).drain()
    (document,) = documents
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert letters(json.loads(document["payload"])) == "bc"
    request_id = document["requestContext"]["requestId"]
    assert object_key(document, "ESM") == (
        f"aws/lambda/ESM/shard-0/2027/01/15/2027-01-15T08.00.00-{request_id}"
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_failing_destination_stops_the_poller_and_no_record_is_lost(threads: int) -> None:
    def fail(document: dict[str, Any]) -> None:
        raise OSError("no bucket")

    rig = Rig(raises_on("a"))
    rig.write("ab", user="one")
    poller = rig.new_poller(maximum_retry_attempts=0, on_failure=fail, threads=threads)
    with pytest.raises(OSError, match="no bucket"):
        poller.drain()
    assert not rig.progress.discarded
    rig.handler = lambda event: None
    poller.drain()
    assert rig.trace == ["ab", "ab"]
    assert rig.progress.records_delivered == 2


def test_interrupted_batch_is_sent_again() -> None:
    rig = Rig(raises_on("a", error=KeyboardInterrupt))
    rig.write("ab", user="one")
    poller = rig.new_poller()
    with pytest.raises(KeyboardInterrupt):
        poller.drain()
    rig.handler = lambda event: None
    poller.drain()
    assert rig.trace == ["ab", "ab"]

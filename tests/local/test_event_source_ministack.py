"""Test the poller with a running DynamoDB: each change is delivered as a Lambda record."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from ots_local.event_source import EventSourceMapping, EventSourcePoller, StreamError
from tests.support.fixtures_dynamodb import SourceTable


def _poller(table: SourceTable, handler: Any, **settings: Any) -> EventSourcePoller:
    checkpoint = settings.pop("checkpoint", None)
    threads = settings.pop("threads", 1)
    return EventSourcePoller(
        table.streams,
        table.stream_arn,
        handler,
        EventSourceMapping(**settings),
        clock=time.time,
        sleep=time.sleep,
        checkpoint=checkpoint,
        threads=threads,
    )


def _put(table: SourceTable, user: str, time_: int, **attributes: Any) -> None:
    key = {"user_id": {"S": user}, "action_time": {"N": str(time_)}}
    table.tables.put_item(TableName=table.name, Item={**key, **attributes})


class Recorder:
    """A handler that stores the records that it receives."""

    def __init__(self) -> None:
        self.events: list[list[dict[str, Any]]] = []

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        assert list(event) == ["Records"]
        self.events.append(event["Records"])
        return {"batchItemFailures": []}

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for records in self.events for record in records]


def test_put_update_and_delete_arrive_as_lambda_records(source_table: SourceTable) -> None:
    """Every field of the record is checked, for each kind of change."""
    handler = Recorder()
    before = int(time.time())
    _put(source_table, "a", 1, b={"B": b"\x01\x23\x15"}, bs={"BS": [b"\x01"]}, n={"N": "1.50"})
    _put(source_table, "a", 1, m={"M": {"l": {"L": [{"B": b"\xff"}, {"NULL": True}]}}})
    key = {"user_id": {"S": "a"}, "action_time": {"N": "1"}}
    source_table.tables.delete_item(TableName=source_table.name, Key=key)
    poller = _poller(source_table, handler)
    poller.drain()

    first = {**key, "b": {"B": "ASMV"}, "bs": {"BS": ["AQ=="]}, "n": {"N": "1.5"}}
    second = {**key, "m": {"M": {"l": {"L": [{"B": "/w=="}, {"NULL": True}]}}}}
    expected = [("INSERT", None, first), ("MODIFY", first, second), ("REMOVE", second, None)]
    assert len(handler.records) == 3
    for record, (name, old, new) in zip(handler.records, expected, strict=True):
        change = record.pop("dynamodb")
        assert re.fullmatch("[0-9a-f]{32}", record.pop("eventID"))
        assert record == {
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "eventSourceARN": source_table.stream_arn,
        }
        assert change.pop("SequenceNumber").isdecimal()
        assert change.pop("SizeBytes") > 0
        created = change.pop("ApproximateCreationDateTime")
        assert isinstance(created, int)
        assert before <= created <= time.time()
        images = {"OldImage": old, "NewImage": new}
        assert change == {
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "Keys": key,
            **{part: image for part, image in images.items() if image is not None},
        }
    assert poller.progress.records_delivered == 3
    assert poller.progress.lag_s == 0


def test_each_drain_delivers_the_records_since_the_previous_one(
    source_table: SourceTable,
) -> None:
    handler = Recorder()
    poller = _poller(source_table, handler, batch_size=10)
    poller.drain()
    assert handler.records == []
    for revision in range(2):
        for number in range(25):
            _put(source_table, "a", number, revision={"N": str(revision)})
        poller.drain()
        assert len(handler.records) == 25 * (revision + 1)
    assert all(len(event) <= 10 for event in handler.events)


def test_later_poller_continues_from_the_checkpoint(
    source_table: SourceTable, tmp_path: Path
) -> None:
    """This includes a shard of which the first poller delivered every record."""
    checkpoint = tmp_path / "checkpoint.json"
    for number in range(3):
        handler = Recorder()
        _put(source_table, "a", number)
        _poller(source_table, handler, checkpoint=checkpoint).drain()
        assert [record["dynamodb"]["Keys"]["action_time"]["N"] for record in handler.records] == [
            str(number)
        ]


def test_latest_starts_at_the_first_drain(source_table: SourceTable) -> None:
    handler = Recorder()
    poller = _poller(source_table, handler, starting_position="LATEST")
    _put(source_table, "before", 1)
    poller.drain()
    _put(source_table, "after", 1)
    poller.drain()
    assert [record["dynamodb"]["Keys"]["user_id"]["S"] for record in handler.records] == ["after"]


@pytest.mark.parametrize("threads", [1, 4])
def test_concurrent_batches_keep_the_order_of_each_item(
    source_table: SourceTable, threads: int
) -> None:
    handler = Recorder()
    for revision in range(5):
        for user in "abcdefgh":
            _put(source_table, user, 1, revision={"N": str(revision)})
    _poller(source_table, handler, parallelization_factor=10, batch_size=2, threads=threads).drain()
    revisions: dict[str, list[str]] = {}
    for record in handler.records:
        change = record["dynamodb"]
        user = change["Keys"]["user_id"]["S"]
        revisions.setdefault(user, []).append(change["NewImage"]["revision"]["N"])
    assert revisions == {user: ["0", "1", "2", "3", "4"] for user in "abcdefgh"}


def test_disabled_stream_is_delivered_to_its_end(source_table: SourceTable) -> None:
    handler = Recorder()
    _put(source_table, "a", 1)
    source_table.tables.update_table(
        TableName=source_table.name, StreamSpecification={"StreamEnabled": False}
    )
    _poller(source_table, handler).drain()
    assert len(handler.records) == 1


def test_missing_stream_is_named_in_the_error(source_table: SourceTable) -> None:
    missing = source_table.stream_arn.replace(source_table.name, "elsewhere")
    poller = EventSourcePoller(
        source_table.streams, missing, Recorder(), clock=time.time, sleep=time.sleep
    )
    with pytest.raises(StreamError, match=r"stream .*elsewhere.* does not exist"):
        poller.drain()

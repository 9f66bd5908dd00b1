"""The shards of a stream: which there are, which may be read, and how far one of them is done.

A shard may be read when its parent is finished, or is not in the stream any more.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ots_local.stream_pump.batches import Entry
from ots_local.stream_pump.checkpoints import Position
from ots_local.stream_pump.lanes import Lane, lane_of
from ots_local.stream_pump.mapping import EventSourceMapping
from ots_local.stream_pump.reader import PAGE_RECORDS_MAX, Page, ShardReader, StreamsClient
from ots_local.stream_pump.records import lambda_record

POLL_S = 0.25
"""Lambda polls a shard four times a second. More often only while there is more to read.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """A shard as DescribeStream lists it."""

    shard_id: str
    parent_id: str | None
    closed: bool


def list_shards(client: StreamsClient, stream_arn: str) -> list[ShardInfo]:
    """Every shard that the stream still has."""
    return [
        ShardInfo(
            shard["ShardId"],
            shard.get("ParentShardId"),
            "EndingSequenceNumber" in shard.get("SequenceNumberRange", {}),
        )
        for shard in _described(client, stream_arn)
    ]


def _described(client: StreamsClient, stream_arn: str) -> Iterator[dict[str, str]]:
    answer = client.describe_stream(StreamArn=stream_arn)["StreamDescription"]
    yield from answer.get("Shards", ())
    while last := answer.get("LastEvaluatedShardId"):
        answer = client.describe_stream(StreamArn=stream_arn, ExclusiveStartShardId=last)
        answer = answer["StreamDescription"]
        yield from answer.get("Shards", ())


def may_begin(listed: Iterable[ShardInfo], positions: dict[str, Position]) -> list[ShardInfo]:
    """Those of the listed shards that are not finished, and whose parents are."""
    shards = list(listed)
    unfinished = {
        shard.shard_id
        for shard in shards
        if not positions.get(shard.shard_id, Position("TRIM_HORIZON")).finished
    }
    return [
        shard
        for shard in shards
        if shard.shard_id in unfinished and shard.parent_id not in unfinished
    ]


class Shard:
    """A shard that is being read: its records between reader and checkpoint."""

    __slots__ = ("_poll_due_s", "_room", "_undone", "lanes", "position", "quiet_since_s", "reader")

    def __init__(
        self, reader: ShardReader, position: Position, mapping: EventSourceMapping
    ) -> None:
        self.reader = reader
        self.position = position
        self.lanes = [Lane(mapping) for _ in range(mapping.parallelization_factor)]
        self.quiet_since_s: float | None = None
        """Since when every page was empty; None when the last one was not."""
        self._undone: deque[Entry] = deque()
        self._poll_due_s = 0.0
        # A page more than what the lanes can send: bounded, and no batch is small for want of room.
        self._room = PAGE_RECORDS_MAX + mapping.batch_size * mapping.parallelization_factor

    @property
    def idle(self) -> bool:
        """Nothing that was read waits to be done."""
        return not self._undone

    @property
    def finished(self) -> bool:
        """Closed, and done to the end."""
        return self.reader.closed and self.idle

    @property
    def full(self) -> bool:
        """So much waits that nothing more is read."""
        return len(self._undone) >= self._room

    def poll_is_due(self, now_s: float) -> bool:
        """Whether to read a page now."""
        return not self.reader.closed and not self.full and now_s >= self._poll_due_s

    def take_in(self, page: Page, stream_arn: str, now_s: float) -> None:
        """Put a page's records into their lanes."""
        for record in page.records:
            entry = _entry(record, stream_arn, now_s, len(self.lanes))
            self._undone.append(entry)
            self.lanes[entry.lane].add(entry)
        if page.records:
            self.quiet_since_s = None
        elif page.answered:
            self.quiet_since_s = now_s if self.quiet_since_s is None else self.quiet_since_s
        self._poll_due_s = now_s if page.records else now_s + POLL_S

    def advance(self) -> bool:
        """Move the position over what is done without a hole; whether it moved.

        With several lanes some records behind the position may be done too: they are delivered
        again when the pump is resumed.
        """
        before = self.position
        while self._undone and self._undone[0].done:
            number = self._undone.popleft().sequence_number
            self.position = replace(self.position, after=number)
        if self.finished:
            self.position = replace(self.position, finished=True)
        return self.position != before


def _entry(record: dict[str, object], stream_arn: str, now_s: float, lanes: int) -> Entry:
    delivered = lambda_record(record, stream_arn)
    change = delivered["dynamodb"]
    text = json.dumps(delivered, ensure_ascii=False, separators=(",", ":"))
    return Entry(
        sequence_number=change["SequenceNumber"],
        text=text,
        size_bytes=len(text.encode()),
        created_s=change.get("ApproximateCreationDateTime", now_s),
        read_s=now_s,
        lane=lane_of(json.dumps(change["Keys"], sort_keys=True), lanes),
    )

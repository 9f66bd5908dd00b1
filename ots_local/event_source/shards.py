"""Track the shards of a stream: discover them, read them, and save the position in each.

A shard is read when its parent is finished or has left the stream.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from botocore.exceptions import ClientError, HTTPClientError

from ots_local.event_source import checkpoints
from ots_local.event_source.checkpoints import Position
from ots_local.event_source.mapping import EventSourceMapping
from ots_local.event_source.progress import Progress
from ots_local.event_source.queue import PartitionQueue, QueuedRecord, partition_of
from ots_local.event_source.reader import (
    MAX_PAGE_RECORDS,
    TRANSIENT_CODES,
    Page,
    ShardReader,
    StreamError,
    StreamsClient,
    error_code,
)
from ots_local.event_source.records import lambda_record

POLL_INTERVAL_S = 0.25
"""Lambda polls a shard four times per second; it polls more often only while there are records.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

DISCOVERY_INTERVAL_S = 10.0
"""How often new shards are looked up; also whenever a shard is finished."""


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """A shard as DescribeStream lists it."""

    shard_id: str
    parent_id: str | None
    closed: bool


def list_shards(client: StreamsClient, stream_arn: str) -> list[ShardInfo]:
    """Return every shard that the stream still has."""
    return [
        ShardInfo(
            shard["ShardId"],
            shard.get("ParentShardId"),
            "EndingSequenceNumber" in shard.get("SequenceNumberRange", {}),
        )
        for shard in _describe(client, stream_arn)
    ]


def _describe(client: StreamsClient, stream_arn: str) -> Iterator[dict[str, str]]:
    page = client.describe_stream(StreamArn=stream_arn)["StreamDescription"]
    yield from page.get("Shards", ())
    while last := page.get("LastEvaluatedShardId"):
        response = client.describe_stream(StreamArn=stream_arn, ExclusiveStartShardId=last)
        page = response["StreamDescription"]
        yield from page.get("Shards", ())


def readable(listed: Iterable[ShardInfo], positions: dict[str, Position]) -> list[ShardInfo]:
    """Return the unfinished shards whose parent is finished or not listed."""
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
    """An open shard: its reader, its queues, and the records that are not done."""

    __slots__ = ("_capacity", "_pending", "_poll_due_s", "empty_since_s", "position", "queues",
                 "reader")  # fmt: skip

    def __init__(
        self, reader: ShardReader, position: Position, mapping: EventSourceMapping
    ) -> None:
        self.reader = reader
        self.position = position
        self.queues = [PartitionQueue(mapping) for _ in range(mapping.parallelization_factor)]
        self.empty_since_s: float | None = None
        """Since when every page is empty; None if the latest page had records."""
        self._pending: deque[QueuedRecord] = deque()
        self._poll_due_s = 0.0
        # One page more than the queues can send: memory is bounded, and batches can be full.
        self._capacity = MAX_PAGE_RECORDS + mapping.batch_size * mapping.parallelization_factor

    @property
    def has_pending(self) -> bool:
        """Whether a record that was read is not done."""
        return bool(self._pending)

    @property
    def finished(self) -> bool:
        """Whether the shard is closed and every record is done."""
        return self.reader.closed and not self.has_pending

    def poll_due(self, now_s: float) -> bool:
        """Return whether to read a page now."""
        full = len(self._pending) >= self._capacity
        return not self.reader.closed and not full and now_s >= self._poll_due_s

    def enqueue(self, page: Page, stream_arn: str, now_s: float) -> None:
        """Put the records of a page into their queues."""
        for record in page.records:
            queued = _queued_record(record, stream_arn, now_s, len(self.queues))
            self._pending.append(queued)
            self.queues[queued.partition].push(queued)
        if page.records:
            self.empty_since_s = None
        elif page.received:
            self.empty_since_s = now_s if self.empty_since_s is None else self.empty_since_s
        self._poll_due_s = now_s if page.records else now_s + POLL_INTERVAL_S

    def advance(self) -> bool:
        """Move the position past the leading records that are done; return whether it moved.

        With several queues, records behind the position may be done too. They are delivered again
        if another poller continues from the checkpoint.
        """
        before = self.position
        while self._pending and self._pending[0].done:
            number = self._pending.popleft().sequence_number
            self.position = replace(self.position, after=number)
        if self.finished:
            self.position = replace(self.position, finished=True)
        return self.position != before


class StreamShards:
    """The open shards of a stream, by shard ID, and the checkpoint of all shards."""

    def __init__(
        self,
        streams: StreamsClient,
        stream_arn: str,
        mapping: EventSourceMapping,
        progress: Progress,
        clock: Callable[[], float],
        checkpoint: Path | None,
    ) -> None:
        self._streams, self._stream_arn, self._mapping = streams, stream_arn, mapping
        self._progress, self._clock, self._checkpoint = progress, clock, checkpoint
        self._positions = checkpoints.load(checkpoint, stream_arn)
        self._discovery_due_s = float("-inf")
        self.open: dict[str, Shard] = {}

    def refresh(self) -> None:
        """Discard what is known about the end of the stream: the shard list and empty pages."""
        self._discovery_due_s = float("-inf")
        for shard in self.open.values():
            shard.empty_since_s = None

    def idle_for(self, seconds: float) -> bool:
        """Return whether all records are done and no shard had a record for this long."""
        now_s = self._clock()
        return now_s < self._discovery_due_s and all(
            not shard.has_pending
            and shard.empty_since_s is not None
            and now_s - shard.empty_since_s >= seconds
            for shard in self.open.values()
        )

    def discover(self) -> None:
        """If it is due, open the shards that can be read now, and remove those that are gone.

        Raises StreamError if the stream does not exist.
        """
        if self._clock() < self._discovery_due_s:
            return
        self._discovery_due_s = self._clock() + DISCOVERY_INTERVAL_S
        try:
            listed = list_shards(self._streams, self._stream_arn)
        except (ClientError, HTTPClientError) as error:
            self._on_describe_error(error)
            return
        self._remove_missing(listed)
        if self._mapping.starting_position == "LATEST" and not self._positions:
            for info in listed:
                self._positions[info.shard_id] = Position("LATEST", finished=info.closed)
        for info in readable(listed, self._positions):
            if info.shard_id not in self.open:
                position = self._positions.setdefault(info.shard_id, Position("TRIM_HORIZON"))
                reader = ShardReader(self._streams, self._stream_arn, info.shard_id, position)
                self.open[info.shard_id] = Shard(reader, position, self._mapping)
        self._save()

    def read_page(self, shard: Shard) -> bool:
        """If it is due, read a page of the shard; return whether it had records."""
        now_s = self._clock()
        if not shard.poll_due(now_s):
            return False
        page = shard.reader.read()
        shard.enqueue(page, self._stream_arn, now_s)
        self._progress.records_read += len(page.records)
        self._progress.gaps += page.gap
        self._progress.read_errors += page.failed
        if page.failed:
            self._discovery_due_s = now_s  # the shard may have left the stream
        return bool(page.records)

    def save_checkpoints(self) -> None:
        """Save each position that moved; a finished shard is closed, so its children can open."""
        for shard_id, shard in list(self.open.items()):
            if not shard.advance():
                continue
            self._positions[shard_id] = shard.position
            if shard.position.finished:
                del self.open[shard_id]
                self._discovery_due_s = float("-inf")
            self._save()

    def _save(self) -> None:
        checkpoints.save(self._checkpoint, self._stream_arn, self._positions)

    def _remove_missing(self, listed: list[ShardInfo]) -> None:
        """Close the shards that left the stream; one that was not read to its end is a gap."""
        names = {info.shard_id for info in listed}
        for shard_id, shard in self.open.items():
            if shard_id not in names and not shard.reader.closed:
                shard.reader.closed = True
                self._progress.gaps += 1
        for shard_id in set(self._positions) - names - set(self.open):
            del self._positions[shard_id]

    def _on_describe_error(self, error: ClientError | HTTPClientError) -> None:
        code = error_code(error)
        if code == "ResourceNotFoundException":
            raise StreamError(
                f"The stream {self._stream_arn} does not exist. "
                "Check that it was not deleted and that the endpoint is the right one."
            ) from error
        if code not in TRANSIENT_CODES:
            raise error
        self._progress.read_errors += 1
        self._discovery_due_s = self._clock() + POLL_INTERVAL_S


def _queued_record(
    record: dict[str, object], stream_arn: str, now_s: float, partitions: int
) -> QueuedRecord:
    delivered = lambda_record(record, stream_arn)
    change = delivered["dynamodb"]
    text = json.dumps(delivered, ensure_ascii=False, separators=(",", ":"))
    return QueuedRecord(
        sequence_number=change["SequenceNumber"],
        text=text,
        size_bytes=len(text.encode()),
        created_s=change.get("ApproximateCreationDateTime", now_s),
        read_s=now_s,
        partition=partition_of(json.dumps(change["Keys"], sort_keys=True), partitions),
    )

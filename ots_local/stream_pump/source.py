"""A stream as the pump sees it: shards are found, read and forgotten; how far each is done is kept.

Refuses a stream that is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError, HTTPClientError

from ots_local.stream_pump import checkpoints
from ots_local.stream_pump.checkpoints import Position
from ots_local.stream_pump.mapping import EventSourceMapping
from ots_local.stream_pump.progress import Progress
from ots_local.stream_pump.reader import (
    PASSING,
    ShardReader,
    StreamError,
    StreamsClient,
    error_code,
)
from ots_local.stream_pump.shards import POLL_S, Shard, ShardInfo, list_shards, may_begin

DESCRIBE_EVERY_S = 10.0
"""New shards are looked for this often, and whenever one is finished."""


class Source:
    """The shards that are being read, by name, and the checkpoint of all."""

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
        self._describe_due_s = float("-inf")
        self.shards: dict[str, Shard] = {}

    def look_anew(self) -> None:
        """Take nothing known for the present: neither the list of shards nor that one is quiet."""
        self._describe_due_s = float("-inf")
        for shard in self.shards.values():
            shard.quiet_since_s = None

    def quiet_for(self, seconds: float) -> bool:
        """All is done, no shard is left to find, and no record came for so long."""
        now = self._clock()
        return now < self._describe_due_s and all(
            shard.idle and shard.quiet_since_s is not None and now - shard.quiet_since_s >= seconds
            for shard in self.shards.values()
        )

    def discover(self) -> None:
        """If it is time: begin the shards that may be read now, forget those that are gone."""
        if self._clock() < self._describe_due_s:
            return
        self._describe_due_s = self._clock() + DESCRIBE_EVERY_S
        try:
            listed = list_shards(self._streams, self._stream_arn)
        except (ClientError, HTTPClientError) as error:
            self._describe_failed(error)
            return
        self._forget(listed)
        if self._mapping.starting_position == "LATEST" and not self._positions:
            for info in listed:
                self._positions[info.shard_id] = Position("LATEST", finished=info.closed)
        for info in may_begin(listed, self._positions):
            if info.shard_id not in self.shards:
                position = self._positions.setdefault(info.shard_id, Position("TRIM_HORIZON"))
                reader = ShardReader(self._streams, self._stream_arn, info.shard_id, position)
                self.shards[info.shard_id] = Shard(reader, position, self._mapping)
        self._save()

    def read(self, shard: Shard) -> bool:
        """If it is time: a page of the shard; whether it held records."""
        now = self._clock()
        if not shard.poll_is_due(now):
            return False
        page = shard.reader.read()
        shard.take_in(page, self._stream_arn, now)
        self._progress.records_read += len(page.records)
        self._progress.gaps += page.gap
        self._progress.read_errors += page.failed
        if page.failed:
            self._describe_due_s = now  # is the shard still there?
        return bool(page.records)

    def note(self, shard_id: str) -> None:
        """Keep how far the shard is done, if that changed; a finished one frees its children."""
        shard = self.shards[shard_id]
        if not shard.advance():
            return
        self._positions[shard_id] = shard.position
        if shard.position.finished:
            del self.shards[shard_id]
            self._describe_due_s = float("-inf")
        self._save()

    def _save(self) -> None:
        checkpoints.save(self._checkpoint, self._stream_arn, self._positions)

    def _forget(self, listed: list[ShardInfo]) -> None:
        """A shard that left the stream before it was read to its end may have held more."""
        names = {info.shard_id for info in listed}
        for shard_id, shard in self.shards.items():
            if shard_id not in names and not shard.reader.closed:
                shard.reader.closed = True
                self._progress.gaps += 1
        for shard_id in set(self._positions) - names - set(self.shards):
            del self._positions[shard_id]

    def _describe_failed(self, error: ClientError | HTTPClientError) -> None:
        code = error_code(error)
        if code == "ResourceNotFoundException":
            raise StreamError(
                f"There is no stream {self._stream_arn}: deleted, or at another endpoint?"
            ) from error
        if code not in PASSING:
            raise error
        self._progress.read_errors += 1
        self._describe_due_s = self._clock() + POLL_S

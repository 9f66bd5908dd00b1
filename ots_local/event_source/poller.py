"""Poll a DynamoDB stream and deliver its records to a handler, as Lambda does.

A record is done, and the checkpoint moves past it, only after the handler processed it or the
on-failure destination accepted it. All state belongs to the thread that calls `drain` or `run`;
other threads only run the handler.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ots_local.event_source.delivery import Delivery, Handler
from ots_local.event_source.mapping import EventSourceMapping
from ots_local.event_source.progress import Progress
from ots_local.event_source.reader import StreamsClient
from ots_local.event_source.shards import POLL_INTERVAL_S, StreamShards


class StopFlag(Protocol):
    """A flag that ends polling, such as threading.Event."""

    def is_set(self) -> bool:
        """Return whether to stop."""


class EventSourcePoller:
    """Delivers one stream to one handler, as an event source mapping does.

    `threads` is the number of concurrent invocations: different shards and different queues of a
    shard run in parallel, the batches of one queue never do. With a `checkpoint` file a later
    poller continues where this one stopped; records that were done behind an unfinished one are
    delivered again. With starting position LATEST the first call of `drain` or `run` sets the
    position; records that are older are not delivered.
    """

    def __init__(
        self,
        streams: StreamsClient,
        stream_arn: str,
        handler: Handler,
        mapping: EventSourceMapping | None = None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        checkpoint: Path | None = None,
        threads: int = 1,
        on_progress: Callable[[Progress], None] | None = None,
        function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:ots-sync",
    ) -> None:
        self.progress = Progress()
        self._mapping = mapping or EventSourceMapping()
        self._sleep, self._threads, self._on_progress = sleep, threads, on_progress
        self._shards = StreamShards(
            streams, stream_arn, self._mapping, self.progress, clock, checkpoint
        )
        self._delivery = Delivery(
            handler, self._mapping, self.progress, clock, stream_arn, function_arn
        )

    def drain(self, *, idle_s: float = 0.0, until: StopFlag | None = None) -> None:
        """Deliver records until the current end of the stream is done, or `until` is set.

        The end is reached when every open shard has returned only empty pages for `idle_s`
        seconds. 0 is right for a local DynamoDB. The real service also returns empty pages in the
        middle of a shard, so use some seconds there. A disabled mapping delivers nothing.
        """
        self._shards.refresh()
        with self._delivery.thread_pool(self._threads):
            while self._mapping.enabled and not (until is not None and until.is_set()):
                worked = self._poll_once(draining=True)
                if not self._delivery.has_in_flight and self._shards.idle_for(idle_s):
                    break
                self._idle(worked)
        self._save_checkpoints()

    def run(self, until: StopFlag) -> None:
        """Poll and deliver until the flag is set, then wait for the invocations in flight."""
        with self._delivery.thread_pool(self._threads):
            while not until.is_set():
                self._idle(self._mapping.enabled and self._poll_once(draining=False))
        self._save_checkpoints()

    def _poll_once(self, *, draining: bool) -> bool:
        """Discover, collect, read and send once; return whether there was anything to do."""
        self._shards.discover()
        worked = self._delivery.collect()
        for shard_id, shard in self._shards.open.items():
            worked |= self._shards.read_page(shard)
            # A batch waits for more records only if there can be more.
            no_wait = shard.reader.closed or (draining and shard.empty_since_s is not None)
            for queue in shard.queues:
                worked |= self._delivery.send(shard_id, queue, no_wait)
        self._save_checkpoints()
        if worked and self._on_progress:
            self._on_progress(self.progress)
        return worked

    def _save_checkpoints(self) -> None:
        self._shards.save_checkpoints()
        if not any(shard.has_pending for shard in self._shards.open.values()):
            self.progress.lag_s = 0.0

    def _idle(self, worked: bool) -> None:
        """Wait for the next poll, or for an invocation to end, if there was nothing to do."""
        if worked:
            return
        if self._delivery.has_in_flight:
            self._delivery.wait(POLL_INTERVAL_S)
        else:
            self._sleep(POLL_INTERVAL_S)

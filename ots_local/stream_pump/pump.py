"""The pump: a stream, a handler and a mapping go in; every record is delivered, or given up.

A record counts as done, and the checkpoint moves over it, only after the handler succeeded with it
or the failure destination took it. All bookkeeping is in the thread that called `drain` or `run`;
other threads run the handler only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ots_local.stream_pump.delivery import Delivery, Handler
from ots_local.stream_pump.mapping import EventSourceMapping
from ots_local.stream_pump.progress import Progress
from ots_local.stream_pump.reader import StreamsClient
from ots_local.stream_pump.shards import POLL_S
from ots_local.stream_pump.source import Source


class Flag(Protocol):
    """What says when to stop; threading.Event does."""

    def is_set(self) -> bool:
        """Whether to stop."""


class StreamPump:
    """Delivers one stream to one handler as an event source mapping would.

    `threads` is how many invocations run side by side: of different shards and lanes, for those
    of one lane never do. With a `checkpoint` file a later pump goes on where this one was; what was
    done behind a hole is then delivered again. With starting position LATEST the first `drain` or
    `run` fixes the place; what is written before it is not delivered.
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
        self._source = Source(streams, stream_arn, self._mapping, self.progress, clock, checkpoint)
        self._delivery = Delivery(
            handler, self._mapping, self.progress, clock, stream_arn, function_arn
        )

    def drain(self, *, quiet_s: float = 0.0, until: Flag | None = None) -> None:
        """Deliver until the stream's present end is done, or `until` is set.

        The end is reached when every open shard has given nothing but empty pages for `quiet_s`
        seconds. 0 is right for DynamoDB on this machine; the real service gives empty pages in
        the middle of a shard too, so take some seconds there. A mapping that is not enabled
        delivers nothing and returns.
        """
        self._source.look_anew()
        with self._delivery.workers(self._threads):
            while self._mapping.enabled and not (until is not None and until.is_set()):
                worked = self._turn(draining=True)
                if not self._delivery.busy and self._source.quiet_for(quiet_s):
                    break
                self._rest(worked)
        self._note()

    def run(self, until: Flag) -> None:
        """Go on polling and delivering until the flag is set; what is in flight is waited for."""
        with self._delivery.workers(self._threads):
            while not until.is_set():
                self._rest(self._mapping.enabled and self._turn(draining=False))
        self._note()

    def _turn(self, *, draining: bool) -> bool:
        """Find shards, read, send, settle, each once; whether there was anything to do."""
        self._source.discover()
        worked = self._delivery.land()
        for shard_id, shard in self._source.shards.items():
            worked |= self._source.read(shard)
            # A batch waits for more records only where more can come.
            at_once = shard.reader.closed or (draining and shard.quiet_since_s is not None)
            for lane in shard.lanes:
                worked |= self._delivery.send(shard_id, lane, at_once)
        self._note()
        if worked and self._on_progress:
            self._on_progress(self.progress)
        return worked

    def _note(self) -> None:
        for shard_id in list(self._source.shards):
            self._source.note(shard_id)
        if all(shard.idle for shard in self._source.shards.values()):
            self.progress.lag_s = 0.0

    def _rest(self, worked: bool) -> None:
        if worked:
            return
        if self._delivery.busy:
            self._delivery.wait(POLL_S)
        else:
            self._sleep(POLL_S)

"""Run an event source poller over a stream in memory, and record every invocation as a word.

Each record has one letter. `trace` is the list of delivered batches as words: ["abcd", "cd"] is a
batch of four records, then its second half.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ots_local.event_source import EventSourceMapping, EventSourcePoller, Progress
from tests.support.memory_stream import ARN, Clock, MemoryStream


def letters(event: dict[str, Any]) -> str:
    """Return the letters of an event's records as a word."""
    return "".join(record["dynamodb"]["NewImage"]["letter"]["S"] for record in event["Records"])


def sequence_number(event: dict[str, Any], letter: str) -> str:
    """Return the sequence number of the record with this letter."""
    record = event["Records"][letters(event).index(letter)]
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def failed(event: dict[str, Any], *failed_letters: str) -> dict[str, Any]:
    """Return the response that reports these records as failed."""
    numbers = [sequence_number(event, letter) for letter in failed_letters]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


def raises_on(*bad: str, error: type[BaseException] = ValueError) -> Any:
    """Return a handler that raises if the batch has one of these letters."""

    def handler(event: dict[str, Any]) -> None:
        if any(letter in letters(event) for letter in bad):
            raise error("bad record")

    return handler


def reports(*bad: str) -> Any:
    """Return a handler that reports these letters as failed, every time."""

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        return failed(event, *(letter for letter in letters(event) if letter in bad))

    return handler


class Rig:
    """A clock, a stream, a handler whose invocations are recorded, and pollers."""

    def __init__(self, handler: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
        self.clock = Clock()
        self.stream = MemoryStream(self.clock)
        self.handler = handler
        self.trace: list[str] = []
        self.poller: EventSourcePoller | None = None

    def write(self, word: str, user: str | None = None) -> None:
        """Write a record per letter: of the user's item, or of an item per letter."""
        for letter in word:
            self.stream.put(user or letter, letter={"S": letter})

    def new_poller(
        self, *, threads: int = 1, checkpoint: Path | None = None, **settings: Any
    ) -> EventSourcePoller:
        """Return another poller of the same stream."""
        self.poller = EventSourcePoller(
            self.stream,
            ARN,
            self._record,
            EventSourceMapping(**settings),
            clock=self.clock,
            sleep=self.clock.sleep,
            checkpoint=checkpoint,
            threads=threads,
        )
        return self.poller

    @property
    def progress(self) -> Progress:
        """The progress of the latest poller."""
        assert self.poller is not None
        return self.poller.progress

    def _record(self, event: dict[str, Any]) -> object:
        self.trace.append(letters(event))
        return self.handler(event)


class StopAfter:
    """A stop flag that is set after it was read this many times."""

    def __init__(self, reads: int) -> None:
        self._remaining = reads
        self._lock = threading.Lock()

    def is_set(self) -> bool:
        """Count one read."""
        with self._lock:
            self._remaining -= 1
            return self._remaining < 0

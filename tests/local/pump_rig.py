"""A pump over a stream in memory, and handlers whose every invocation is kept as a word.

Each record carries one letter; `trace` is what was sent, as words: ["abcd", "cd"] is a batch of
four, and then its second half.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ots_local.stream_pump import EventSourceMapping, Progress, StreamPump
from tests.local.memory_stream import ARN, Clock, MemoryStream


def letters(event: dict[str, Any]) -> str:
    """The word that an event's records spell."""
    return "".join(record["dynamodb"]["NewImage"]["letter"]["S"] for record in event["Records"])


def number_of(event: dict[str, Any], letter: str) -> str:
    """The sequence number of the record with the letter."""
    record = event["Records"][letters(event).index(letter)]
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def failed(event: dict[str, Any], *which: str) -> dict[str, Any]:
    """The answer that names these records as failed."""
    return {"batchItemFailures": [{"itemIdentifier": number_of(event, name)} for name in which]}


def raises_on(*bad: str, error: type[BaseException] = ValueError) -> Any:
    """A handler that raises when a batch holds one of these."""

    def handler(event: dict[str, Any]) -> None:
        if any(letter in letters(event) for letter in bad):
            raise error("bad record")

    return handler


def reports(*bad: str) -> Any:
    """A handler that names these as failed, each time."""

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        return failed(event, *(letter for letter in letters(event) if letter in bad))

    return handler


class Rig:
    """A clock, a stream, a handler that spells, and pumps of them."""

    def __init__(self, handler: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
        self.clock = Clock()
        self.stream = MemoryStream(self.clock)
        self.handler = handler
        self.trace: list[str] = []
        self.pump: StreamPump | None = None

    def write(self, word: str, user: str | None = None) -> None:
        """A record for each letter; of the user's item, or of an item named as the letter."""
        for letter in word:
            self.stream.put(user or letter, letter={"S": letter})

    def new_pump(
        self, *, threads: int = 1, checkpoint: Path | None = None, **settings: Any
    ) -> StreamPump:
        """Another pump over the same stream."""
        self.pump = StreamPump(
            self.stream,
            ARN,
            self._spell,
            EventSourceMapping(**settings),
            clock=self.clock,
            sleep=self.clock.sleep,
            checkpoint=checkpoint,
            threads=threads,
        )
        return self.pump

    @property
    def progress(self) -> Progress:
        """Of the latest pump."""
        assert self.pump is not None
        return self.pump.progress

    def _spell(self, event: dict[str, Any]) -> object:
        self.trace.append(letters(event))
        return self.handler(event)


class StopAfter:
    """A flag that is set once it has been asked so many times."""

    def __init__(self, turns: int) -> None:
        self._left = turns
        self._lock = threading.Lock()

    def is_set(self) -> bool:
        """Counts itself down."""
        with self._lock:
            self._left -= 1
            return self._left < 0

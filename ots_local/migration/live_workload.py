"""Fill a DynamoDB table, change it continuously, and deliver its stream to the function.

Changes and delivery run in threads that end with their block.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from ots_local.demo.changes import ATTRIBUTES
from ots_local.demo.replication import MAPPING
from ots_local.demo.source_table import SourceTable
from ots_local.event_source import EventSourcePoller

ITEMS_PER_WRITE = 25
CHANGE_INTERVAL_S = 0.005
"""The pause between two changes: the table is busy, but the load gets enough of the processor."""


@dataclass(slots=True)
class LiveWorkload:
    """Changes of a table with `items` items; `changes` counts those that were made."""

    source: SourceTable
    items: int
    rng: Random
    changes: int = 0

    @property
    def expected_records(self) -> int:
        """About how many records the stream has; some deletes find no item and have no record."""
        return self.items + round(self.changes * 0.9)

    def fill(self) -> None:
        """Put all items."""
        client = self.source.dynamodb.tables
        for start in range(0, self.items, ITEMS_PER_WRITE):
            numbers = range(start, min(start + ITEMS_PER_WRITE, self.items))
            requests: Any = [{"PutRequest": {"Item": self.item(number)}} for number in numbers]
            client.batch_write_item(RequestItems={self.source.name: requests})

    def item(self, number: int) -> dict[str, Any]:
        """Return an item of about 1 KB; every call chooses other attributes."""
        names = self.rng.sample(list(ATTRIBUTES), self.rng.randint(2, 7))
        return {
            **self.key(number),
            **{name: ATTRIBUTES[name](self.rng) for name in names},
            "text": {"S": f"{number} " * 120},
        }

    def key(self, number: int) -> dict[str, Any]:
        """Return the key of an item."""
        return {"user_id": {"S": f"user-{number:06d}"}, "action_time": {"N": str(number)}}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Put and delete existing and new items while the block runs."""
        client = self.source.dynamodb.tables

        def change() -> None:
            number = self.rng.randrange(self.items + self.items // 10)
            if self.rng.random() < 0.25:
                client.delete_item(TableName=self.source.name, Key=self.key(number))
            else:
                client.put_item(TableName=self.source.name, Item=self.item(number))
            self.changes += 1
            time.sleep(CHANGE_INTERVAL_S)

        with _repeating(change):
            yield

    @contextmanager
    def delivering(self, handler: ModuleType, checkpoint: Path) -> Iterator[EventSourcePoller]:
        """Deliver the stream to the handler, from its start or the checkpoint, during the block."""
        poller = EventSourcePoller(
            self.source.dynamodb.streams,
            self.source.stream_arn,
            lambda event: handler.lambda_handler(event, None),
            MAPPING,
            clock=time.time,
            sleep=time.sleep,
            checkpoint=checkpoint,
        )
        stop = threading.Event()
        thread = threading.Thread(target=poller.run, args=(stop,))
        thread.start()
        try:
            yield poller
        finally:
            stop.set()
            thread.join()


@contextmanager
def _repeating(action: Callable[[], None]) -> Iterator[None]:
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

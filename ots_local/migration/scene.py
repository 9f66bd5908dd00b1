"""A table of items goes in; it is changed all the while, and its stream is pumped when asked.

Both run in threads that end with their block, however it ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from ots_local.demo.changes import ATTRIBUTES
from ots_local.demo.stream import MAPPING
from ots_local.dynamodb import DynamoDB
from ots_local.stream_pump import StreamPump

ITEMS_PER_WRITE = 25
PAUSE_S = 0.005
"""Between two live changes; a busy table, but not one that starves the load of this machine."""


@dataclass(slots=True)
class Scene:
    """The source table; `made` counts its live changes."""

    dynamodb: DynamoDB
    table: str
    stream_arn: str
    items: int
    chance: Random
    made: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def written(self) -> int:
        """Records that the stream has so far, about: some deletes find nothing."""
        return self.items + round(self.made * 0.9)

    def fill(self, tell: Callable[[int], None]) -> None:
        """Puts all items."""
        client = self.dynamodb.tables
        for start in range(0, self.items, ITEMS_PER_WRITE):
            numbers = range(start, min(start + ITEMS_PER_WRITE, self.items))
            requests: Any = [{"PutRequest": {"Item": self.item(number)}} for number in numbers]
            client.batch_write_item(RequestItems={self.table: requests})
            tell(len(numbers))

    def item(self, number: int) -> dict[str, Any]:
        """One item, each time with other attributes, about 1 KB."""
        chosen = self.chance.sample(list(ATTRIBUTES), self.chance.randint(2, 7))
        return {
            **self.key(number),
            **{name: ATTRIBUTES[name](self.chance) for name in chosen},
            "text": {"S": f"{number} " * 120},
        }

    def key(self, number: int) -> dict[str, Any]:
        """The key of an item."""
        return {"user_id": {"S": f"user-{number:06d}"}, "action_time": {"N": str(number)}}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Puts and deletes items, old and new, while the block runs."""
        client = self.dynamodb.tables

        def change() -> None:
            number = self.chance.randrange(self.items + self.items // 10)
            if self.chance.random() < 0.25:
                client.delete_item(TableName=self.table, Key=self.key(number))
            else:
                client.put_item(TableName=self.table, Item=self.item(number))
            self.made += 1
            time.sleep(PAUSE_S)

        with _repeated(change):
            yield

    @contextmanager
    def pumping(self, function: ModuleType, checkpoint: Path) -> Iterator[StreamPump]:
        """Delivers the stream, from its beginning, to the function while the block runs."""
        pump = StreamPump(
            self.dynamodb.streams,
            self.stream_arn,
            lambda event: function.lambda_handler(event, None),
            MAPPING,
            clock=time.time,
            sleep=time.sleep,
            checkpoint=checkpoint,
        )
        stop = threading.Event()
        thread = threading.Thread(target=pump.run, args=(stop,))
        thread.start()
        try:
            yield pump
        finally:
            stop.set()
            thread.join()


@contextmanager
def _repeated(act: Callable[[], None]) -> Iterator[None]:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

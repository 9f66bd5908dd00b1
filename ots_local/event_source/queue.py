"""Queue the records of a shard and form batches from them.

Each shard has as many queues as the mapping's ParallelizationFactor. All records of an item are in
the same queue, and a queue never has two batches in flight, so the records of an item stay in
order.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ots_local.event_source.mapping import MAX_PAYLOAD_BYTES, EventSourceMapping

ENVELOPE_BYTES = len('{"Records":[]}')


@dataclass(slots=True, eq=False)
class QueuedRecord:
    """A record that was read; `text` is its JSON, serialized once for all invocations."""

    sequence_number: str
    text: str
    size_bytes: int
    created_s: float
    read_s: float
    partition: int
    deliveries: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one queue that are sent together."""

    records: tuple[QueuedRecord, ...]
    failures: int = 0
    """Failed invocations that count against MaximumRetryAttempts."""
    invocations: int = 0
    due_s: float = 0.0

    @property
    def sequence_numbers(self) -> list[str]:
        """The sequence numbers of the records, in order."""
        return [record.sequence_number for record in self.records]

    @property
    def payload(self) -> str:
        """The event as JSON."""
        return '{"Records":[' + ",".join(record.text for record in self.records) + "]}"


def partition_of(keys_text: str, partitions: int) -> int:
    """Return the queue for an item's key; it is always the same one."""
    return zlib.crc32(keys_text.encode()) % partitions


class PartitionQueue:
    """The records of some keys of a shard: batches to retry first, then new records."""

    __slots__ = ("_idle_since_s", "_mapping", "_retries", "_waiting", "in_flight")

    def __init__(self, mapping: EventSourceMapping) -> None:
        self._mapping = mapping
        self._waiting: deque[QueuedRecord] = deque()
        self._retries: list[Batch] = []  # the last one is sent first
        self._idle_since_s = 0.0
        self.in_flight = False

    def push(self, record: QueuedRecord) -> None:
        """Append a record."""
        self._waiting.append(record)

    def take(self, now_s: float, no_wait: bool) -> Batch | None:
        """Return the batch to send now, or None; call `complete` when it was sent.

        A batch is due when it has the maximum number of records, when its payload is full, when
        the batching window is over, or with `no_wait`, when no further record can fill it.
        """
        if self.in_flight:
            return None
        if self._retries:
            if self._retries[-1].due_s > now_s:
                return None
            self.in_flight = True
            return self._retries.pop()
        if not self._waiting:
            return None
        count, full = self._next_size()
        if not (full or no_wait or now_s >= self._window_end_s()):
            return None
        self.in_flight = True
        return Batch(tuple(self._waiting.popleft() for _ in range(count)))

    def complete(self, retries: Iterable[Batch], now_s: float, delay_s: float = 0.0) -> None:
        """End the batch in flight; `retries` are sent after the delay, in this order."""
        due = [replace(batch, due_s=now_s + delay_s) for batch in retries]
        self._retries.extend(reversed(due))
        self._idle_since_s = now_s
        self.in_flight = False

    def _next_size(self) -> tuple[int, bool]:
        """Return the number of records of the next batch, and whether it is full.

        A record that exceeds the payload limit is sent alone; Lambda's behavior is not documented.
        """
        size = ENVELOPE_BYTES - 1  # the first record has no comma before it
        for count, record in enumerate(self._waiting):
            size += record.size_bytes + 1
            if count == self._mapping.batch_size or (count and size > MAX_PAYLOAD_BYTES):
                return count, True
        return len(self._waiting), len(self._waiting) == self._mapping.batch_size

    def _window_end_s(self) -> float:
        """Return the end of the batching window.

        The window starts with the first record, but not before the previous batch was completed.
        """
        start_s = max(self._idle_since_s, self._waiting[0].read_s)
        return start_s + self._mapping.maximum_batching_window_s

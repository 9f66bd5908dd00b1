"""One lane of a shard: records of some keys go in, one batch at a time comes out, in order.

A lane never has two batches under way; ParallelizationFactor is the number of lanes of a shard.
"""

from __future__ import annotations

import zlib
from collections import deque

from ots_local.stream_pump.batches import Batch, Entry, Next
from ots_local.stream_pump.mapping import PAYLOAD_BYTES_MAX, EventSourceMapping

ENVELOPE_BYTES = len('{"Records":[]}')


def lane_of(keys_text: str, lanes: int) -> int:
    """The lane of an item's key: always the same one, so that its records stay in order."""
    return zlib.crc32(keys_text.encode()) % lanes


class Lane:
    """What waits, and what must be tried again first."""

    __slots__ = ("_again", "_free_since_s", "_mapping", "_waiting", "busy")

    def __init__(self, mapping: EventSourceMapping) -> None:
        self._mapping = mapping
        self._waiting: deque[Entry] = deque()
        self._again: list[Batch] = []  # the last is the first to try
        self._free_since_s = 0.0
        self.busy = False

    def add(self, entry: Entry) -> None:
        """Put a record behind those that wait."""
        self._waiting.append(entry)

    def take(self, now_s: float, at_once: bool) -> Batch | None:
        """The batch to send now, if there is one; the lane is busy until it is settled.

        A batch is due when it is full, when the payload is, when the batching window is over, or
        `at_once`: when nothing can come that would fill it.
        """
        if self.busy:
            return None
        if self._again:
            if self._again[-1].due_s > now_s:
                return None
            self.busy = True
            return self._again.pop()
        if not self._waiting:
            return None
        count, full = self._fill()
        if not (full or at_once or now_s >= self._window_ends_s()):
            return None
        self.busy = True
        return Batch(tuple(self._waiting.popleft() for _ in range(count)))

    def settle(self, following: Next, now_s: float, delay_s: float = 0.0) -> None:
        """Take note of what follows; what is tried again waits for the delay."""
        self._again.extend(
            Batch(batch.entries, batch.failures, batch.invocations, now_s + delay_s)
            for batch in reversed(following.again)
        )
        self._free_since_s = now_s
        self.busy = False

    def _fill(self) -> tuple[int, bool]:
        """How many records go into the next batch, and whether no more would fit.

        A record that is over the limit alone is sent alone: what Lambda does is not documented.
        """
        size = ENVELOPE_BYTES - 1  # the first record has no comma before it
        for count, entry in enumerate(self._waiting):
            size += entry.size_bytes + 1
            if count == self._mapping.batch_size or (count and size > PAYLOAD_BYTES_MAX):
                return count, True
        return len(self._waiting), len(self._waiting) == self._mapping.batch_size

    def _window_ends_s(self) -> float:
        """The window begins when there is a record, and not before the last batch was settled."""
        begins = max(self._free_since_s, self._waiting[0].read_s)
        return begins + self._mapping.maximum_batching_window_s

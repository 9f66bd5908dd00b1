"""Rows that are to be sent go in, the group to send next comes out, in the order of the stream.

What failed comes before what was never sent, even while it waits out its delay: under throttling
the first row that is not done always moves on. It knows no clock and sends nothing; what was never
sent is asked for group by group, as late as can be.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Group(NamedTuple):
    """Rows that go into one call: by stream order, not before `due_s`, after `tries` failures."""

    first: int
    due_s: float
    tries: int
    rows: Sequence[int]


class Waiting:
    """What waits, of one invocation."""

    def __init__(self, unsent: Iterable[range]) -> None:
        self._unsent = iter(unsent)
        self._next: range | None = None
        self._again: list[Group] = []

    def __bool__(self) -> bool:
        if not self._again and self._next is None:
            self._next = next(self._unsent, None)
        return bool(self._again) or self._next is not None

    def put(self, rows: Sequence[int], due_s: float, tries: int) -> None:
        """These rows again, or their next step, when the time has come."""
        heapq.heappush(self._again, Group(rows[0], due_s, tries, rows))

    def due_s(self) -> float:
        """When the next group may be sent; minus infinity: at once."""
        return self._again[0].due_s if self._again else float("-inf")

    def take(self) -> Group:
        """The next group, whether it is due or not."""
        if self._again:
            return heapq.heappop(self._again)
        batch = next(self._unsent) if self._next is None else self._next
        self._next = None
        return Group(batch.start, self.due_s(), 0, batch)

    def clear(self) -> None:
        """Nothing waits any more, and nothing more will come."""
        self._again.clear()
        self._next = None
        for _ in self._unsent:
            pass

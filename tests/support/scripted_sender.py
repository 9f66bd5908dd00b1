"""Provide a scripted `Send` port, and a writer context for it.

The script of a test decides the result of each request. Rows have numbers, in `action_time`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ots_sync.errors import TableStoreError
from ots_sync.model import Clock, Result, Row, RowWrite
from ots_sync.retry import Deadline
from ots_sync.writer import RowErrors, Send, WriterContext
from tests.support.builders import row

MAX_CALL_S = 28.0
SERVICE_TIMEOUT_S = 15.0

Script = Callable[[list[int]], RowErrors]
"""Takes the row numbers of a request and returns the error of each, or raises."""

THROTTLED = TableStoreError("OTSServerBusy", "Server is busy.")
INVALID = TableStoreError("OTSParameterInvalid", "The input parameter is invalid.")
BROKEN = TableStoreError("ConnectionBroken", "ProtocolError")


def acknowledge(rows: list[int]) -> RowErrors:
    """Acknowledge every row."""
    return [None] * len(rows)


class ScriptedSender:
    """The port; `calls` has the row numbers of each request, in the order of their starts."""

    def __init__(self, script: Script = acknowledge) -> None:
        self.script = script
        self.calls: list[list[int]] = []
        self.threads: set[int] = set()
        self.in_flight = 0
        self.max_in_flight = 0
        self._lock = threading.Lock()

    def send(self, writes: Sequence[RowWrite]) -> RowErrors:
        """Run the script for one request."""
        rows = [int(write.primary_key[1][1]) for write in writes]
        with self._lock:
            self.calls.append(rows)
            self.threads.add(threading.get_ident())
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            return self.script(rows)
        finally:
            with self._lock:
                self.in_flight -= 1


def in_turn(*steps: TableStoreError | Script) -> Script:
    """Return a script with one step per request; an error fails the request as a whole.

    Requests after the last step are acknowledged.
    """
    remaining = list(steps)

    def script(rows: list[int]) -> RowErrors:
        step = remaining.pop(0) if remaining else acknowledge
        if isinstance(step, TableStoreError):
            raise step
        return step(rows)

    return script


def writer_context(
    send: Send, clock: Clock, *, max_concurrency: int = 1, remaining_s: float = 1000.0
) -> WriterContext:
    """Return a context whose deadline is `remaining_s` from now; every backoff is the longest."""
    deadline = Deadline(clock.monotonic() + remaining_s, MAX_CALL_S, SERVICE_TIMEOUT_S)
    return WriterContext(send, deadline, max_concurrency, clock, lambda _, high: high)


_TWO_MB = bytearray(2_000_000)


def numbered_rows(count: int, *, per_batch: int = 200) -> list[Row]:
    """Return rows numbered from 0, of a size that lets 200 or 2 of them fit into a batch."""
    columns = [("bulk", _TWO_MB)] if per_batch == 2 else [("n", 1)]
    return [row("put", "user", number, columns) for number in range(count)]


def states(results: list[Result]) -> str:
    """Return one letter per row: written, unprocessed, rejected."""
    return "".join(result.state[0] for result in results)

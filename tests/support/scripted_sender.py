"""A send port that does what a script says, and means around it whose time is a fake clock's.

Each call of the script gets the rows by their number and says what becomes of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ots_sync.errors import TableStoreError
from ots_sync.model import Result, Row, RowWrite
from ots_sync.retry import Deadline
from ots_sync.writer import WriterContext
from tests.support.builders import row
from tests.support.fakes import FakeClock

CALL_S = 28.0
SERVICE_S = 15.0

Answers = Sequence[TableStoreError | None]
Script = Callable[[list[int]], Answers]

BUSY = TableStoreError("OTSServerBusy", "Server is busy.")
BAD = TableStoreError("OTSParameterInvalid", "The input parameter is invalid.")
BROKEN = TableStoreError("ConnectionBroken", "ProtocolError")


def done(rows: list[int]) -> Answers:
    """Every row is acknowledged."""
    return [None] * len(rows)


class Scripted:
    """`calls` holds the row numbers of each call, in the order in which they were begun."""

    def __init__(self, script: Script = done) -> None:
        self.script = script
        self.calls: list[list[int]] = []
        self.threads: set[int] = set()
        self.in_flight = 0
        self.max_in_flight = 0
        self._lock = threading.Lock()

    def send(self, writes: Sequence[RowWrite]) -> Answers:
        """The port."""
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


def script_of(*steps: TableStoreError | Script) -> Script:
    """A script by the number of the call; an error fails it whole. After the last all is done."""
    left = list(steps)

    def script(rows: list[int]) -> Answers:
        step = left.pop(0) if left else done
        if isinstance(step, TableStoreError):
            raise step
        return step(rows)

    return script


def means(
    send: Callable[[Sequence[RowWrite]], Answers],
    clock: FakeClock,
    *,
    side_by_side: int = 1,
    left_s: float = 1000.0,
) -> WriterContext:
    """A context that ends `left_s` from now; delays are drawn as long as they can be."""
    deadline = Deadline(clock() + left_s, CALL_S, SERVICE_S)
    return WriterContext(send, deadline, side_by_side, clock, lambda _, most: most)


_BULK = bytearray(2_000_000)


def numbered(count: int, *, to_a_batch: int = 200) -> list[Row]:
    """Rows numbered from 0; 2 to a batch by their size, or 200 by their number."""
    columns = [("bulk", _BULK)] if to_a_batch == 2 else [("n", 1)]
    return [row("put", "user", number, columns) for number in range(count)]


def states(results: list[Result]) -> str:
    """One letter for each row: done, undone, refused."""
    return "".join(result.state[0] for result in results)

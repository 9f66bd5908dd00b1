"""Simulate a network that fails: each request meets the next fault of a schedule.

The service may execute an interrupted request at once, later or never, but not after its own
timeout. Time advances only here and in `FakeClock.sleep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from ots_sync.writer import RowErrors
from tests.support.fakes import FakeClock, InMemoryTable

RESPONSE_TIMEOUT_S = 15.0


class Fault(NamedTuple):
    """What happens to one request.

    `kind`: none, broken (the connection), throttled (the request), rows (some fail) or short (the
    response). `failed_rows` are the rows that fail, one bit per position. `executed_after_s`: when
    the service executes the failed part after all; None: never. `silent`: the connection stays open
    without a response, so the caller waits until its timeout.
    """

    kind: str = "none"
    failed_rows: int = 0
    executed_after_s: float | None = None
    silent: bool = False


NO_FAULT = Fault()


class BadNetwork:
    """A table behind this network; `send` is the writer's port. No faults follow the schedule."""

    def __init__(self, table: InMemoryTable, clock: FakeClock, faults: Iterable[Fault]) -> None:
        self.table = table
        self.clock = clock
        self._faults = iter(faults)
        self._delayed: list[tuple[float, Sequence[RowWrite]]] = []

    def send(self, writes: Sequence[RowWrite]) -> RowErrors:
        """Send one BatchWriteRow, with the next fault."""
        self.execute_delayed()
        fault = next(self._faults, NO_FAULT)
        self.clock.now_s += 0.01
        if fault.kind == "broken":
            return self._broken(writes, fault)
        if fault.kind == "throttled":
            raise TableStoreError("OTSServerBusy", "Server is busy.")
        if fault.kind == "rows":
            return self._some_rows_fail(writes, fault)
        errors = self.table.send(writes)
        if fault.kind == "short":
            raise TableStoreError("NotAcknowledged", "the response does not name each row")
        return errors

    def execute_delayed(self) -> None:
        """Execute the interrupted requests that are due."""
        now_s = self.clock.monotonic()
        due = [delayed for delayed in self._delayed if delayed[0] <= now_s]
        self._delayed = [delayed for delayed in self._delayed if delayed[0] > now_s]
        for _, writes in sorted(due, key=lambda delayed: delayed[0]):
            self.table.send(writes)

    def _broken(self, writes: Sequence[RowWrite], fault: Fault) -> RowErrors:
        if fault.executed_after_s is not None:
            self._delay(writes, fault.executed_after_s)
        if fault.silent:
            self.clock.now_s += RESPONSE_TIMEOUT_S
            raise TableStoreError("ReadTimeout", "ReadTimeoutError")
        raise TableStoreError("ConnectionBroken", "ProtocolError")

    def _some_rows_fail(self, writes: Sequence[RowWrite], fault: Fault) -> RowErrors:
        """Fail some rows; the service may still write a row that it reports as unavailable."""
        fails = [bool(fault.failed_rows >> position & 1) for position in range(len(writes))]
        succeeding = [w for w, failed in zip(writes, fails, strict=True) if not failed]
        if succeeding:
            self.table.send(succeeding)
        if fault.executed_after_s is not None and any(fails):
            failing = [w for w, failed in zip(writes, fails, strict=True) if failed]
            self._delay(failing, fault.executed_after_s)
        code = "OTSServerBusy" if fault.executed_after_s is None else "OTSServerUnavailable"
        return [TableStoreError(code, "") if failed else None for failed in fails]

    def _delay(self, writes: Sequence[RowWrite], seconds: float) -> None:
        self._delayed.append((self.clock.monotonic() + seconds, writes))


_EXECUTED_AFTER_S = st.none() | st.floats(0, RESPONSE_TIMEOUT_S - 0.1)

FAULTS = st.one_of(
    st.just(NO_FAULT),
    st.builds(Fault, st.just("broken"), executed_after_s=_EXECUTED_AFTER_S, silent=st.booleans()),
    st.builds(
        Fault,
        st.just("rows"),
        failed_rows=st.integers(0, 255),
        executed_after_s=_EXECUTED_AFTER_S,
    ),
    st.sampled_from([Fault("throttled"), Fault("short")]),
)

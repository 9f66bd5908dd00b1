"""A store behind a bad network: a schedule of faults goes in, one call meets one of them.

What breaks off may be carried out at once, later, or never; no later than the service's own
time-out. Time passes only here and where somebody sleeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from tests.support.fakes import FakeClock, MemoryStore

ANSWER_TIMEOUT_S = 15.0

Answers = Sequence[TableStoreError | None]


class Fault(NamedTuple):
    """What befalls a call: `rows` are those that fail, by bits of their position.

    `lands_s`: when the request is carried out after all; None: never. `silent`: the connection
    stays open and nothing comes, so that the caller waits as long as it will.
    """

    kind: str = "none"
    rows: int = 0
    lands_s: float | None = None
    silent: bool = False


NONE = Fault()


class BadNetwork:
    """`send` is the port; the schedule's end is a good network."""

    def __init__(self, store: MemoryStore, clock: FakeClock, faults: Iterable[Fault]) -> None:
        self.store = store
        self.clock = clock
        self._faults = iter(faults)
        self._late: list[tuple[float, Sequence[RowWrite]]] = []

    def send(self, writes: Sequence[RowWrite]) -> Answers:
        """One BatchWriteRow, and what becomes of it."""
        self.land()
        fault = next(self._faults, NONE)
        self.clock.now_s += 0.01
        if fault.kind == "broken":
            return self._broken(writes, fault)
        if fault.kind == "busy":
            raise TableStoreError("OTSServerBusy", "Server is busy.")
        if fault.kind == "rows":
            return self._some(writes, fault)
        answers = self.store.send(writes)
        if fault.kind == "short":
            raise TableStoreError("NotAcknowledged", "the answer does not name each row")
        return answers

    def land(self) -> None:
        """Carries out what is due by now."""
        due = [late for late in self._late if late[0] <= self.clock()]
        self._late = [late for late in self._late if late[0] > self.clock()]
        for _, writes in sorted(due, key=lambda late: late[0]):
            self.store.send(writes)

    def _broken(self, writes: Sequence[RowWrite], fault: Fault) -> Answers:
        if fault.lands_s is not None:
            self._late.append((self.clock() + fault.lands_s, writes))
        if fault.silent:
            self.clock.now_s += ANSWER_TIMEOUT_S
            raise TableStoreError("ReadTimeout", "ReadTimeoutError")
        raise TableStoreError("ConnectionBroken", "ProtocolError")

    def _some(self, writes: Sequence[RowWrite], fault: Fault) -> Answers:
        """Some rows fail, and of those some were written although they are said to have failed."""
        failing = [bool(fault.rows >> position & 1) for position in range(len(writes))]
        kept = [w for w, fails in zip(writes, failing, strict=True) if not fails]
        if kept:
            self.store.send(kept)
        if fault.lands_s is not None and any(failing):
            late = [w for w, fails in zip(writes, failing, strict=True) if fails]
            self._late.append((self.clock() + fault.lands_s, late))
        code = "OTSServerBusy" if fault.lands_s is None else "OTSServerUnavailable"
        return [TableStoreError(code, "") if fails else None for fails in failing]


LANDS_S = st.none() | st.floats(0, ANSWER_TIMEOUT_S - 0.1)

FAULTS = st.one_of(
    st.just(NONE),
    st.builds(Fault, st.just("broken"), lands_s=LANDS_S, silent=st.booleans()),
    st.builds(Fault, st.just("rows"), rows=st.integers(0, 255), lands_s=LANDS_S),
    st.sampled_from([Fault("busy"), Fault("short")]),
)

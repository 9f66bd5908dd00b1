"""When the writer begins a call, how many fly side by side, and when it returns or raises."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Sequence
from itertools import count

import pytest

from ots_sync import writer
from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import Row, RowWrite
from ots_sync.writer import DEADLINE_EXCEEDED
from tests.support.builders import row
from tests.support.fakes import FakeClock
from tests.support.scripted_sender import (
    BROKEN,
    BUSY,
    CALL_S,
    SERVICE_S,
    Answers,
    Scripted,
    done,
    means,
    numbered,
    script_of,
    states,
)


@pytest.mark.parametrize(("left_s", "calls"), [(CALL_S, 1), (CALL_S - 0.001, 0)])
def test_no_call_is_begun_that_could_outlast_the_invocation(left_s: float, calls: int) -> None:
    """Cut short, it would be carried out when a newer change may have been written."""
    store = Scripted()
    results, _ = writer.write_rows(numbered(1), means(store.send, FakeClock(0.0), left_s=left_s))
    assert len(store.calls) == calls
    assert results == [writer.Result("written")] * calls or results == [DEADLINE_EXCEEDED]


@pytest.mark.parametrize(("left_s", "calls"), [(CALL_S + 0.1, 2), (CALL_S + 0.099, 1)])
def test_a_delay_that_ends_too_late_is_not_waited_for(left_s: float, calls: int) -> None:
    clock = FakeClock(0.0)
    store = Scripted(lambda rows: [BUSY] * len(rows))
    results, tally = writer.write_rows(numbered(1), means(store.send, clock, left_s=left_s))
    assert (len(store.calls), len(clock.slept)) == (calls, calls - 1)
    assert tally.retried_rows == calls - 1
    assert states(results) == "u"


MAY_LAND = [
    pytest.param(BROKEN, 1.0, SERVICE_S, id="broken off at once"),
    pytest.param(BROKEN, 14.0, CALL_S - 14.0, id="broken off late: it was received before"),
    pytest.param(TableStoreError("ReadTimeout", ""), CALL_S, 0.0, id="waited for: over by now"),
    pytest.param(TableStoreError("ResponseUnreadable", ""), 1.0, 0.0, id="answered: over"),
    pytest.param(BUSY, 1.0, 0.0, id="not carried out"),
    pytest.param(TableStoreError("OTSBrandNew", "?"), 1.0, SERVICE_S, id="nobody knows"),
]


@pytest.mark.parametrize(("error", "after_s", "held_s"), MAY_LAND)
def test_it_returns_only_when_no_call_that_broke_off_can_still_land(
    error: TableStoreError, after_s: float, held_s: float
) -> None:
    """The row is written again at once, but who is told so may send a newer change of it, and the
    service may still be at work on the old one.
    """
    clock = FakeClock(0.0)
    begun_s = clock()

    def breaks(_: list[int]) -> Answers:
        clock.now_s += after_s
        raise error

    writer.write_rows(numbered(1), means(Scripted(script_of(breaks)).send, clock))
    assert clock() - begun_s == pytest.approx(max(after_s + 0.1, after_s + held_s))


@pytest.mark.parametrize(("error", "held_s"), [(BROKEN, SERVICE_S), (BUSY, 0.1)])
def test_a_further_step_waits_for_a_put_that_may_still_land(
    error: TableStoreError, held_s: float
) -> None:
    """Behind it, the put would take the columns of that step away, and nobody would know."""
    clock = FakeClock(0.0)
    begun_s: list[float] = []

    def first_fails(rows: list[int]) -> Answers:
        begun_s.append(clock())
        if len(begun_s) == 1:
            raise error
        return done(rows)

    wide = row("put", "user", 0, [(f"c{n}", 1) for n in range(1025)])
    results, _ = writer.write_rows([wide], means(Scripted(first_fails).send, clock))
    assert states(results) == "w"
    assert begun_s == pytest.approx([0.0, 0.1, held_s])


@pytest.mark.parametrize(
    ("code", "held_s"), [("OTSServerUnavailable", SERVICE_S), ("OTSServerBusy", 0.1)]
)
def test_a_row_that_the_service_gave_up_on_may_still_land(code: str, held_s: float) -> None:
    """Though the call as a whole was answered."""
    clock = FakeClock(0.0)
    some = script_of(lambda _: [None, TableStoreError(code, "")])
    writer.write_rows(numbered(2), means(Scripted(some).send, clock))
    assert clock() == pytest.approx(held_s)


def test_nobody_knows_what_a_call_did_that_ended_in_an_unforeseen_error() -> None:
    clock = FakeClock(0.0)

    def script(_: list[int]) -> Answers:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        writer.write_rows(numbered(1), means(Scripted(script).send, clock))
    assert clock() == SERVICE_S


def test_it_raises_only_when_no_call_that_broke_off_can_still_land() -> None:
    clock = FakeClock(0.0)
    wrong = TableStoreError("OTSAuthFailed", "Signature mismatch.")
    with pytest.raises(ConfigurationError):
        writer.write_rows(numbered(1), means(Scripted(script_of(BROKEN, wrong)).send, clock))
    assert clock() == SERVICE_S


FAULTS = [
    (ConfigurationError("the secret cannot be read"), ConfigurationError),
    (TableStoreError("OTSAuthFailed", "Signature mismatch."), ConfigurationError),
    (ZeroDivisionError(), ZeroDivisionError),
]


@pytest.mark.parametrize(("error", "raised"), FAULTS)
def test_it_raises_only_when_no_call_is_in_flight_and_no_thread_is_left(
    error: Exception, raised: type[Exception]
) -> None:
    """A frozen function would send what waits after the thaw."""
    others = threading.Barrier(3)

    def script(rows: list[int]) -> Answers:
        if rows[0] == 0:
            others.wait()
            raise error
        if rows[0] <= 4:
            others.wait()
            time.sleep(0.05)  # so that it is in flight when the other has failed
        return done(rows)

    store = Scripted(script)
    before = threading.active_count()
    with pytest.raises(raised):
        writer.write_rows(
            numbered(40, to_a_batch=2), means(store.send, FakeClock(0.0), side_by_side=3)
        )
    assert store.in_flight == 0
    assert threading.active_count() == before
    assert len(store.calls) <= 5


def test_a_single_batch_needs_no_thread() -> None:
    store = Scripted(script_of(BUSY))
    writer.write_rows(numbered(200), means(store.send, FakeClock(0.0), side_by_side=16))
    assert store.threads == {threading.get_ident()}


def test_batches_are_in_flight_side_by_side_up_to_the_limit() -> None:
    """The barrier opens only when as many calls as may be are in flight together."""
    together = threading.Barrier(4, timeout=30)

    def script(rows: list[int]) -> Answers:
        together.wait()
        return done(rows)

    store = Scripted(script)
    results, _ = writer.write_rows(
        numbered(16, to_a_batch=2), means(store.send, FakeClock(0.0), side_by_side=4)
    )
    assert states(results) == "w" * 16
    assert store.max_in_flight == 4


def test_throttling_slows_the_whole_writer_and_success_lets_it_grow() -> None:
    """Four calls are throttled together; then one flies alone; after it went well, two together:
    their barrier would never open otherwise.
    """
    wave, pair = threading.Barrier(4, timeout=30), threading.Barrier(2, timeout=30)
    numbers, widths = count(1), list[int]()

    def script(rows: list[int]) -> Answers:
        number = next(numbers)
        if number <= 4:
            wave.wait()
            raise BUSY
        if number == 5:
            time.sleep(0.05)  # time for others to join it, which they must not
        widths.append(store.in_flight)
        if number in (6, 7):
            pair.wait()
        return done(rows)

    store = Scripted(script)
    results, _ = writer.write_rows(
        numbered(16, to_a_batch=2), means(store.send, FakeClock(0.0), side_by_side=4)
    )
    assert states(results) == "w" * 16
    assert widths[0] == 1


def test_a_great_many_batches_are_no_recursion() -> None:
    rows: list[Row] = numbered(1500, to_a_batch=2) * 2
    results, _ = writer.write_rows(rows, means(Scripted().send, FakeClock(0.0), side_by_side=2))
    assert len(results) == 3000


@pytest.mark.parametrize("rows", [1, 450], ids=["alone", "side by side"])
def test_what_a_failed_call_held_is_let_go_before_the_next(rows: int) -> None:
    """The garbage collector is off while an event is worked on; megabytes would wait for it."""
    held = weakref.WeakSet[object]()
    left: list[int] = []

    class Clock(FakeClock):
        """Counts the requests that are still held while the writer waits."""

        def sleep(self, seconds: float) -> None:
            left.append(len(held))
            super().sleep(seconds)

    class Request:
        """What a call works with."""

    def send(_: Sequence[RowWrite]) -> list[TableStoreError | None]:
        request = Request()
        held.add(request)
        raise TableStoreError("OTSServerBusy", "")

    gc.collect()
    gc.disable()
    try:
        writer.write_rows(numbered(rows), means(send, Clock(0.0), left_s=60))
    finally:
        gc.enable()
    assert left
    assert set(left) == {0}

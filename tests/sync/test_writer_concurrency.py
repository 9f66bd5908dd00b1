"""Test the writer's concurrent requests: their number, their threads, and what they hold.

The barriers have a timeout, so that a test fails instead of waiting if the writer sends fewer
requests at once than it promises.
"""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Sequence
from itertools import count

import pytest

from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import RowWrite
from ots_sync.writer import RowErrors, write_rows
from tests.support.fakes import FakeClock
from tests.support.scripted_sender import (
    THROTTLED,
    ScriptedSender,
    acknowledge,
    in_turn,
    numbered_rows,
    states,
    writer_context,
)

BARRIER_TIMEOUT_S = 30

FATAL_ERRORS = [
    pytest.param(ConfigurationError("no secret"), ConfigurationError, id="configuration"),
    pytest.param(
        TableStoreError("OTSAuthFailed", "Signature mismatch."),
        ConfigurationError,
        id="auth-failed",
    ),
    pytest.param(ZeroDivisionError(), ZeroDivisionError, id="unexpected"),
]


@pytest.mark.parametrize(("error", "raised"), FATAL_ERRORS)
def test_writer_raises_only_after_every_request_and_thread_has_ended(
    error: Exception, raised: type[Exception]
) -> None:
    """Lambda freezes the function after it; a thread would send its request when it continues."""
    barrier = threading.Barrier(3, timeout=BARRIER_TIMEOUT_S)

    def script(rows: list[int]) -> RowErrors:
        if rows[0] == 0:
            barrier.wait()
            raise error
        if rows[0] <= 4:
            barrier.wait()
            time.sleep(0.05)  # still in flight when the other one has failed
        return acknowledge(rows)

    sender = ScriptedSender(script)
    context = writer_context(sender.send, FakeClock(0.0), max_concurrency=3)
    threads = threading.active_count()
    with pytest.raises(raised):
        write_rows(numbered_rows(40, per_batch=2), context)
    assert sender.in_flight == 0
    assert threading.active_count() == threads
    assert len(sender.calls) <= 5


def test_single_batch_is_sent_without_a_thread() -> None:
    sender = ScriptedSender(in_turn(THROTTLED))
    context = writer_context(sender.send, FakeClock(0.0), max_concurrency=16)
    write_rows(numbered_rows(200), context)
    assert sender.threads == {threading.get_ident()}


def test_requests_are_concurrent_up_to_the_limit() -> None:
    """The barrier opens only when four requests are in flight."""
    barrier = threading.Barrier(4, timeout=BARRIER_TIMEOUT_S)

    def script(rows: list[int]) -> RowErrors:
        barrier.wait()
        return acknowledge(rows)

    sender = ScriptedSender(script)
    context = writer_context(sender.send, FakeClock(0.0), max_concurrency=4)
    results, _ = write_rows(numbered_rows(16, per_batch=2), context)
    assert states(results) == "w" * 16
    assert sender.max_in_flight == 4


def test_throttling_lowers_the_concurrency_and_success_raises_it() -> None:
    """Four requests are throttled at once; then one is sent alone; after its success, two at once.

    The barrier for two would not open otherwise.
    """
    four = threading.Barrier(4, timeout=BARRIER_TIMEOUT_S)
    two = threading.Barrier(2, timeout=BARRIER_TIMEOUT_S)
    numbers, in_flight = count(1), list[int]()

    def script(rows: list[int]) -> RowErrors:
        number = next(numbers)
        if number <= 4:
            four.wait()
            raise THROTTLED
        if number == 5:
            time.sleep(0.05)  # time in which no other request must start
        in_flight.append(sender.in_flight)
        if number in (6, 7):
            two.wait()
        return acknowledge(rows)

    sender = ScriptedSender(script)
    context = writer_context(sender.send, FakeClock(0.0), max_concurrency=4)
    results, _ = write_rows(numbered_rows(16, per_batch=2), context)
    assert states(results) == "w" * 16
    assert in_flight[0] == 1


def test_retry_is_sent_while_another_request_is_in_flight() -> None:
    """The first request waits for the retry of the second one. The clock is the real one."""
    retried = threading.Event()
    attempts = count(1)

    def script(rows: list[int]) -> RowErrors:
        if rows == [0, 1]:
            assert retried.wait(BARRIER_TIMEOUT_S)
        elif next(attempts) == 1:
            raise TableStoreError("ConnectFailed", "")
        else:
            retried.set()
        return acknowledge(rows)

    sender = ScriptedSender(script)
    context = writer_context(sender.send, time, max_concurrency=2)
    results, _ = write_rows(numbered_rows(4, per_batch=2), context)
    assert states(results) == "wwww"
    assert sender.calls == [[0, 1], [2, 3], [2, 3]]


def test_number_of_batches_is_not_limited_by_recursion() -> None:
    rows = numbered_rows(1500, per_batch=2) * 2
    context = writer_context(ScriptedSender().send, FakeClock(0.0), max_concurrency=2)
    results, _ = write_rows(rows, context)
    assert len(results) == 3000


@pytest.mark.parametrize("rows", [1, 450], ids=["single", "concurrent"])
def test_objects_of_a_failed_request_are_freed_before_the_next(rows: int) -> None:
    """The garbage collector is off during an invocation, and a request can have 4 MiB."""
    requests = weakref.WeakSet[object]()
    live_requests: list[int] = []

    class Clock(FakeClock):
        """Counts the requests that are still referred to while the writer waits."""

        def sleep(self, seconds: float) -> None:
            live_requests.append(len(requests))
            super().sleep(seconds)

    class Request:
        """An object that a request needs."""

    def send(_: Sequence[RowWrite]) -> RowErrors:
        request = Request()
        requests.add(request)
        raise TableStoreError("OTSServerBusy", "")

    gc.collect()
    gc.disable()
    try:
        write_rows(numbered_rows(rows), writer_context(send, Clock(0.0), remaining_s=60))
    finally:
        gc.enable()
    assert live_requests
    assert set(live_requests) == {0}

"""Test when the writer starts a request, and when it returns or raises."""

from __future__ import annotations

import pytest

from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import Result
from ots_sync.writer import DEADLINE_EXCEEDED, RowErrors, write_rows
from tests.support.builders import row
from tests.support.fakes import FakeClock
from tests.support.scripted_sender import (
    BROKEN,
    MAX_CALL_S,
    SERVICE_TIMEOUT_S,
    THROTTLED,
    ScriptedSender,
    acknowledge,
    in_turn,
    numbered_rows,
    states,
    writer_context,
)


@pytest.mark.parametrize(("remaining_s", "calls"), [(MAX_CALL_S, 1), (MAX_CALL_S - 0.001, 0)])
def test_no_request_starts_that_could_outlast_the_invocation(
    remaining_s: float, calls: int
) -> None:
    """The service could execute it after a newer change was written."""
    sender = ScriptedSender()
    context = writer_context(sender.send, FakeClock(0.0), remaining_s=remaining_s)
    results, _ = write_rows(numbered_rows(1), context)
    assert len(sender.calls) == calls
    assert results == [Result("written") if calls else DEADLINE_EXCEEDED]


@pytest.mark.parametrize(("remaining_s", "calls"), [(MAX_CALL_S + 0.1, 2), (MAX_CALL_S + 0.099, 1)])
def test_writer_does_not_wait_for_a_backoff_that_ends_too_late(
    remaining_s: float, calls: int
) -> None:
    clock = FakeClock(0.0)
    sender = ScriptedSender(lambda rows: [THROTTLED] * len(rows))
    results, stats = write_rows(
        numbered_rows(1), writer_context(sender.send, clock, remaining_s=remaining_s)
    )
    assert (len(sender.calls), len(clock.slept)) == (calls, calls - 1)
    assert stats.retried_rows == calls - 1
    assert states(results) == "u"


ERRORS = [
    pytest.param(BROKEN, 1.0, SERVICE_TIMEOUT_S, id="connection-broken"),
    # The service received it before the timeout for sending, so less of its own time remains.
    pytest.param(BROKEN, 14.0, MAX_CALL_S - 14.0, id="connection-broken-late"),
    pytest.param(TableStoreError("ReadTimeout", ""), MAX_CALL_S, 0.0, id="waited-until-timeout"),
    pytest.param(TableStoreError("ResponseUnreadable", ""), 1.0, 0.0, id="unreadable-response"),
    pytest.param(THROTTLED, 1.0, 0.0, id="throttled"),
    pytest.param(TableStoreError("OTSBrandNew", "?"), 1.0, SERVICE_TIMEOUT_S, id="unknown-code"),
]


@pytest.mark.parametrize(("error", "after_s", "in_doubt_s"), ERRORS)
def test_writer_returns_only_when_no_request_is_in_doubt(
    error: TableStoreError, after_s: float, in_doubt_s: float
) -> None:
    """The retry is written at once, but the caller may write a newer change after the return.

    The service may still execute the first request then.
    """
    clock = FakeClock(0.0)

    def fail(_: list[int]) -> RowErrors:
        clock.now_s += after_s
        raise error

    write_rows(numbered_rows(1), writer_context(ScriptedSender(in_turn(fail)).send, clock))
    assert clock.monotonic() == pytest.approx(max(after_s + 0.1, after_s + in_doubt_s))


@pytest.mark.parametrize(("error", "next_write_s"), [(BROKEN, SERVICE_TIMEOUT_S), (THROTTLED, 0.1)])
def test_next_write_of_a_row_waits_while_its_put_is_in_doubt(
    error: TableStoreError, next_write_s: float
) -> None:
    """If the put were executed after it, the put would remove its columns."""
    clock = FakeClock(0.0)
    started_s: list[float] = []

    def first_fails(rows: list[int]) -> RowErrors:
        started_s.append(clock.monotonic())
        if len(started_s) == 1:
            raise error
        return acknowledge(rows)

    wide = row("put", "user", 0, [(f"c{n}", 1) for n in range(1025)])
    results, _ = write_rows([wide], writer_context(ScriptedSender(first_fails).send, clock))
    assert states(results) == "w"
    assert started_s == pytest.approx([0.0, 0.1, next_write_s])


@pytest.mark.parametrize(
    ("code", "waited_s"), [("OTSServerUnavailable", SERVICE_TIMEOUT_S), ("OTSServerBusy", 0.1)]
)
def test_single_row_of_a_response_can_be_in_doubt(code: str, waited_s: float) -> None:
    clock = FakeClock(0.0)
    script = in_turn(lambda _: [None, TableStoreError(code, "")])
    write_rows(numbered_rows(2), writer_context(ScriptedSender(script).send, clock))
    assert clock.monotonic() == pytest.approx(waited_s)


def test_request_that_ends_in_an_unexpected_error_is_in_doubt() -> None:
    clock = FakeClock(0.0)

    def fail(_: list[int]) -> RowErrors:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_rows(numbered_rows(1), writer_context(ScriptedSender(fail).send, clock))
    assert clock.monotonic() == SERVICE_TIMEOUT_S


def test_writer_raises_only_when_no_request_is_in_doubt() -> None:
    clock = FakeClock(0.0)
    wrong_key = TableStoreError("OTSAuthFailed", "Signature mismatch.")
    sender = ScriptedSender(in_turn(BROKEN, wrong_key))
    with pytest.raises(ConfigurationError):
        write_rows(numbered_rows(1), writer_context(sender.send, clock))
    assert clock.monotonic() == SERVICE_TIMEOUT_S

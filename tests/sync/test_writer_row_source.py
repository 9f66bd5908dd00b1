"""The writer asks for rows as late as it can: while some are on the way, the next are made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ots_sync import writer
from ots_sync.errors import ConfigurationError
from ots_sync.model import Row
from ots_sync.writer import DEADLINE_EXCEEDED
from tests.support.fakes import FakeClock
from tests.support.scripted_sender import (
    CALL_S,
    SERVICE_S,
    Answers,
    Scripted,
    done,
    means,
    numbered,
    states,
)


def made_one_by_one(rows: list[Row], made: list[Row]) -> Iterator[Row]:
    for row in rows:
        made.append(row)
        yield row


def test_rows_are_asked_for_a_batch_ahead_and_no_further() -> None:
    """One batch is ready when a call ends; what comes after it need not be there yet."""
    made: list[Row] = []
    made_by_then: list[int] = []

    def script(rows: list[int]) -> Answers:
        made_by_then.append(len(made))
        return done(rows)

    results, _ = writer.write_rows(
        made_one_by_one(numbered(1000), made), means(Scripted(script).send, FakeClock(0.0))
    )
    assert states(results) == "w" * 1000
    assert made_by_then[0] <= 400
    assert made_by_then == sorted(made_by_then)


def test_rows_that_it_was_too_late_to_ask_for_have_a_result() -> None:
    """Every row is accounted for, though none of the later ones was ever going to be sent."""
    clock = FakeClock(0.0)

    def script(rows: list[int]) -> Answers:
        clock.now_s += 10
        return done(rows)

    store = Scripted(script)
    results, _ = writer.write_rows(
        made_one_by_one(numbered(1000), []), means(store.send, clock, left_s=CALL_S + 5)
    )
    assert len(store.calls) == 1
    assert states(results[:200]) == "w" * 200
    assert results[200:] == [DEADLINE_EXCEEDED] * 800


def test_an_error_in_making_rows_is_raised_when_no_call_is_in_flight() -> None:
    """Nor can one still land: nobody has looked at how those ended that were in flight."""
    clock = FakeClock(0.0)

    def rows() -> Iterator[Row]:
        yield from numbered(400)
        raise ConfigurationError("as an edited door may find")

    store = Scripted()
    with pytest.raises(ConfigurationError):
        writer.write_rows(rows(), means(store.send, clock, side_by_side=4))
    assert store.in_flight == 0
    assert clock() == SERVICE_S

"""The writer asks for rows batch by batch: while some are on the way, the next are made."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from ots_sync import writer
from ots_sync.errors import ConfigurationError, StoreError
from ots_sync.results import LATE
from ots_sync.rows import Row
from ots_sync.writes import RowWrite
from tests.fakes import FakeClock
from tests.scripted import CALL_S, SERVICE_S, Answers, Scripted, done, means, numbered, states


def made_one_by_one(rows: list[Row], made: list[Row]) -> Iterator[Row]:
    for row in rows:
        made.append(row)
        yield row


def test_a_call_begins_before_all_rows_are_made_and_the_rest_is_made_meanwhile() -> None:
    """The first call waits for no more than a batch after its own; while it is on its way, and no
    other may be, all that is left is made.
    """
    begun, made = threading.Event(), threading.Event()

    def rows() -> Iterator[Row]:
        for number, row in enumerate(numbered(1000)):
            assert number < 400 or begun.wait(30)
            yield row
        made.set()

    def send(writes: Sequence[RowWrite]) -> list[StoreError | None]:
        begun.set()
        assert made.wait(30)
        return [None] * len(writes)

    results, tally = writer.write(rows(), means(send, FakeClock(0.0), side_by_side=1))
    assert states(results) == "d" * 1000
    assert tally.calls == 5


def test_rows_that_it_was_too_late_to_ask_for_have_a_result() -> None:
    """Every row is accounted for, though none of the later ones was ever going to be sent."""
    clock = FakeClock(0.0)

    def script(rows: list[int]) -> Answers:
        clock.now_s += 10
        return done(rows)

    store = Scripted(script)
    results, _ = writer.write(
        made_one_by_one(numbered(1000), []), means(store.send, clock, left_s=CALL_S + 5)
    )
    assert len(store.calls) == 1
    assert states(results[:200]) == "d" * 200
    assert results[200:] == [LATE] * 800


def test_an_error_in_making_rows_is_raised_when_no_call_is_in_flight() -> None:
    """Nor can one still land: nobody has looked at how those ended that were in flight."""
    clock = FakeClock(0.0)

    def rows() -> Iterator[Row]:
        yield from numbered(400)
        raise ConfigurationError("as an edited door may find")

    store = Scripted()
    with pytest.raises(ConfigurationError):
        writer.write(rows(), means(store.send, clock, side_by_side=4))
    assert store.in_flight == 0
    assert clock() == SERVICE_S

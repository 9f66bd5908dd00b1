"""Patience as arithmetic: delays, deadlines and how many calls may fly, both sides of a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_sync.retry import FIRST_DELAY_S, MAX_DELAY_S, AimdLimit, Deadline, backoff_s


@pytest.mark.parametrize(
    ("tries", "most_s"),
    [(1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 5.0), (8, 5.0), (10_000, 5.0)],
)
def test_delay_is_drawn_from_nothing_to_a_bound_that_doubles(tries: int, most_s: float) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        drawn.append((least, most))
        return most

    assert backoff_s(tries, uniform) == pytest.approx(most_s)
    assert drawn == [(0.0, pytest.approx(most_s))]
    assert FIRST_DELAY_S <= drawn[0][1] <= MAX_DELAY_S


@pytest.mark.parametrize(("now_s", "allowed"), [(0.0, True), (72.0, True), (72.001, False)])
def test_a_call_may_begin_that_ends_by_the_deadline(now_s: float, allowed: bool) -> None:
    assert Deadline(100.0, 28.0, 15.0).allows_call(now_s) is allowed


@given(at_s=st.floats(0, 900), begun_s=st.floats(0, 900), took=st.floats(0, 1))
def test_what_may_still_land_has_landed_by_the_deadline(
    at_s: float, begun_s: float, took: float
) -> None:
    """So that waiting for it never needs time that is not there."""
    deadline = Deadline(at_s, 28.0, 15.0)
    resolved_at_s = deadline.resolved_at_s(begun_s, begun_s + 28.0 * took)
    assert resolved_at_s >= min(begun_s + 28.0 * took + 15.0, begun_s + 28.0)
    if deadline.allows_call(begun_s):
        assert resolved_at_s <= at_s


def test_throttle_halves_down_to_one_and_grows_by_one_a_round() -> None:
    throttle = AimdLimit(16, 16.0)
    seen = []
    for _ in range(6):
        throttle.decrease()
        seen.append(throttle.limit)
    assert seen == [8, 4, 2, 1, 1, 1]
    throttle.increase()
    assert throttle.limit == 2
    throttle.increase()
    throttle.increase()
    assert 2.8 < throttle.limit < 3


def test_throttle_never_grows_past_what_is_configured() -> None:
    throttle = AimdLimit(2, 2.0)
    for _ in range(10):
        throttle.increase()
    assert throttle.limit == 2

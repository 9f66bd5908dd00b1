"""Patience as arithmetic: delays, deadlines and how many calls may fly, both sides of a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ots_sync.retry import DELAY_FIRST_S, DELAY_MAX_S, Deadline, Throttle, delay_s


@pytest.mark.parametrize(
    ("tries", "most_s"),
    [(1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 5.0), (8, 5.0), (10_000, 5.0)],
)
def test_delay_is_drawn_from_nothing_to_a_bound_that_doubles(tries: int, most_s: float) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        drawn.append((least, most))
        return most

    assert delay_s(tries, uniform) == pytest.approx(most_s)
    assert drawn == [(0.0, pytest.approx(most_s))]
    assert DELAY_FIRST_S <= drawn[0][1] <= DELAY_MAX_S


@pytest.mark.parametrize(("now_s", "allowed"), [(0.0, True), (72.0, True), (72.001, False)])
def test_a_call_may_begin_that_ends_by_the_deadline(now_s: float, allowed: bool) -> None:
    assert Deadline(100.0, 28.0, 15.0).allows_call(now_s) is allowed


@given(at_s=st.floats(0, 900), begun_s=st.floats(0, 900), took=st.floats(0, 1))
def test_what_may_still_land_has_landed_by_the_deadline(
    at_s: float, begun_s: float, took: float
) -> None:
    """So that waiting for it never needs time that is not there."""
    deadline = Deadline(at_s, 28.0, 15.0)
    settled_s = deadline.settled_s(begun_s, begun_s + 28.0 * took)
    assert settled_s >= min(begun_s + 28.0 * took + 15.0, begun_s + 28.0)
    if deadline.allows_call(begun_s):
        assert settled_s <= at_s


def test_throttle_halves_down_to_one_and_grows_by_one_a_round() -> None:
    throttle = Throttle(16, 16.0)
    seen = []
    for _ in range(6):
        throttle.slower()
        seen.append(throttle.allowed)
    assert seen == [8, 4, 2, 1, 1, 1]
    throttle.faster()
    assert throttle.allowed == 2
    throttle.faster()
    throttle.faster()
    assert 2.8 < throttle.allowed < 3


def test_throttle_never_grows_past_what_is_configured() -> None:
    throttle = Throttle(2, 2.0)
    for _ in range(10):
        throttle.faster()
    assert throttle.allowed == 2

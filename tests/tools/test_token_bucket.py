"""Test that a rate holds for any sequence of costs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ots_tools.token_bucket import TokenBucket
from tests.support.fakes import FakeClock


@given(
    per_s=st.floats(0.5, 1e4),
    costs=st.lists(st.floats(0, 1e3), max_size=30),
    pauses=st.lists(st.floats(0, 10), min_size=30, max_size=30),
)
def test_rate_is_never_exceeded_by_more_than_one_burst(
    per_s: float, costs: list[float], pauses: list[float]
) -> None:
    clock = FakeClock()
    started_s = clock()
    rate = TokenBucket(per_s, clock, clock.sleep)
    spent = 0.0
    for cost, pause in zip(costs, pauses, strict=False):
        rate.spend(cost)
        spent += cost
        # `spend` has waited, so the rate must hold up to now.
        assert spent <= per_s * (clock() - started_s + 1) * (1 + 1e-6) + 1e-3
        clock.sleep(pause)


def test_bucket_without_rate_never_waits() -> None:
    clock = FakeClock()
    started_s = clock()
    TokenBucket(None, clock, clock.sleep).spend(1e9)
    assert clock() == started_s

"""A rate is kept over any run of costs, told before or after the fact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ots_tools.rates import Rate
from tests.support.fakes import FakeClock


@given(
    per_s=st.floats(0.5, 1e4),
    costs=st.lists(st.floats(0, 1e3), max_size=30),
    pauses=st.lists(st.floats(0, 10), min_size=30, max_size=30),
)
def test_never_more_than_the_rate_and_one_burst(
    per_s: float, costs: list[float], pauses: list[float]
) -> None:
    clock = FakeClock()
    began_s = clock()
    rate = Rate(per_s, clock, clock.sleep)
    spent = 0.0
    for cost, pause in zip(costs, pauses, strict=False):
        rate.spend(cost)
        spent += cost
        # After a cost was spent its wait is over: the rate held up to this moment.
        assert spent <= per_s * (clock() - began_s + 1) * (1 + 1e-6) + 1e-3
        clock.sleep(pause)


def test_no_rate_never_waits() -> None:
    clock = FakeClock()
    began_s = clock()
    Rate(None, clock, clock.sleep).spend(1e9)
    assert clock() == began_s

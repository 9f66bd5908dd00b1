"""Things to measure go in, the least CPU that each took comes out, measured turn by turn.

Turn by turn, so that a busy spell of the machine falls on all alike; the least of several, for a
machine can only add. CPU is this process's, all threads; a server runs in another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Case(NamedTuple):
    """`run` is measured on what `prepare` makes of each portion right before, unmeasured.

    `units` is how many records, or whatever is counted, all portions hold.
    """

    portions: Sequence[Any]
    prepare: Callable[[Any], Any]
    run: Callable[[Any], object]
    units: int


def least_us(
    cases: Mapping[str, Case], turns: int, passed: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Microseconds of CPU a unit, for each case; `passed` hears of every one that was measured."""
    least: dict[str, float] = {}
    for turn in range(turns + 1):
        for name, case in cases.items():
            spent_s = 0.0
            for portion in case.portions:
                given = case.prepare(portion)
                began_s = time.process_time()
                case.run(given)
                spent_s += time.process_time() - began_s
            passed()
            if turn:  # the first is a warm-up
                least[name] = min(least.get(name, spent_s), spent_s)
    return {name: spent_s / cases[name].units * 1e6 for name, spent_s in least.items()}

"""Things to measure go in, the least CPU that each took comes out, measured turn by turn.

Turn by turn, so that a busy spell of the machine falls on all alike; the least of several, for a
machine can only add. Each portion begins with garbage collected and its input made anew, so that it
meets the same collections in every turn. CPU is this process's, all threads; a server runs in
another.
"""

from __future__ import annotations

import gc
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
    least = {name: [float("inf")] * len(case.portions) for name, case in cases.items()}
    for turn in range(turns + 1):
        for name, case in cases.items():
            spent_s = [_spent_s(case, portion) for portion in case.portions]
            if turn:  # the first is a warm-up
                least[name] = list(map(min, least[name], spent_s))
            passed()
    return {name: sum(spent_s) / cases[name].units * 1e6 for name, spent_s in least.items()}


def _spent_s(case: Case, portion: Any) -> float:
    gc.collect()
    given = case.prepare(portion)
    began_s = time.process_time()
    case.run(given)
    return time.process_time() - began_s

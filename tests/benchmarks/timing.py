"""Measure the minimum processor time of several cases, in alternating rounds.

In each round every case runs once, so a busy period of the machine affects all of them. The minimum
counts, because other load can only add time. Garbage is collected and the input is prepared again
before each portion, so every round has the same conditions. The time is that of all threads of
this process; servers run in other processes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A function to measure: `run`, on the result of `prepare` for each portion.

    `prepare` runs before, and is not measured. `units` is the number of records, or of whatever is
    counted, in all portions.
    """

    portions: Sequence[Any]
    prepare: Callable[[Any], Any]
    run: Callable[[Any], object]
    units: int


def min_cpu_us(
    cases: Mapping[str, Case], rounds: int, on_measured: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Return the processor time per unit in microseconds, for each case.

    `on_measured` is called after each measurement.
    """
    minima = {name: [float("inf")] * len(case.portions) for name, case in cases.items()}
    for number in range(rounds + 1):
        for name, case in cases.items():
            times_s = [_cpu_s(case, portion) for portion in case.portions]
            if number:  # the first round is a warm-up
                minima[name] = list(map(min, minima[name], times_s))
            on_measured()
    return {name: sum(times_s) / cases[name].units * 1e6 for name, times_s in minima.items()}


def _cpu_s(case: Case, portion: Any) -> float:
    gc.collect()
    prepared = case.prepare(portion)
    start_s = time.process_time()
    case.run(prepared)
    return time.process_time() - start_s

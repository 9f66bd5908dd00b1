"""Compare the figures with the performance goals.

The goals are ratios within one run where possible, so that they apply to every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Goal(NamedTuple):
    """A goal and the measured figure."""

    name: str
    target: str
    measured: float
    reached: bool


def check_goals(figures: Mapping[str, Any]) -> list[Goal]:
    """Return every goal, reached or not."""
    function, distinct = figures["function_us"], figures["distinct_keys"]
    inserts = function["function"]

    def at_most(name: str, limit: float, measured: float) -> Goal:
        return Goal(name, f"at most {limit:g}", measured, measured <= limit)

    def at_least(name: str, limit: float, measured: float) -> Goal:
        return Goal(name, f"at least {limit:,g}", measured, measured >= limit)

    return [
        at_most("CPU per record / SDK alone", 1.6, inserts / function["SDK alone"]),
        at_most("CPU of hot keys / inserts", 1, function["function, hot keys"] / inserts),
        at_most("CPU of updates / inserts", 1, function["function, updates"] / inserts),
        at_least("distinct keys: speedup over sequential calls", 7, distinct["speedup"]),
        at_most("distinct keys: time / ideal time", 1.25, distinct["ratio_to_ideal"]),
        at_most("calls for changes of 100 hot keys", 1, figures["hot_keys"]["calls"]),
        at_least("one shard: records per second", 1000, figures["one_shard"]["records_per_second"]),
        at_most(
            "memory of the function in addition to the event, MB",
            150,
            max(peak["function_mb"] for peak in figures["memory"]),
        ),
        at_most("CPU per record, largest / smallest event", 1.25, _growth(figures, "records")),
        at_most("CPU per column, most / fewest attributes", 1.25, _growth(figures, "attributes")),
    ]


def _growth(figures: Mapping[str, Any], dimension: str) -> float:
    """Return the cost per unit of the largest case divided by that of the smallest one."""
    costs = list(figures[f"growth_{dimension}_us"].values())
    return float(costs[-1] / costs[0])

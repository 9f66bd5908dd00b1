"""Figures go in, what was to be reached and whether it was come out. Ratios of one run, so that
they mean the same on another machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Goal(NamedTuple):
    """One figure to reach, and what was measured."""

    name: str
    wanted: str
    measured: float
    reached: bool


def judged(figures: Mapping[str, Any]) -> list[Goal]:
    """Every goal, reached or not."""
    whole, distinct = figures["whole_us"], figures["distinct_keys"]
    inserts = whole["function"]

    def at_most(name: str, most: float, measured: float) -> Goal:
        return Goal(name, f"at most {most:g}", measured, measured <= most)

    def at_least(name: str, least: float, measured: float) -> Goal:
        return Goal(name, f"at least {least:,g}", measured, measured >= least)

    return [
        at_most("CPU a record, times the SDK alone", 1.6, inserts / whole["SDK alone"]),
        at_most("hot keys' CPU, times that of inserts", 1, whole["function, hot keys"] / inserts),
        at_most("updates' CPU, times that of inserts", 1, whole["function, updates"] / inserts),
        at_least("distinct keys: times faster", 7, distinct["times_faster"]),
        at_most("distinct keys: times the ideal", 1.25, distinct["times_the_ideal"]),
        at_most("calls for changes of 100 hot keys", 1, figures["hot_keys"]["calls"]),
        at_least("one shard: records a second", 1000, figures["one_shard"]["records_per_second"]),
        at_most(
            "memory above the runtime with the event, MB",
            150,
            max(one["above_mb"] for one in figures["memory"]),
        ),
        at_most("most against fewest records, CPU each", 1.25, _growth(figures["growth_records"])),
        at_most("most against fewest attributes", 1.25, _growth(figures["growth_attributes"])),
    ]


def _growth(figures: Mapping[str, float]) -> float:
    """What a unit of the largest costs, in those of the smallest."""
    costs = list(figures.values())
    return costs[-1] / costs[0]

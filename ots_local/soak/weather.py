"""What goes wrong in Table Store, one spell after another: faults are set and taken away again.

Every fault of the local Table Store has its turn; which and how long, a seed decides. A write that
is carried out late is so within `LATE_S`, which the function's read time-out has to exceed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from ots_local.demo.changes import KEYS
from ots_local.tablestore import FaultControl

LATE_S = 1.0

Spell = Sequence[tuple[str, Mapping[str, Any]]]


def key_of(who: int) -> list[tuple[str, Any]]:
    """The primary key of one of the items, as a fault names it."""
    return [("user_id", f"user-{who // 10:02d}"), ("action_time", who)]


def spells(chance: Random) -> list[Spell]:
    """Every kind of spell once, in some order."""
    chosen = [key_of(who) for who in chance.sample(range(KEYS), 12)]
    busy = ["OTSServerBusy", "OTSPartitionUnavailable", "OTSRowOperationConflict", "OTSFlowControl"]
    unsure = ["OTSTimeout", "OTSServerUnavailable", "OTSInternalServerError"]
    found: list[Spell] = [
        [("row_error", {"rate": 0.3, "codes": busy})],
        [("row_error", {"rate": 0.2, "codes": unsure, "written": True})],
        [("request_error", {"rate": 0.3, "codes": [*busy, "OTSCapacityUnitExhausted"]})],
        [("request_error", {"rate": 0.4, "codes": unsure, "written": True})],
        [("request_error", {"codes": ["OTSParameterInvalid"], "keys": chosen})],
        [("late_write", {"rate": 0.6, "max_seconds": LATE_S})],
        [
            ("late_write", {"rate": 0.4, "max_seconds": LATE_S}),
            ("row_error", {"rate": 0.2, "codes": busy}),
        ],
        [("drop_before", {"rate": 0.3}), ("drop_after", {"rate": 0.4})],
        [("truncated", {"rate": 0.2}), ("unsigned", {"rate": 0.3}), ("missing_row", {"rate": 0.3})],
        [("latency", {"seconds": 0.2, "spread": "exponential"})],
        [("latency", {"seconds": 3.0, "rate": 0.15})],
        [("capacity", {"rows_per_second": 60.0, "burst": 20.0})],
    ]
    chance.shuffle(found)
    return found


def blow(
    faults: FaultControl, chance: Random, sleep: Callable[[float], object], over: Callable[[], bool]
) -> None:
    """Sets spell after spell, with a calm between, until it is over; leaves none behind."""
    while not over():
        for spell in spells(chance):
            if over():
                break
            for kind, options in spell:
                faults.add(kind, **options)
            sleep(chance.uniform(1.5, 3.0))
            faults.clear()
            sleep(chance.uniform(0.2, 0.5))
    faults.clear()

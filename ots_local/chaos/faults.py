"""Inject faults into the local Table Store, one set of faults after another.

Every kind of fault is used; a seed decides the order and the durations. A late write is executed
within `MAX_LATE_S`, which must be less than the function's read timeout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from ots_local.demo.changes import KEYS
from ots_local.tablestore import FaultControl

MAX_LATE_S = 1.0

FaultSet = Sequence[tuple[str, Mapping[str, Any]]]
"""Faults that are active at the same time: kind and options of each."""


def primary_key(number: int) -> list[tuple[str, Any]]:
    """Return the primary key of an item, in the form that a fault's `keys` option needs."""
    return [("user_id", f"user-{number // 10:02d}"), ("action_time", number)]


def fault_sets(rng: Random) -> list[FaultSet]:
    """Return every fault set once, in random order."""
    keys = [primary_key(number) for number in rng.sample(range(KEYS), 12)]
    throttled = [
        "OTSServerBusy",
        "OTSPartitionUnavailable",
        "OTSRowOperationConflict",
        "OTSFlowControl",
    ]
    ambiguous = ["OTSTimeout", "OTSServerUnavailable", "OTSInternalServerError"]
    sets: list[FaultSet] = [
        [("row_error", {"rate": 0.3, "codes": throttled})],
        [("row_error", {"rate": 0.2, "codes": ambiguous, "written": True})],
        [("request_error", {"rate": 0.3, "codes": [*throttled, "OTSCapacityUnitExhausted"]})],
        [("request_error", {"rate": 0.4, "codes": ambiguous, "written": True})],
        [("request_error", {"codes": ["OTSParameterInvalid"], "keys": keys})],
        [("late_write", {"rate": 0.6, "max_seconds": MAX_LATE_S})],
        [
            ("late_write", {"rate": 0.4, "max_seconds": MAX_LATE_S}),
            ("row_error", {"rate": 0.2, "codes": throttled}),
        ],
        [("drop_before", {"rate": 0.3}), ("drop_after", {"rate": 0.4})],
        [("truncated", {"rate": 0.2}), ("unsigned", {"rate": 0.3}), ("missing_row", {"rate": 0.3})],
        [("latency", {"seconds": 0.2, "spread": "exponential"})],
        [("latency", {"seconds": 3.0, "rate": 0.15})],
        [("capacity", {"rows_per_second": 60.0, "burst": 20.0})],
    ]
    rng.shuffle(sets)
    return sets


def inject(
    control: FaultControl,
    rng: Random,
    sleep: Callable[[float], object],
    ended: Callable[[], bool],
) -> None:
    """Inject fault sets, with a pause after each, until `ended`; then remove all faults."""
    while not ended():
        for fault_set in fault_sets(rng):
            if ended():
                break
            for kind, options in fault_set:
                control.add(kind, **options)
            sleep(rng.uniform(1.5, 3.0))
            control.clear()
            sleep(rng.uniform(0.2, 0.5))
    control.clear()

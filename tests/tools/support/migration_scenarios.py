"""Draw random scenarios: what an operator tries during a migration, and what the source does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from ots_tools.migration_rules import LoadStep
from tests.tools.support.migration_model import HOUR, MINUTE, History

KEYS = 2
DAY = 24 * HOUR
PAUSES_S = (0.0, 0.0, 1.0, 59.0, MINUTE, HOUR, 5 * HOUR, 22.9 * HOUR, 24.5 * HOUR, 26 * HOUR)
DURATIONS_S = (0.0, 10.0, MINUTE, HOUR, 30 * HOUR)
START_OFFSETS_S = (-HOUR, -61.0, -MINUTE, -59.0, -1.0, 0.0, 1.0, MINUTE, 10 * MINUTE)
WINDOWS_S = (-HOUR, 0.0, 15 * MINUTE, HOUR, 23 * HOUR)
WRITE_OFFSETS_S = (
    -HOUR, -10 * MINUTE, -61.0, -59.0, -30.0, -1.0, 0.0, 1.0, 30.0, 59.0, 61.0, HOUR / 2
)  # fmt: skip
DELAYS_S = (0.0, 4 * MINUTE)


class Action(NamedTuple):
    """An action at a time; `step` is set only for a load.

    `behind_s`, `partial` and `enable_during` are arguments of the model's methods.
    """

    kind: str
    at_s: float
    duration_s: float
    behind_s: float
    partial: bool
    enable_during: bool
    step: LoadStep | None


FIRST_ACTIONS = {
    "scan": ["scan"],
    "exports": ["full"],
    "live": ["enable", "live"],
    "live export": ["enable", "full live"],
    "late": ["enable", "disable", "scan"],
    "any": [],
}
NEXT_ACTIONS = {
    "scan": ["scan", "enable", "enable", "disable", "verify", "repair", "full"],
    "exports": [
        "increment", "increment", "increment", "again", "enable", "disable", "verify", "repair"
    ],
    "live": ["live", "verify", "verify", "repair", "enable", "disable", "scan"],
}  # fmt: skip
NEXT_ACTIONS["late"] = NEXT_ACTIONS["scan"]
NEXT_ACTIONS["live export"] = [*NEXT_ACTIONS["live"], "again", "increment"]
NEXT_ACTIONS["any"] = sorted({kind for kinds in NEXT_ACTIONS.values() for kind in kinds})


@dataclass(frozen=True)
class Scenario:
    """Actions, the source's writes, and rows that the target contains before.

    `skips_old_records`: the mapping starts at the newest record.
    """

    actions: Sequence[Action]
    histories: Sequence[History]
    rows: Mapping[int, int]
    skips_old_records: bool
    rng: Random


def draw_scenario(rng: Random) -> Scenario:
    """Return actions in any order, and writes of the source around the times of the actions."""
    order = rng.choice(sorted(FIRST_ACTIONS))
    kinds = FIRST_ACTIONS[order] + rng.choices(NEXT_ACTIONS[order], k=rng.randint(1, 6))
    actions: list[Action] = []
    loads: list[LoadStep] = []
    now_s, times = 0.0, [0.0]
    for kind in kinds:
        now_s += rng.choice(PAUSES_S)
        duration_s = rng.choice(DURATIONS_S)
        step = None
        if kind in ("scan", "live"):
            step = LoadStep("scan", "", kind == "live", None, now_s, now_s)
        elif kind == "again" and loads:
            step = rng.choice(loads)
        elif kind in ("full", "full live", "increment"):
            from_s = (loads[-1].to_s if loads else now_s) + rng.choice(START_OFFSETS_S)
            to_s = from_s + (rng.choice(WINDOWS_S) if kind == "increment" else 0.0)
            now_s = max(now_s, to_s + MINUTE)
            name, _, live = kind.partition(" ")
            window_from_s = from_s if name == "increment" else None
            step = LoadStep(name, str(len(actions)), bool(live), window_from_s, to_s, now_s)
            times += [from_s, to_s]
            loads.append(step)
        flags = (rng.random() < 0.15, rng.random() < 0.3)
        actions.append(Action(kind, now_s, duration_s, rng.choice(DELAYS_S), *flags, step))
        times.append(now_s)
        if step is not None:
            now_s += duration_s
            times.append(now_s)
    rows = {0: -1} if rng.random() < 0.2 else {}
    skips_old_records = rng.random() < 0.3
    histories = [draw_history(times, rng) for _ in range(KEYS)]
    return Scenario(actions, histories, rows, skips_old_records, rng)


def draw_history(near_s: Sequence[float], rng: Random) -> History:
    """Return some writes of one key near the given times; it may have existed long before."""
    times = {rng.choice(near_s) + rng.choice(WRITE_OFFSETS_S) for _ in range(rng.randint(0, 4))}
    history: list[tuple[float, int | None]] = [(-10 * DAY, 0)] if rng.random() < 0.5 else []
    for number, at_s in enumerate(sorted(times), 1):
        history.append((at_s, None if rng.random() < 0.4 else number))
    return history

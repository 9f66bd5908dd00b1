"""Chance goes in; what somebody tries during a migration, and what the source does, come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from ots_tools.orders import Step
from tests.tools.migration_world import HOUR, MINUTE, Log

KEYS = 2
DAY = 24 * HOUR
GAPS_S = (0.0, 0.0, 1.0, 59.0, MINUTE, HOUR, 5 * HOUR, 22.9 * HOUR, 24.5 * HOUR, 26 * HOUR)
TOOK_S = (0.0, 10.0, MINUTE, HOUR, 30 * HOUR)
OFF_S = (-HOUR, -61.0, -MINUTE, -59.0, -1.0, 0.0, 1.0, MINUTE, 10 * MINUTE)
LENGTH_S = (-HOUR, 0.0, 15 * MINUTE, HOUR, 23 * HOUR)
NEAR_S = (-HOUR, -10 * MINUTE, -61.0, -59.0, -30.0, -1.0, 0.0, 1.0, 30.0, 59.0, 61.0, HOUR / 2)
BEHIND_S = (0.0, 4 * MINUTE)


class Act(NamedTuple):
    """Something that somebody tries at a time; `step` only where it is a load."""

    kind: str
    at_s: float
    took_s: float
    behind_s: float
    part: bool
    joined: bool
    step: Step | None


FIRST = {
    "scan": ["scan"],
    "exports": ["full"],
    "live": ["on", "live"],
    "live export": ["on", "full live"],
    "late": ["on", "off", "scan"],
    "any": [],
}
THEN = {
    "scan": ["scan", "on", "on", "off", "verify", "repair", "full"],
    "exports": ["increment", "increment", "increment", "again", "on", "off", "verify", "repair"],
    "live": ["live", "verify", "verify", "repair", "on", "off", "scan"],
}
THEN["late"] = THEN["scan"]
THEN["live export"] = [*THEN["live"], "again", "increment"]
THEN["any"] = sorted({kind for kinds in THEN.values() for kind in kinds})


@dataclass(frozen=True)
class Story:
    """What is tried, the source's writes, rows that stand in the target before, whether the mapping
    starts at the newest record, and chance.
    """

    acts: Sequence[Act]
    logs: Sequence[Log]
    left: Mapping[int, int]
    skips: bool
    chance: Random


def story(chance: Random) -> Story:
    """Acts in any order, and writes of the source that lie about the times of the acts."""
    order = chance.choice(sorted(FIRST))
    kinds = FIRST[order] + chance.choices(THEN[order], k=chance.randint(1, 6))
    acts: list[Act] = []
    loads: list[Step] = []
    now_s, edges = 0.0, [0.0]
    for kind in kinds:
        now_s += chance.choice(GAPS_S)
        took_s = chance.choice(TOOK_S)
        step = None
        if kind in ("scan", "live"):
            step = Step("scan", "", kind == "live", None, now_s, now_s)
        elif kind == "again" and loads:
            step = chance.choice(loads)
        elif kind in ("full", "full live", "increment"):
            from_s = (loads[-1].to_s if loads else now_s) + chance.choice(OFF_S)
            to_s = from_s + (chance.choice(LENGTH_S) if kind == "increment" else 0.0)
            now_s = max(now_s, to_s + MINUTE)
            name, _, live = kind.partition(" ")
            since_s = from_s if name == "increment" else None
            step = Step(name, str(len(acts)), bool(live), since_s, to_s, now_s)
            edges += [from_s, to_s]
            loads.append(step)
        seldom = (chance.random() < 0.15, chance.random() < 0.3)
        acts.append(Act(kind, now_s, took_s, chance.choice(BEHIND_S), *seldom, step))
        edges.append(now_s)
        if step is not None:
            now_s += took_s
            edges.append(now_s)
    left = {0: -1} if chance.random() < 0.2 else {}
    skips = chance.random() < 0.3
    return Story(acts, [log(edges, chance) for _ in range(KEYS)], left, skips, chance)


def log(edges: Sequence[float], chance: Random) -> Log:
    """Of one key: some writes about the edges; it may have been there long before."""
    times = {chance.choice(edges) + chance.choice(NEAR_S) for _ in range(chance.randint(0, 4))}
    made: list[tuple[float, int | None]] = [(-10 * DAY, 0)] if chance.random() < 0.5 else []
    for number, at_s in enumerate(sorted(times), 1):
        made.append((at_s, None if chance.random() < 0.4 else number))
    return made

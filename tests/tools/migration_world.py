"""A source with its log of writes, its exports and stream, a target: steps in, rows out.

What is true by the services' documents, written down apart from the guards: they alone decide here
what may be done. Where a document leaves something open, chance does the worst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from ots_tools.orders import Check, Step, may_load, overlaps, resumed
from ots_tools.ready import Stream
from ots_tools.watch import Sight, what_is_missing

MINUTE, HOUR = 60.0, 3600.0
KEPT_S = 24 * HOUR
"""How long a stream keeps a record."""
READ_S = 58 * MINUTE
"""How long a replay may take to read what is oldest: it can be gone by then. The hour that the
guards keep for it is also for the minute by which a full export is fuzzy.
"""
POLLS_S, TOLD_S = 9 * MINUTE, 3 * MINUTE
"""So long a mapping that was altered may not read yet; after so long CloudWatch shows its lag."""
BEFORE = float("-inf")

Log = Sequence[tuple[float, "int | None"]]
"""Of one key: when it was written, in order, and to what; None deletes it."""


def state_at(log: Log, at_s: float) -> int | None:
    """The item as of a time, with what was written at that time."""
    return next((value for made_s, value in reversed(log) if made_s <= at_s), None)


def state_before(log: Log, at_s: float) -> int | None:
    """The item just before a time."""
    return next((value for made_s, value in reversed(log) if made_s < at_s), None)


def is_silent(log: Log, step: Step) -> bool:
    """Whether an increment does not tell that the item is gone: it came and went in its window."""
    inside = [value for made_s, value in log if (step.from_s or 0.0) <= made_s < step.to_s]
    return bool(inside) and inside[-1] is None and state_before(log, step.from_s or 0.0) is None


@dataclass(slots=True)
class World:
    """Keys are the positions of `logs`. `wrong_by_check` has the keys that each verify found."""

    logs: Sequence[Log]
    chance: Random
    rows: dict[int, int]
    now_s: float = 0.0
    history: list[Step] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    wrong_by_check: list[list[int]] = field(default_factory=list)
    done: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    on: bool = False
    was_on: bool = False
    onto_rows: bool = False
    switched_s: float = BEFORE
    behind_until_s: float = BEFORE
    position_s: float = BEFORE
    skips: bool = False
    echoes: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def until(self, at_s: float) -> None:
        """Lets time pass: what is late lands, and the stream is written while its mapping is on."""
        assert at_s >= self.now_s
        for echo_s, land in sorted(self.echoes, key=lambda echo: echo[0]):
            if echo_s <= at_s:
                self._deliver(echo_s)
                land()
        self.echoes = [echo for echo in self.echoes if echo[0] > at_s]
        self._deliver(at_s)
        self.now_s = at_s

    def switch(self, on: bool, behind_s: float = 0.0) -> None:
        """Enables or disables the mapping; a replay is behind for some seconds, or skipped."""
        if on and not self.on:
            oldest_s = self.now_s - KEPT_S + self.chance.choice([0.0, READ_S])
            newest_s = self.now_s + self.chance.choice([0.0, MINUTE, POLLS_S])
            self.position_s = newest_s if self.skips else max(self.position_s, oldest_s)
            self.behind_until_s = self.now_s + behind_s
        if on != self.on:
            self.switched_s, self.on, self.was_on = self.now_s, on, self.was_on or on
        self._deliver(self.now_s)

    def load(self, wanted: Step, took_s: float, *, part: bool, joined: bool) -> bool:
        """As backfill: asks the guards (OrderError), writes, tells if it ended. `part`: only
        some keys are done. `joined`: somebody enables the mapping meanwhile, and may disable it.
        """
        position = resumed(self.history, wanted)
        may_load(wanted, self.on)
        if position is None:
            self.onto_rows = bool(self.rows) if not self.history else self.onto_rows
            onto_rows = wanted.kind == "scan" and not wanted.live and bool(self.rows)
            self.history.append(replace(wanted, onto_rows=onto_rows))
            position = len(self.history) - 1
        step = self.history[position]
        way = replace(step, live=wanted.live)
        done = self.done.setdefault((step.kind, step.name), set())
        left = [k for k in range(len(self.logs)) if k not in done or step.ended_s is not None]
        left = [key for key in left if not part or self.chance.random() < 0.5]
        end_s = self.now_s + took_s
        acts = [one for key in left for one in self._writes(key, way, end_s)]
        if joined:
            switch_s = self.chance.uniform(self.now_s, end_s)
            acts.append((switch_s, lambda: self.switch(True)))
            if self.chance.random() < 0.5:
                acts.append((self.chance.uniform(switch_s, end_s), lambda: self.switch(False)))
        self._act([*acts, (end_s, lambda: None)])
        done.update(left)
        if part:
            return False
        over = step.overlapped or overlaps(step, self.on, self.switched_s)
        self.history[position] = replace(step, ended_s=end_s, last_write_s=end_s, overlapped=over)
        return True

    def verify(self, *, whole: bool) -> None:
        """Compares; a sample sees about half of the keys."""
        seen = [key for key in range(len(self.logs)) if whole or self.chance.random() < 0.5]
        wrong = [key for key in seen if self.rows.get(key) != self.truth(key)]
        seen_on = self.chance.choice([self.on, None])
        self.checks.append(Check(self.now_s, len(wrong), whole, False, seen_on))
        self.wrong_by_check.append(wrong)

    def repair(self, number: int) -> None:
        """Settles what a verify found."""
        for key in self.wrong_by_check[number]:
            self._put(key, self.truth(key))
        self.checks[number] = replace(self.checks[number], repaired=True)

    def missing(self) -> list[str]:
        """What watch says is missing."""
        told = self.now_s >= self.switched_s + TOLD_S
        lag_s = max((self.now_s - at for _, at, _ in self.undelivered() if told), default=None)
        stream = Stream(self.on, self.switched_s, self.skips)
        sight = Sight(self.history, self.checks, "", stream, lag_s, 0, self.now_s)
        return what_is_missing(sight, MINUTE)

    def steady(self) -> list[int]:
        """Keys whose rows stand as they should, kept so by the stream."""
        if not self.on or self.now_s < max(self.behind_until_s, self.position_s):
            return []
        return [key for key in self.rows if self.rows[key] == self.truth(key)]

    def undelivered(self) -> list[tuple[int, float, int | None]]:
        """Records that the mapping is still to write."""
        return self._records(self.position_s, self.now_s) if self.on else []

    def truth(self, key: int) -> int | None:
        """The item as it is."""
        return state_at(self.logs[key], self.now_s)

    def wrong(self) -> list[int]:
        """Keys whose rows are not what their items are."""
        return [k for k in range(len(self.logs)) if self.rows.get(k) != self.truth(k)]

    def _writes(
        self, key: int, step: Step, end_s: float
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        """What a load does to one key, and when."""
        log = self.logs[key]
        moments = [self.now_s, end_s]
        moments += [at_s + by for at_s, _ in log for by in (-0.5, 0.5)]
        moments = [at_s for at_s in moments if self.now_s <= at_s <= end_s]
        read_s = self.chance.choice(moments)
        write_s = self.chance.choice([at_s for at_s in moments if at_s >= read_s])
        if step.kind == "increment":
            inside = [v for at_s, v in log if (step.from_s or 0.0) <= at_s < step.to_s]
            if inside and not is_silent(log, step):
                yield write_s, lambda: self._put(key, inside[-1])
            return
        if step.kind == "full":
            off_s = self.chance.choice([-MINUTE, -1.0, 0.0, self.chance.uniform(-60, 60), MINUTE])
            read_s = step.to_s + off_s
        found = state_at(log, read_s)
        if found is None:
            return
        if not step.live:
            yield write_s, lambda: self._put(key, found)
            return
        yield write_s, lambda: self._put_absent(key, found)
        late_s = write_s + self.chance.uniform(0, MINUTE)  # the try before the acknowledged one
        yield late_s, lambda: self._put_absent(key, found)

    def _act(self, acts: list[tuple[float, Callable[[], None]]]) -> None:
        end_s = acts[-1][0]
        for at_s, act in sorted(acts, key=lambda one: one[0]):
            if at_s > end_s:
                self.echoes.append((at_s, act))
                continue
            self.until(at_s)
            act()

    def _put_absent(self, key: int, value: int) -> None:
        self.rows.setdefault(key, value)

    def _put(self, key: int, value: int | None) -> None:
        self.rows.pop(key, None)
        self.rows.update({} if value is None else {key: value})

    def _records(self, from_s: float, to_s: float) -> list[tuple[int, float, int | None]]:
        found = [
            (key, at_s, value)
            for key, log in enumerate(self.logs)
            for at_s, value in log
            if from_s < at_s <= to_s
        ]
        return sorted(found, key=lambda record: record[1])

    def _deliver(self, to_s: float) -> None:
        if not self.on or to_s < self.behind_until_s:
            return
        for key, _, value in self._records(self.position_s, to_s):
            self._put(key, value)
        self.position_s = max(self.position_s, to_s)

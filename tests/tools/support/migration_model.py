"""Model a migration: a source with its history, its exports and stream, and a target.

The model follows the documents of the services and is independent of the migration rules, which
alone decide in it what is allowed. Where a document leaves something open, the model chooses at
random among everything that is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from ots_tools.migration_rules import (
    LoadStep,
    MappingState,
    VerifyRun,
    ensure_allowed,
    find_resumable,
    was_mapping_enabled_during,
)
from ots_tools.watch import Snapshot, blockers_of

MINUTE, HOUR = 60.0, 3600.0
RETENTION_S = 24 * HOUR
"""How long a stream keeps a record."""
REPLAY_READ_S = 58 * MINUTE
"""How long a replay may take to read the oldest records, which can be dropped by then. The rules
reserve an hour, because the time of a full export is also inexact by a minute.
"""
MAX_START_S, METRIC_DELAY_S = 9 * MINUTE, 3 * MINUTE
"""How long a changed mapping may not read yet, and the time until CloudWatch shows its lag."""
NEVER = float("-inf")

History = Sequence[tuple[float, "int | None"]]
"""Of one key: the times of its writes, in order, and the values; None deletes the item."""


def state_at(history: History, at_s: float) -> int | None:
    """Return the item after the writes up to and including a time."""
    return next((value for time_s, value in reversed(history) if time_s <= at_s), None)


def state_before(history: History, at_s: float) -> int | None:
    """Return the item just before a time."""
    return next((value for time_s, value in reversed(history) if time_s < at_s), None)


def is_invisible_deletion(history: History, step: LoadStep) -> bool:
    """Return whether the item was created and deleted in the window of an increment.

    The increment then does not contain it.
    """
    inside = [value for at_s, value in history if (step.from_s or 0.0) <= at_s < step.to_s]
    before = state_before(history, step.from_s or 0.0)
    return bool(inside) and inside[-1] is None and before is None


@dataclass(slots=True)
class MigrationModel:
    """Both tables over time. A key is a position of `histories`.

    `differences` contains the differing keys of each verify run.
    """

    histories: Sequence[History]
    rng: Random
    rows: dict[int, int]
    now_s: float = 0.0
    steps: list[LoadStep] = field(default_factory=list)
    verify_runs: list[VerifyRun] = field(default_factory=list)
    differences: list[list[int]] = field(default_factory=list)
    loaded_keys: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    enabled: bool = False
    was_enabled: bool = False
    target_not_empty: bool = False
    changed_s: float = NEVER
    behind_until_s: float = NEVER
    position_s: float = NEVER
    skips_old_records: bool = False
    late_writes: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def advance_to(self, at_s: float) -> None:
        """Execute late writes, and deliver the stream while its mapping is enabled."""
        assert at_s >= self.now_s
        for late_s, execute in sorted(self.late_writes, key=lambda late: late[0]):
            if late_s <= at_s:
                self._deliver(late_s)
                execute()
        self.late_writes = [late for late in self.late_writes if late[0] > at_s]
        self._deliver(at_s)
        self.now_s = at_s

    def enable_mapping(self, enabled: bool, behind_s: float = 0.0) -> None:
        """Enable or disable the mapping; it delivers nothing for `behind_s`, or skips records."""
        if enabled and not self.enabled:
            oldest_s = self.now_s - RETENTION_S + self.rng.choice([0.0, REPLAY_READ_S])
            newest_s = self.now_s + self.rng.choice([0.0, MINUTE, MAX_START_S])
            self.position_s = newest_s if self.skips_old_records else max(self.position_s, oldest_s)
            self.behind_until_s = self.now_s + behind_s
        if enabled != self.enabled:
            self.changed_s, self.enabled = self.now_s, enabled
            self.was_enabled = self.was_enabled or enabled
        self._deliver(self.now_s)

    def load(
        self, wanted: LoadStep, duration_s: float, *, partial: bool, enable_during: bool
    ) -> bool:
        """Load as backfill does; return whether the step is complete. Raises StepOrderError.

        `partial`: the load stops after some of the keys. `enable_during`: the mapping is enabled in
        the middle, and possibly disabled again.
        """
        position = find_resumable(self.steps, wanted)
        ensure_allowed(wanted, self.enabled)
        if position is None:
            self.target_not_empty = self.target_not_empty if self.steps else bool(self.rows)
            not_empty = wanted.kind == "scan" and not wanted.live and bool(self.rows)
            self.steps.append(replace(wanted, target_not_empty=not_empty))
            position = len(self.steps) - 1
        step = self.steps[position]
        effective = replace(step, live=wanted.live)
        done = self.loaded_keys.setdefault((step.kind, step.name), set())
        keys = [
            key for key in range(len(self.histories)) if key not in done or step.ended_s is not None
        ]
        keys = [key for key in keys if not partial or self.rng.random() < 0.5]
        end_s = self.now_s + duration_s
        actions = [action for key in keys for action in self._writes(key, effective, end_s)]
        if enable_during:
            enable_s = self.rng.uniform(self.now_s, end_s)
            actions.append((enable_s, lambda: self.enable_mapping(True)))
            if self.rng.random() < 0.5:
                disable_s = self.rng.uniform(enable_s, end_s)
                actions.append((disable_s, lambda: self.enable_mapping(False)))
        self._execute([*actions, (end_s, lambda: None)])
        done.update(keys)
        if partial:
            return False
        was_enabled = step.mapping_was_enabled or was_mapping_enabled_during(
            step, self.enabled, self.changed_s
        )
        self.steps[position] = replace(
            step, ended_s=end_s, last_write_s=end_s, mapping_was_enabled=was_enabled
        )
        return True

    def verify(self, *, complete: bool) -> None:
        """Compare all keys, or a sample of about half of them."""
        keys = range(len(self.histories))
        seen = [key for key in keys if complete or self.rng.random() < 0.5]
        wrong = [key for key in seen if self.rows.get(key) != self.truth(key)]
        enabled = self.rng.choice([self.enabled, None])
        self.verify_runs.append(VerifyRun(self.now_s, len(wrong), complete, False, enabled))
        self.differences.append(wrong)

    def repair(self, number: int) -> None:
        """Repair what a verify run found."""
        for key in self.differences[number]:
            self._put(key, self.truth(key))
        self.verify_runs[number] = replace(self.verify_runs[number], repaired=True)

    def blockers(self) -> list[str]:
        """Return what watch says."""
        is_reported = self.now_s >= self.changed_s + METRIC_DELAY_S
        ages = (self.now_s - at_s for _, at_s, _ in self.undelivered() if is_reported)
        mapping = MappingState(self.enabled, self.changed_s, self.skips_old_records)
        snapshot = Snapshot(
            self.steps, self.verify_runs, "", mapping, max(ages, default=None), 0, self.now_s
        )
        return blockers_of(snapshot, MINUTE)

    def stable_keys(self) -> list[int]:
        """Return the keys whose rows are correct and which the stream keeps correct."""
        if not self.enabled or self.now_s < max(self.behind_until_s, self.position_s):
            return []
        return [key for key in self.rows if self.rows[key] == self.truth(key)]

    def undelivered(self) -> list[tuple[int, float, int | None]]:
        """Return the records that the mapping still has to deliver."""
        return self._records(self.position_s, self.now_s) if self.enabled else []

    def truth(self, key: int) -> int | None:
        """Return the current item."""
        return state_at(self.histories[key], self.now_s)

    def wrong_keys(self) -> list[int]:
        """Return the keys whose rows do not match their items."""
        keys = range(len(self.histories))
        return [key for key in keys if self.rows.get(key) != self.truth(key)]

    def _writes(
        self, key: int, step: LoadStep, end_s: float
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        """Yield the writes of a load to one key, each with its time."""
        history = self.histories[key]
        times = [self.now_s, end_s]
        times += [at_s + by_s for at_s, _ in history for by_s in (-0.5, 0.5)]
        times = [at_s for at_s in times if self.now_s <= at_s <= end_s]
        read_s = self.rng.choice(times)
        write_s = self.rng.choice([at_s for at_s in times if at_s >= read_s])
        if step.kind == "increment":
            start_s = step.from_s or 0.0
            inside = [value for at_s, value in history if start_s <= at_s < step.to_s]
            if inside and not is_invisible_deletion(history, step):
                yield write_s, lambda: self._put(key, inside[-1])
            return
        if step.kind == "full":
            offset_s = self.rng.choice([-MINUTE, -1.0, 0.0, self.rng.uniform(-60, 60), MINUTE])
            read_s = step.to_s + offset_s
        found = state_at(history, read_s)
        if found is None:
            return
        if not step.live:
            yield write_s, lambda: self._put(key, found)
            return
        yield write_s, lambda: self._insert(key, found)
        late_s = write_s + self.rng.uniform(0, MINUTE)  # the attempt before the acknowledged one
        yield late_s, lambda: self._insert(key, found)

    def _execute(self, actions: list[tuple[float, Callable[[], None]]]) -> None:
        end_s = actions[-1][0]
        for at_s, action in sorted(actions, key=lambda one: one[0]):
            if at_s > end_s:
                self.late_writes.append((at_s, action))
                continue
            self.advance_to(at_s)
            action()

    def _insert(self, key: int, value: int) -> None:
        self.rows.setdefault(key, value)

    def _put(self, key: int, value: int | None) -> None:
        self.rows.pop(key, None)
        self.rows.update({} if value is None else {key: value})

    def _records(self, from_s: float, to_s: float) -> list[tuple[int, float, int | None]]:
        found = [
            (key, at_s, value)
            for key, history in enumerate(self.histories)
            for at_s, value in history
            if from_s < at_s <= to_s
        ]
        return sorted(found, key=lambda record: record[1])

    def _deliver(self, to_s: float) -> None:
        if not self.enabled or to_s < self.behind_until_s:
            return
        for key, _, value in self._records(self.position_s, to_s):
            self._put(key, value)
        self.position_s = max(self.position_s, to_s)

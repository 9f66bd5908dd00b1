"""Answers of Table Store go in; what has become of each row, and what is still to do, come out.

It decides by the table of codes, sends nothing and knows no clock. Notices when the answers say
that no row can ever be written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ots_sync import codes
from ots_sync.errors import ConfigurationError, StoreError
from ots_sync.rows import Row
from ots_sync.writes import RowWrite

SPLIT_WAYS = 4


class Result(NamedTuple):
    """What became of one row: `done`, `refused` or `undone`, and the code and words of why."""

    state: str
    code: str = ""
    message: str = ""


DONE = Result("done")
LATE = Result("undone", "Late", "no time was left to write the row")


@dataclass(slots=True)
class Tally:
    """What it took, counted after the fact. `codes`: rows failed, by error code."""

    calls: int = 0
    retried_rows: int = 0
    unknown_outcomes: int = 0
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class ToDo:
    """What a call leaves to do: rows that failed, rows with a step to come, parts to try apart."""

    again: Sequence[int] = ()
    further: list[int] = field(default_factory=list)
    parts: Sequence[Sequence[int]] = ()
    busy: bool = False
    may_land: bool = False


class Results:
    """Of one invocation's rows, by position; they may still become more."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._results: dict[int, Result] = {}
        self._steps_done: dict[int, int] = {}
        self._first_call: Sequence[int] | None = None
        self.tally = Tally()
        self.broken: ConfigurationError | None = None

    def final(self) -> list[Result]:
        """A result for each row; one that was never sent was too late."""
        return [self._results.get(i, LATE) for i in range(len(self._rows))]

    def writes(self, rows: Sequence[int]) -> list[RowWrite]:
        """What these rows need next; the first to be asked for are the first call."""
        if self._first_call is None:
            self._first_call = rows
        return [self._rows[i].steps[self._steps_done.get(i, 0)] for i in rows]

    def answered(self, rows: Sequence[int], answers: Sequence[StoreError | None]) -> ToDo:
        """Each row has its own answer; where their numbers differ, none of them is to be trusted,
        for it is by position that an answer belongs to a row.
        """
        self.tally.calls += 1
        if len(answers) != len(rows):
            return self._undone(rows, _NOT_ACKNOWLEDGED)
        to_do = ToDo(again := [])
        for i, error in zip(rows, answers, strict=True):
            if error is None:
                done = self._steps_done.get(i, 0) + 1
                if done == len(self._rows[i].steps):
                    self._results[i] = DONE
                else:
                    self._steps_done[i] = done
                    to_do.further.append(i)
                continue
            verdict = self._judged(error, 1)
            if verdict.kind == "refuse":
                self._refuse(i, error)
                continue
            self._results[i] = Result("undone", error.code, error.message)
            again.append(i)
            to_do.busy |= verdict.busy
            to_do.may_land |= verdict.may_land
        return to_do

    def failed(self, rows: Sequence[int], error: StoreError) -> ToDo:
        """The call failed as a whole; a refusal means that one of its rows is bad."""
        self.tally.calls += 1
        if codes.verdict(error.code).kind != "refuse":
            return self._undone(rows, error)
        self._judged(error, len(rows))
        if len(rows) == 1:
            self._refuse(rows[0], error)
            return ToDo()
        size = -(-len(rows) // SPLIT_WAYS)
        return ToDo(parts=[rows[at : at + size] for at in range(0, len(rows), size)])

    def _undone(self, rows: Sequence[int], error: StoreError) -> ToDo:
        verdict = self._judged(error, len(rows))
        for i in rows:
            self._results[i] = Result("undone", error.code, error.message)
        return ToDo(rows, busy=verdict.busy, may_land=verdict.may_land)

    def _judged(self, error: StoreError, rows: int) -> codes.Verdict:
        verdict = codes.verdict(error.code)
        self.tally.codes[error.code] += rows
        if verdict.unknown_outcome:
            self.tally.unknown_outcomes += rows
        if verdict.kind == "configuration" and self.broken is None:
            self.broken = ConfigurationError(
                f"Table Store said {error.code}: {error.message} "
                "Every row would be refused alike; see docs/operations.md."
            )
        return verdict

    def _refuse(self, i: int, error: StoreError) -> None:
        self._results[i] = Result("refused", error.code, error.message)
        first = self._first_call or ()
        if len(first) > 1 and {self._results.get(i) for i in first} == {self._results[i]}:
            self.broken = self.broken or ConfigurationError(
                f"Table Store refused each row of a batch alone: {error.code}: {error.message} "
                "That is no matter of one row; see docs/operations.md."
            )


_NOT_ACKNOWLEDGED = StoreError("NotAcknowledged", "the answer does not name each row")

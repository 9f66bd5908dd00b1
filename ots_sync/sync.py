"""The story: an event goes in, an outcome comes out.

event -> changes -> rows -> batches -> results -> outcome
read     understand  translate  pack   write      answer
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ots_sync import changes, rows, writer
from ots_sync.changes import Change, Refused, oldest_s, sequence_number
from ots_sync.errors import RefusedError
from ots_sync.outcome import Outcome
from ots_sync.quarantine import Quarantine
from ots_sync.results import Result
from ots_sync.rows import Row, Rules
from ots_sync.writer import Means


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything of the outside that the story needs.

    `quarantine` opens the place for refused records when the first one comes; `may_keep` says
    whether there is time to store one; `wall_s` is the time of day in seconds since 1970.
    """

    means: Means
    quarantine: Callable[[], Quarantine | None]
    may_keep: Callable[[], bool]
    wall_s: Callable[[], float]


def run(event: Any, rules: Rules, ports: Ports) -> Outcome:
    """Writes what the event tells of. Raises ConfigurationError when every record would fail."""
    clock = ports.means.clock
    began_s = clock()
    understood, unreadable = changes.read(event)
    read_s = clock()
    outcome = apply(understood, unreadable, rules, ports)
    outcome.steps_ms["read"] = (read_s - began_s) * 1000
    outcome.steps_ms["total"] = (clock() - began_s) * 1000
    return outcome


def apply(
    understood: Sequence[Change], unreadable: Sequence[Refused], rules: Rules, ports: Ports
) -> Outcome:
    """Brings the rows to the end of these changes; the tools come in here with theirs."""
    clock = ports.means.clock
    outcome = Outcome(len(understood) + len(unreadable), len(understood))
    began_s = clock()
    folds, untranslatable = rows.fold(understood, rules)
    translation = _Translation(rows.translated(folds, rules, untranslatable), clock)
    folded_s = clock()
    results, tally = writer.write(translation.rows(), ports.means)
    written_s = clock()
    outcome.calls, outcome.retried_rows = tally.calls, tally.retried_rows
    outcome.unknown_outcomes, outcome.codes = tally.unknown_outcomes, tally.codes
    refused = [*unreadable, *untranslatable, *_tell(outcome, translation.made, results)]
    if refused:
        _keep(outcome, refused, ports)
    translate_s = folded_s - began_s + translation.spent_s
    outcome.steps_ms["translate"] = translate_s * 1000
    outcome.steps_ms["write"] = (written_s - began_s - translate_s) * 1000
    outcome.steps_ms["quarantine"] = (clock() - written_s) * 1000
    outcome.lag_s = _lag_s(understood, ports.wall_s())
    return outcome


@dataclass(slots=True)
class _Translation:
    """Rows as the writer asks for them, kept, with the seconds that making them took: while some
    are on the way, the next are made.
    """

    source: Iterator[Row]
    clock: Callable[[], float]
    made: list[Row] = field(default_factory=list)
    spent_s: float = 0.0

    def rows(self) -> Iterator[Row]:
        """Each row; a few at a time, for to read the clock costs as well."""
        more = True
        while more:
            began_s = self.clock()
            some = list(islice(self.source, _AT_ONCE))
            self.spent_s += self.clock() - began_s
            self.made += some
            yield from some
            more = len(some) == _AT_ONCE


_AT_ONCE = 100


def _tell(outcome: Outcome, to_write: Sequence[Row], results: Sequence[Result]) -> list[Refused]:
    """Blames each row's records for its result, and returns those that are refused."""
    refused: list[Refused] = []
    for row, result in zip(to_write, results, strict=True):
        if result.state == "done":
            outcome.rows[row.steps[0].kind] += 1
        elif result.state == "refused":
            error = RefusedError(result.code, result.message)
            refused += [Refused(change.record, error) for change in row.changes]
        else:
            outcome.undone += [change.record for change in row.changes]
            outcome.why[result.code] += len(row.changes)
    return refused


def _keep(outcome: Outcome, refused: Sequence[Refused], ports: Ports) -> None:
    """Refused records go to quarantine; what cannot be kept safe is not done."""
    refused = sorted(refused, key=lambda one: int(sequence_number(one.record) or 0))
    quarantine = ports.quarantine()
    now_s = ports.wall_s()
    errors: Iterable[Exception | None] = (
        [one.error for one in refused]
        if quarantine is None
        else quarantine.keep_all(refused, now_s, ports.may_keep)
    )
    for one, error in zip(refused, errors, strict=True):
        outcome.refuse(one.record, one.error)
        if error is None:
            outcome.quarantined += 1
        else:
            outcome.undone.append(one.record)
            why = one.error.code if quarantine is None else f"NotQuarantined: {error}"
            outcome.why[why] += 1


def _lag_s(understood: Sequence[Change], now_s: float) -> float | None:
    """How long ago the oldest of the changes was made."""
    made_s = oldest_s(understood)
    return None if made_s is None else round(max(0.0, now_s - made_s), 3)

"""Run the six steps from a stream event to its outcome.

event -> changes -> rows -> batches -> results -> outcome
parse    group      convert  pack      write      respond
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ots_sync.changes import oldest_creation_s, parse_event, sequence_number
from ots_sync.errors import RejectedError
from ots_sync.model import Change, Clock, Rejected, Result, Row
from ots_sync.outcome import Outcome
from ots_sync.quarantine import Quarantine
from ots_sync.rows import RowMapper, build_rows, group_by_key
from ots_sync.writer import WriterContext, write_rows


@dataclass(frozen=True, slots=True)
class Context:
    """What the pipeline needs from outside.

    `quarantine` opens the store for rejected records when there is one to store;
    `has_time_to_store` returns whether there is time to store one more.
    """

    writer: WriterContext
    quarantine: Callable[[], Quarantine | None]
    has_time_to_store: Callable[[], bool]

    @property
    def clock(self) -> Clock:
        """The clock of the invocation."""
        return self.writer.clock


def run(event: Any, row_mapper: RowMapper, context: Context) -> Outcome:
    """Write the changes of a stream event; raises ConfigurationError if every record would fail."""
    started_s = context.clock.monotonic()
    changes, rejected = parse_event(event)
    parsed_s = context.clock.monotonic()
    outcome = apply_changes(changes, rejected, row_mapper, context)
    outcome.duration_ms["parse"] = (parsed_s - started_s) * 1000
    outcome.duration_ms["total"] = (context.clock.monotonic() - started_s) * 1000
    return outcome


def apply_changes(
    changes: Sequence[Change],
    rejected: Sequence[Rejected],
    row_mapper: RowMapper,
    context: Context,
) -> Outcome:
    """Bring the rows of the target to the state after these changes.

    `rejected` are the records that could not be parsed; they are stored in quarantine too.
    """
    clock = context.clock
    outcome = Outcome(len(changes) + len(rejected), len(changes))
    started_s = clock.monotonic()
    groups, without_key = group_by_key(changes, row_mapper)
    builder = _RowBuilder(build_rows(groups, row_mapper, without_key), clock)
    grouped_s = clock.monotonic()
    results, stats = write_rows(builder.rows(), context.writer)
    written_s = clock.monotonic()
    outcome.calls, outcome.retried_rows = stats.calls, stats.retried_rows
    outcome.unknown_outcomes, outcome.error_codes = stats.unknown_outcomes, stats.error_codes
    rejected = [*rejected, *without_key, *_record_results(outcome, builder.built, results)]
    if rejected:
        _store_rejected(outcome, rejected, context)
    convert_s = grouped_s - started_s + builder.elapsed_s
    outcome.duration_ms["convert"] = convert_s * 1000
    outcome.duration_ms["write"] = (written_s - started_s - convert_s) * 1000
    outcome.duration_ms["quarantine"] = (clock.monotonic() - written_s) * 1000
    outcome.lag_s = _lag_s(changes, clock.time())
    return outcome


@dataclass(slots=True)
class _RowBuilder:
    """Builds rows when the writer takes them, keeps them, and measures the time that it takes.

    Later rows are built while earlier ones are being sent.
    """

    source: Iterator[Row]
    clock: Clock
    built: list[Row] = field(default_factory=list)
    elapsed_s: float = 0.0

    def rows(self) -> Iterator[Row]:
        """Yield each row; they are built in small chunks because reading the clock takes time."""
        more = True
        while more:
            started_s = self.clock.monotonic()
            chunk = list(islice(self.source, _ROWS_PER_CHUNK))
            self.elapsed_s += self.clock.monotonic() - started_s
            self.built += chunk
            yield from chunk
            more = len(chunk) == _ROWS_PER_CHUNK


_ROWS_PER_CHUNK = 100


def _record_results(
    outcome: Outcome, rows: Sequence[Row], results: Sequence[Result]
) -> list[Rejected]:
    """Count the result of each row for all its records; return the records of rejected rows."""
    rejected: list[Rejected] = []
    for row, result in zip(rows, results, strict=True):
        if result.state == "written":
            outcome.rows[row.writes[0].kind] += 1
        elif result.state == "rejected":
            error = RejectedError(result.code, result.message)
            rejected += [Rejected(change.record, error) for change in row.changes]
        else:
            outcome.unprocessed += [change.record for change in row.changes]
            outcome.unprocessed_codes[result.code] += len(row.changes)
    return rejected


def _store_rejected(outcome: Outcome, rejected: Sequence[Rejected], context: Context) -> None:
    """Store rejected records in quarantine; one that is not stored safely stays unprocessed."""
    rejected = sorted(rejected, key=lambda one: int(sequence_number(one.record) or 0))
    quarantine = context.quarantine()
    errors: Iterable[Exception | None] = (
        [one.error for one in rejected]
        if quarantine is None
        else quarantine.store_all(rejected, context.clock.time(), context.has_time_to_store)
    )
    for one, error in zip(rejected, errors, strict=True):
        outcome.add_rejection(one.record, one.error)
        if error is None:
            outcome.quarantined += 1
        else:
            outcome.unprocessed.append(one.record)
            code = one.error.code if quarantine is None else f"NotQuarantined: {error}"
            outcome.unprocessed_codes[code] += 1


def _lag_s(changes: Sequence[Change], now_s: float) -> float | None:
    """Return the age of the oldest change in seconds, or None if no change has a time."""
    oldest_s = oldest_creation_s(changes)
    return None if oldest_s is None else round(max(0.0, now_s - oldest_s), 3)

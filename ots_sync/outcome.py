"""Count the outcome of an invocation and build the response to Lambda.

The response names the lowest unprocessed sequence number. Lambda delivers everything from there
again, so more entries would add nothing. An event source mapping without ReportBatchItemFailures
ignores the response and counts it as success, so without PARTIAL_RESPONSE an unprocessed record
raises. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ots_sync.changes import sequence_number
from ots_sync.errors import RejectedError, UnprocessedRecordsError

MAX_LISTED_REJECTIONS = 5


@dataclass(slots=True)
class Outcome:
    """The counts of one invocation. `unprocessed` holds whole records.

    `unprocessed_codes` counts them by code. `rejections` describes the first few rejected records
    for the log: sequence number, code and reason. `duration_ms` is by pipeline step.
    """

    records: int = 0
    changes: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    retried_rows: int = 0
    unknown_outcomes: int = 0
    error_codes: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    rejections: list[dict[str, str]] = field(default_factory=list)
    quarantined: int = 0
    unprocessed: list[Any] = field(default_factory=list)
    unprocessed_codes: Counter[str] = field(default_factory=Counter)
    lag_s: float | None = None
    duration_ms: dict[str, float] = field(default_factory=dict)

    def add_rejection(self, record: Any, error: RejectedError) -> None:
        """Count a rejected record, and describe it while the log has room."""
        self.rejected += 1
        if len(self.rejections) < MAX_LISTED_REJECTIONS:
            self.rejections.append(
                {
                    "sequence_number": sequence_number(record),
                    "code": error.code,
                    "reason": str(error)[:200],
                }
            )


def first_unprocessed(unprocessed: Sequence[Any]) -> str | None:
    """Return the lowest sequence number of the records, or None if a record has none."""
    numbers = [sequence_number(record) for record in unprocessed]
    return min(numbers, key=int) if numbers and all(numbers) else None


def build_response(outcome: Outcome, *, partial_response: bool) -> Mapping[str, Any]:
    """Return the response to Lambda.

    Raises UnprocessedRecordsError if Lambda would ignore or misread a response.
    """
    if not outcome.unprocessed:
        return {"batchItemFailures": []}
    first = first_unprocessed(outcome.unprocessed)
    if first is None or not partial_response:
        codes = outcome.unprocessed_codes.most_common(5)
        reasons = ", ".join(f"{code} {count}" for code, count in codes)
        if outcome.rejections:
            rejection = outcome.rejections[0]  # often of another record than the first unprocessed
            number = rejection["sequence_number"] or "a record"
            reasons += f"; rejected {number}: {rejection['reason']}"
        raise UnprocessedRecordsError(
            f"{len(outcome.unprocessed)} of {outcome.records} records are unprocessed "
            f"(first sequence number {first or 'unknown'}; {reasons}). Lambda delivers them again."
        )
    return {"batchItemFailures": [{"itemIdentifier": first}]}

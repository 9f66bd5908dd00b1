"""What became of every record goes in; what Lambda is told, and one summary, come out.

The answer names the lowest sequence number that is not done: Lambda starts again from there, so
more entries would say nothing. A mapping without ReportBatchItemFailures ignores the answer and
counts success, so without PARTIAL_RESPONSE anything undone raises.
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ots_sync.changes import sequence_number
from ots_sync.errors import RefusedError, UndoneError

REFUSALS_NAMED = 5


@dataclass(slots=True)
class Outcome:
    """One invocation, counted. `undone` holds records, whole; `why` counts them by code.

    `refusals` names the first few refused records for the log: sequence number, code, reason.
    """

    records: int = 0
    changes: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    retried_rows: int = 0
    unknown_outcomes: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    refusals: list[dict[str, str]] = field(default_factory=list)
    quarantined: int = 0
    undone: list[Any] = field(default_factory=list)
    why: Counter[str] = field(default_factory=Counter)
    lag_s: float | None = None
    steps_ms: dict[str, float] = field(default_factory=dict)

    def refuse(self, record: Any, error: RefusedError) -> None:
        """Counts a refused record, and names it while the log has room."""
        self.refused += 1
        if len(self.refusals) < REFUSALS_NAMED:
            self.refusals.append(
                {
                    "sequence_number": sequence_number(record),
                    "code": error.code,
                    "reason": str(error)[:200],
                }
            )


def first_undone(undone: Sequence[Any]) -> str | None:
    """The lowest sequence number of the records, or None when one of them has none."""
    numbers = [sequence_number(record) for record in undone]
    return min(numbers, key=int) if numbers and all(numbers) else None


def answer(outcome: Outcome, *, partial_response: bool) -> Mapping[str, Any]:
    """What Lambda is told. Raises UndoneError when an answer would not be heard or understood."""
    if not outcome.undone:
        return {"batchItemFailures": []}
    first = first_undone(outcome.undone)
    if first is None or not partial_response:
        reasons = ", ".join(f"{code} {count}" for code, count in outcome.why.most_common(5))
        if outcome.refusals:
            refusal = outcome.refusals[0]  # seldom of the record that is named as the first undone
            reasons += f"; refused {refusal['sequence_number'] or 'one'}: {refusal['reason']}"
        raise UndoneError(
            f"{len(outcome.undone)} of {outcome.records} records are not done "
            f"(first sequence number {first or 'unknown'}; {reasons}). Lambda delivers them again."
        )
    return {"batchItemFailures": [{"itemIdentifier": first}]}

"""An outcome goes in; one line of JSON and one EMF record come out. The only room of Powertools.

Never logs an event, a key, an item or a secret, at any level.
https://docs.powertools.aws.dev/lambda/python/latest/core/metrics/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ots_sync import codes
from ots_sync.outcome import Outcome, first_undone


class Telemetry:
    """The function's voice; one for each container."""

    def __init__(self, service: str, namespace: str) -> None:
        self._logger = Logger(service=service)
        self._metrics = EphemeralMetrics(service=service, namespace=namespace)

    def warn(self, message: str, **fields: Any) -> None:
        """One warning, in words of ours."""
        self._logger.warning(message, extra=fields)

    def failed(self, error: Exception) -> None:
        """An invocation that raises: what kind of error, and its words, which hold no data."""
        self._logger.error(
            "invocation failed", extra={"error": type(error).__name__, "reason": str(error)}
        )

    def report(self, outcome: Outcome, table_name: str) -> None:
        """One summary line, and the same as metrics."""
        details: dict[str, Any] = {}
        if outcome.undone:
            details["first_undone"] = first_undone(outcome.undone)
        if outcome.why:
            details["reasons"] = dict(outcome.why)
        if outcome.refusals:
            details["refusals"] = outcome.refusals
        say = self._logger.warning if outcome.undone or outcome.refused else self._logger.info
        say(
            "invocation",
            extra={"table": table_name, **_summary(outcome), **details},
        )
        for name, unit, value in _measures(outcome):
            self._metrics.add_metric(name, unit, value)
        self._metrics.flush_metrics()
        self._metrics.clear_metrics()  # a flush that POWERTOOLS_METRICS_DISABLED skips keeps them


def _summary(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "records": outcome.records,
        "changes": outcome.changes,
        "rows": dict(outcome.rows),
        "calls": outcome.calls,
        "retries": outcome.retried_rows,
        "refused": outcome.refused,
        "quarantined": outcome.quarantined,
        "undone": len(outcome.undone),
        "unknown_outcomes": outcome.unknown_outcomes,
        "codes": dict(outcome.codes),
        "unknown_codes": _unknown(outcome),
        "lag_s": outcome.lag_s,
        "ms": {step: round(ms, 1) for step, ms in outcome.steps_ms.items()},
    }


def _unknown(outcome: Outcome) -> dict[str, int]:
    return {code: count for code, count in outcome.codes.items() if not codes.is_known(code)}


def _measures(outcome: Outcome) -> Iterator[tuple[str, MetricUnit, float]]:
    count, ms = MetricUnit.Count, MetricUnit.Milliseconds
    yield "Records", count, outcome.records
    yield "Changes", count, outcome.changes
    yield "RowsPut", count, outcome.rows["put"]
    yield "RowsUpdated", count, outcome.rows["update"]
    yield "RowsDeleted", count, outcome.rows["delete"]
    yield "Calls", count, outcome.calls
    yield "Retries", count, outcome.retried_rows
    yield "Refused", count, outcome.refused
    yield "Quarantined", count, outcome.quarantined
    yield "Undone", count, len(outcome.undone)
    yield "UnknownOutcomes", count, outcome.unknown_outcomes
    yield "UnknownErrorCodes", count, sum(_unknown(outcome).values())
    if outcome.lag_s is not None:
        yield "LagSeconds", MetricUnit.Seconds, outcome.lag_s
    for step, spent in outcome.steps_ms.items():
        yield f"{step.capitalize()}Ms", ms, spent

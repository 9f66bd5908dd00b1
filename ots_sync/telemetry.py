"""Log and measure invocations; the only module that uses Powertools.

Never logs an event, a key, an item or a secret, at any level.
https://docs.powertools.aws.dev/lambda/python/latest/core/metrics/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ots_sync.outcome import Outcome, first_unprocessed
from ots_sync.retry import is_classified


class Telemetry:
    """The log and the metrics of one execution environment."""

    def __init__(self, service: str, namespace: str) -> None:
        self._logger = Logger(service=service)
        self._metrics = EphemeralMetrics(service=service, namespace=namespace)

    def warn(self, message: str, **fields: Any) -> None:
        """Log a warning; the message must not contain data."""
        self._logger.warning(message, extra=fields)

    def log_failure(self, error: Exception) -> None:
        """Log an invocation that raises: type and message of the error, which contain no data."""
        self._logger.error(
            "invocation failed", extra={"error": type(error).__name__, "reason": str(error)}
        )

    def report(self, outcome: Outcome, table_name: str) -> None:
        """Log one summary line, and publish the same numbers as metrics."""
        details: dict[str, Any] = {}
        if outcome.unprocessed:
            details["first_unprocessed"] = first_unprocessed(outcome.unprocessed)
        if outcome.unprocessed_codes:
            details["unprocessed_codes"] = dict(outcome.unprocessed_codes)
        if outcome.rejections:
            details["rejections"] = outcome.rejections
        needs_attention = outcome.unprocessed or outcome.rejected
        log = self._logger.warning if needs_attention else self._logger.info
        log("invocation", extra={"table": table_name, **_summary(outcome), **details})
        for name, unit, value in _metrics(outcome):
            self._metrics.add_metric(name, unit, value)
        self._metrics.flush_metrics()
        self._metrics.clear_metrics()  # with POWERTOOLS_METRICS_DISABLED the flush keeps them


def _summary(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "records": outcome.records,
        "changes": outcome.changes,
        "rows": dict(outcome.rows),
        "calls": outcome.calls,
        "retried_rows": outcome.retried_rows,
        "rejected": outcome.rejected,
        "quarantined": outcome.quarantined,
        "unprocessed": len(outcome.unprocessed),
        "unknown_outcomes": outcome.unknown_outcomes,
        "error_codes": dict(outcome.error_codes),
        "unclassified_error_codes": _unclassified(outcome),
        "lag_s": outcome.lag_s,
        "duration_ms": {step: round(ms, 1) for step, ms in outcome.duration_ms.items()},
    }


def _unclassified(outcome: Outcome) -> dict[str, int]:
    return {code: count for code, count in outcome.error_codes.items() if not is_classified(code)}


def _metrics(outcome: Outcome) -> Iterator[tuple[str, MetricUnit, float]]:
    count, ms = MetricUnit.Count, MetricUnit.Milliseconds
    yield "Records", count, outcome.records
    yield "Changes", count, outcome.changes
    yield "RowsPut", count, outcome.rows["put"]
    yield "RowsUpdated", count, outcome.rows["update"]
    yield "RowsDeleted", count, outcome.rows["delete"]
    yield "Calls", count, outcome.calls
    yield "RetriedRows", count, outcome.retried_rows
    yield "Rejected", count, outcome.rejected
    yield "Quarantined", count, outcome.quarantined
    yield "Unprocessed", count, len(outcome.unprocessed)
    yield "UnknownOutcomes", count, outcome.unknown_outcomes
    yield "UnclassifiedErrorCodes", count, sum(_unclassified(outcome).values())
    if outcome.lag_s is not None:
        yield "LagSeconds", MetricUnit.Seconds, outcome.lag_s
    for step, duration_ms in outcome.duration_ms.items():
        yield f"{step.capitalize()}Ms", ms, duration_ms

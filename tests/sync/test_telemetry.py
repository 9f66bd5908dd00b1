"""Test the summary line and the metrics of an invocation."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count
from typing import Any

import pytest

from ots_sync.errors import RejectedError
from ots_sync.outcome import Outcome
from ots_sync.telemetry import Telemetry
from tests.support.builders import record

_services = count(1)


def make_telemetry() -> Telemetry:
    """Return telemetry with its own logger, because loggers are global by service name."""
    return Telemetry(f"telemetry-{next(_services)}", "namespace")


def report(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> tuple[Any, Any]:
    """Return the summary line and the metrics of an outcome."""
    make_telemetry().report(outcome, "target")
    line, emf = capsys.readouterr().out.splitlines()
    return json.loads(line), json.loads(emf)


OUTCOME = Outcome(
    records=9,
    changes=8,
    rows=Counter(put=3, update=2, delete=1),
    calls=4,
    retried_rows=5,
    unknown_outcomes=2,
    error_codes=Counter(OTSServerBusy=5, OTSBrandNew=1),
    lag_s=1.5,
    duration_ms={"parse": 1.26, "convert": 2.0, "write": 3.0, "quarantine": 0.0, "total": 6.26},
)


def test_summary_line_has_every_count(capsys: pytest.CaptureFixture[str]) -> None:
    line, _ = report(OUTCOME, capsys)
    assert line["level"] == "INFO"
    assert {name: line[name] for name in line if name not in ("timestamp", "location")} == {
        "level": "INFO",
        "message": "invocation",
        "service": line["service"],
        "table": "target",
        "records": 9,
        "changes": 8,
        "rows": {"put": 3, "update": 2, "delete": 1},
        "calls": 4,
        "retried_rows": 5,
        "rejected": 0,
        "quarantined": 0,
        "unprocessed": 0,
        "unknown_outcomes": 2,
        "error_codes": {"OTSServerBusy": 5, "OTSBrandNew": 1},
        "unclassified_error_codes": {"OTSBrandNew": 1},
        "lag_s": 1.5,
        "duration_ms": {
            "parse": 1.3,
            "convert": 2.0,
            "write": 3.0,
            "quarantine": 0.0,
            "total": 6.3,
        },
    }


def test_metrics_have_the_numbers_of_the_summary_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In CloudWatch's embedded format, the directive declares the name of each value."""
    _, emf = report(OUTCOME, capsys)
    (directive,) = emf["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "namespace"
    assert directive["Dimensions"] == [["service"]]
    declared = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    values = {name: emf[name] for name in declared}
    assert values == {
        "Records": [9.0],
        "Changes": [8.0],
        "RowsPut": [3.0],
        "RowsUpdated": [2.0],
        "RowsDeleted": [1.0],
        "Calls": [4.0],
        "RetriedRows": [5.0],
        "Rejected": [0.0],
        "Quarantined": [0.0],
        "Unprocessed": [0.0],
        "UnknownOutcomes": [2.0],
        "UnclassifiedErrorCodes": [1.0],
        "LagSeconds": [1.5],
        "ParseMs": [1.26],
        "ConvertMs": [2.0],
        "WriteMs": [3.0],
        "QuarantineMs": [0.0],
        "TotalMs": [6.26],
    }
    assert declared["LagSeconds"] == "Seconds"
    assert declared["TotalMs"] == "Milliseconds"


def test_unprocessed_and_rejected_records_are_logged_as_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = Outcome(records=2, unprocessed=[record(number="12"), record(number="9")])
    outcome.unprocessed_codes.update(DeadlineExceeded=2)
    outcome.add_rejection(record(number="7"), RejectedError("Code", "reason"))
    line, _ = report(outcome, capsys)
    assert (line["level"], line["first_unprocessed"], line["unprocessed_codes"]) == (
        "WARNING",
        "9",
        {"DeadlineExceeded": 2},
    )
    assert line["rejections"] == [{"sequence_number": "7", "code": "Code", "reason": "reason"}]
    assert (line["rejected"], line["unprocessed"]) == (1, 2)


def test_warning_has_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    make_telemetry().warn("a message", field=1)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"], line["field"]) == ("WARNING", "a message", 1)


def test_metrics_do_not_carry_over_to_the_next_invocation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry = make_telemetry()
    for records in (1, 2):
        telemetry.report(Outcome(records=records), "target")
        *_, emf = capsys.readouterr().out.splitlines()
        assert json.loads(emf)["Records"] == [records]


def test_disabled_metrics_do_not_accumulate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the memory of a long-lived execution environment would grow."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    telemetry = make_telemetry()
    telemetry.report(OUTCOME, "target")
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    telemetry.report(OUTCOME, "target")
    assert json.loads(capsys.readouterr().out.splitlines()[1])["Records"] == [9.0]

"""One summary line and one EMF record an invocation; nothing of an event, at any log level."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ots_local.tablestore import TableStore
from ots_sync.errors import RejectedError
from ots_sync.outcome import Outcome
from ots_sync.telemetry import Telemetry
from tests.support.builders import event, item, record
from tests.support.handler import DOOR, create_table

_voices = count(1)


def spoken(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> tuple[Any, Any]:
    """The summary line and the EMF record of an outcome."""
    Telemetry(f"voice-{next(_voices)}", "namespace").report(outcome, "target")
    line, emf = capsys.readouterr().out.splitlines()
    return json.loads(line), json.loads(emf)


BUSY = Outcome(
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


def test_summary_line(capsys: pytest.CaptureFixture[str]) -> None:
    line, _ = spoken(BUSY, capsys)
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


def test_metrics_of_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """CloudWatch's embedded format: each value stands under a name that the directive declares."""
    _, emf = spoken(BUSY, capsys)
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


def test_trouble_is_a_warning_that_says_where_it_begins(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = Outcome(records=2, unprocessed=[record(number="12"), record(number="9")])
    outcome.unprocessed_codes.update(DeadlineExceeded=2)
    outcome.add_rejection(record(number="7"), RejectedError("Code", "reason"))
    line, _ = spoken(outcome, capsys)
    assert (line["level"], line["first_unprocessed"], line["unprocessed_codes"]) == (
        "WARNING",
        "9",
        {"DeadlineExceeded": 2},
    )
    assert line["rejections"] == [{"sequence_number": "7", "code": "Code", "reason": "reason"}]
    assert (line["rejected"], line["unprocessed"]) == (1, 2)


def test_metrics_of_one_invocation_are_not_those_of_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice = Telemetry(f"voice-{next(_voices)}", "namespace")
    for records in (1, 2):
        voice.report(Outcome(records=records), "target")
        *_, emf = capsys.readouterr().out.splitlines()
        assert json.loads(emf)["Records"] == [records]


def test_metrics_that_are_switched_off_do_not_pile_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is printed then, and a container that lives long must not grow."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    voice = Telemetry(f"voice-{next(_voices)}", "namespace")
    voice.report(BUSY, "target")
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    voice.report(BUSY, "target")
    assert json.loads(capsys.readouterr().out.splitlines()[1])["Records"] == [9.0]


# Each value of the events below, each key, and the access key's secret hold this word.
CANARY = "canary"

PROGRAM = """
import json, logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
import lambda_function
for logger in list(logging.Logger.manager.loggerDict):
    if not logger.startswith(("tablestore", "urllib3", "boto", "s3transfer")):
        logging.getLogger(logger).setLevel(logging.DEBUG)
for whole in json.load(sys.stdin):
    try:
        print("ANSWER", lambda_function.lambda_handler(whole, None))
    except Exception as error:
        logging.getLogger().exception("raised")
"""


def told_events() -> list[Any]:
    """Events that succeed, are refused, are malformed, and fail as a whole."""
    text = {"S": f"{CANARY}-value"}
    good = item(f"{CANARY}-key", a=text, b={"L": [{"M": {"c": text}}]}, d={"SS": [CANARY]})
    bad = [
        {"N": f"{CANARY}"},
        {"B": f"{CANARY}!"},
        {"L": [{"S": CANARY, "N": "1"}]},
        {"BOOL": CANARY},
        {"X": CANARY},
        {"S": f"{CANARY}\ud800"},
        {"NS": [CANARY]},
        {"S": CANARY * 400_000},
    ]
    refused = [record(new=item(f"{CANARY}-{n}", a=value)) for n, value in enumerate(bad)]
    long_key = record(new=item(CANARY * 200))
    fraction = record(Keys={"user_id": {"S": CANARY}, "action_time": {"S": CANARY}})
    return [
        event(record(new=good), record(good, item(f"{CANARY}-key", e=text))),
        event(record(new=good), *refused, long_key, CANARY, {"dynamodb": CANARY}),
        event(record(good, None)),
        event(fraction),
        event(record(Keys={"id": text})),
        event({**record(new=good), "eventSource": CANARY}),
        {"other": CANARY},
    ]


@pytest.mark.parametrize("keeps", [True, False], ids=["quarantine", "no-quarantine"])
def test_nothing_of_an_event_and_no_secret_is_ever_told(keeps: bool, tmp_path: Path) -> None:
    """Every log level at DEBUG, Powertools asked to log the event, the root logger listening."""
    with TableStore(access_key_id=f"{CANARY}-id", access_key_secret=f"{CANARY}-secret") as store:
        environ = create_table(store, "target")
        if keeps:
            environ["QUARANTINE"] = tmp_path.as_uri()
        program = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=DOOR.parent,
            input=json.dumps(told_events()),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={
                **os.environ,
                **environ,
                "POWERTOOLS_LOGGER_LOG_EVENT": "true",
                "POWERTOOLS_LOG_LEVEL": "DEBUG",
                "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
                "POWERTOOLS_DEV": str(keeps).lower(),
                "POWERTOOLS_DEBUG": "true",
            },
        )
        assert store.rows("target") == {}
    said = program.stdout + program.stderr
    answers = [line for line in said.splitlines() if line.startswith("ANSWER ")]
    assert len(answers) == (3 if keeps else 2)
    assert '"message":"invocation"' in said.replace(" ", "")
    assert "MalformedNumber" in said
    assert "DEBUG" in said
    assert CANARY not in said

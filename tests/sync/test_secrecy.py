"""Test that the output of the function contains no secret and no data, and no forged line.

The tests search everything that the function prints, with the loggers of all libraries at DEBUG and
Powertools set to log events: for successful invocations, failed rows and failed invocations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tablestore import CapacityUnit, OTSClient, ReservedThroughput, TableMeta, TableOptions

from ots_local.tablestore import TableStore
from tests.support.builders import event, item, record
from tests.support.handler import create_table
from tests.support.paths import ROOT

SECRETS = {
    "OTS_ID": "MarkedAccessKeyId",
    "OTS_SECRET": "MarkedAccessKeySecret",
    "OTS_STS_TOKEN": "MarkedToken",
}
FORGED = '\n{"level": "ERROR", "message": "forged"}\n[ERROR] forged\r\n'
LOG_EVERYTHING = {
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_DEBUG": "true",
    "LOG_LEVEL": "DEBUG",
}

VALUES = {
    "text": {"S": "MarkedValue"},
    "number": {"N": "42004200"},
    "binary": {"B": "TWFya2VkQmluYXJ5"},
    "map": {"M": {"inner": {"S": "MarkedInner"}}},
    f"name{FORGED}": {"S": "x"},
}
MARKERS = ["Marked", "4200420", "TWFya2Vk", "HMAC", "x-ots-signature"]


def run_handler(environ: Mapping[str, str], *events: Any) -> str:
    """Return what the function prints in another process."""
    child_environ = {**os.environ, **environ, **LOG_EVERYTHING, "PYTHONWARNINGS": "default"}
    completed = subprocess.run(
        [sys.executable, "-m", "tests.support.debug_handler"],
        input="\n".join(map(json.dumps, events)),
        cwd=ROOT,
        env=child_environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "last-line:logged at DEBUG" in completed.stdout
    return completed.stdout + completed.stderr


def valid_record() -> Any:
    return record(new=item("MarkedKey", 42004200, **VALUES))


def rejected_record() -> Any:
    """Return a record with an invalid value and an invalid name."""
    invalid = {"MarkedNot": {"N": "MarkedNumber"}, **VALUES}
    return record(new=item("MarkedKey", 42004201, **{f"odd{FORGED}": {"N": "Marked"}}, **invalid))


def malformed_record() -> Any:
    return record(new=item("MarkedKey"), Keys="MarkedKey", SequenceNumber=f"1{FORGED}")


CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "success": ({}, {}),
    "rows-fail-with-v4-signature": (
        {"OTS_REGION": "cn-hangzhou"},
        {"kind": "row_error", "codes": ["OTSServerBusy"], "times": 2},
    ),
    "request-rejected": ({}, {"kind": "request_error", "codes": ["OTSParameterInvalid"]}),
    "response-truncated": ({}, {"kind": "truncated", "times": 1}),
    "wrong-access-key": ({"OTS_SECRET": "MarkedWrong"}, {}),
    "table-missing": ({"TABLE_NAME": "elsewhere"}, {}),
    "wrong-primary-key": ({"PRIMARY_KEY": "id"}, {}),
    "invalid-settings": ({"OTS_ENDPOINT": "Marked://x", "PRIMARY_KEY": "a,a"}, {}),
    "verbatim-names": ({"COLUMN_NAMES": "verbatim"}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_output_contains_no_secret_no_data_and_no_forged_line(case: str, tmp_path: Path) -> None:
    environ, fault = CASES[case]
    with TableStore(
        access_key_id=SECRETS["OTS_ID"],
        access_key_secret=SECRETS["OTS_SECRET"],
        sts_token=SECRETS["OTS_STS_TOKEN"],
        any_column_names=True,
    ) as store:
        target = create_table_with_token(store)
        if fault:
            store.faults.add(**fault)
        quarantine = {"QUARANTINE": f"file://{tmp_path}"} if case == "success" else {}
        output = run_handler(
            {**target, **SECRETS, "OTS_TIMEOUT": "1", **quarantine, **environ},
            event(valid_record()),
            event(rejected_record()),
            event(valid_record(), rejected_record(), malformed_record()),
        )
    for marker in MARKERS:
        assert marker not in output.replace("Marked://x", ""), marker
    for line in output.splitlines():
        assert not line.startswith(("[ERROR]", '{"level": "ERROR"'))
        if line.startswith("{"):
            json.loads(line)


def create_table_with_token(store: TableStore) -> dict[str, str]:
    """Create a target table in a Table Store that requires a token; return its environment."""
    client = OTSClient(
        store.endpoint,
        *list(SECRETS.values())[:2],
        store.instance,
        sts_token=SECRETS["OTS_STS_TOKEN"],
    )
    key = [("user_id", "STRING"), ("action_time", "INTEGER")]
    client.create_table(
        TableMeta("target", key), TableOptions(), ReservedThroughput(CapacityUnit(0, 0))
    )
    return {**store.environ(), "TABLE_NAME": "target", "PRIMARY_KEY": "user_id,action_time"}


# Every value, every key and the access key below contain this word.
CANARY = "canary"


def canary_events() -> list[Any]:
    """Return events that succeed, contain rejected or malformed records, or fail as a whole."""
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
    rejected = [record(new=item(f"{CANARY}-{n}", a=value)) for n, value in enumerate(bad)]
    long_key = record(new=item(CANARY * 200))
    text_key = record(Keys={"user_id": {"S": CANARY}, "action_time": {"S": CANARY}})
    return [
        event(record(new=good), record(good, item(f"{CANARY}-key", e=text))),
        event(record(new=good), *rejected, long_key, CANARY, {"dynamodb": CANARY}),
        event(record(good, None)),
        event(text_key),
        event(record(Keys={"id": text})),
        event({**record(new=good), "eventSource": CANARY}),
        {"other": CANARY},
    ]


@pytest.mark.parametrize("has_quarantine", [True, False], ids=["quarantine", "no-quarantine"])
def test_output_contains_no_data_of_any_event_and_no_secret(
    has_quarantine: bool, tmp_path: Path
) -> None:
    """Powertools is set to log events, and indents its JSON in one of the cases."""
    with TableStore(access_key_id=f"{CANARY}-id", access_key_secret=f"{CANARY}-secret") as store:
        environ = {**create_table(store, "target"), "POWERTOOLS_DEV": str(has_quarantine).lower()}
        if has_quarantine:
            environ["QUARANTINE"] = tmp_path.as_uri()
        output = run_handler(environ, *canary_events())
        assert store.rows("target") == {}
    responses = [line for line in output.splitlines() if line.startswith("RESPONSE ")]
    assert len(responses) == (3 if has_quarantine else 2)
    assert '"message":"invocation"' in output.replace(" ", "")
    assert "MalformedNumber" in output
    assert "DEBUG" in output
    assert CANARY not in output

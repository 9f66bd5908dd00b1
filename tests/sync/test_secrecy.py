"""No key, token, signature, item value or key value is ever told, and nobody forges a line.

Everything that the function prints is looked through, with every library's logging at DEBUG and
Powertools told to log events: where all is well, where rows fail, and where nothing works.
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
from tests.support.paths import ROOT

SECRETS = {
    "OTS_ID": "MarkedAccessKeyId",
    "OTS_SECRET": "MarkedAccessKeySecret",
    "OTS_STS_TOKEN": "MarkedToken",
}
FORGED = '\n{"level": "ERROR", "message": "forged"}\n[ERROR] forged\r\n'
NOISE = {
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
MARKS = ["Marked", "4200420", "TWFya2Vk", "HMAC", "x-ots-signature"]


def told(environ: Mapping[str, str], *events: Any) -> str:
    """What the function prints in a process of its own."""
    child = {**os.environ, **environ, **NOISE, "PYTHONWARNINGS": "default"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.noisy_function"],
        input="\n".join(map(json.dumps, events)),
        cwd=ROOT,
        env=child,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "the-end:was logged" in ended.stdout  # DEBUG is on
    return ended.stdout + ended.stderr


def good() -> Any:
    """A record full of marks."""
    return record(new=item("MarkedKey", 42004200, **VALUES))


def bad() -> Any:
    """One that is refused, by a value and by a name."""
    wrong = {"MarkedNot": {"N": "MarkedNumber"}, **VALUES}
    return record(new=item("MarkedKey", 42004201, **{f"odd{FORGED}": {"N": "Marked"}}, **wrong))


def broken() -> Any:
    """One that cannot even be read."""
    return record(new=item("MarkedKey"), Keys="MarkedKey", SequenceNumber=f"1{FORGED}")


CASES = {
    "all is well": ({}, {}),
    "rows fail, signed by V4": (
        {"OTS_REGION": "cn-hangzhou"},
        {"kind": "row_error", "codes": ["OTSServerBusy"], "times": 2},
    ),
    "a request is refused": ({}, {"kind": "request_error", "codes": ["OTSParameterInvalid"]}),
    "answers break off": ({}, {"kind": "truncated", "times": 1}),
    "the key is wrong": ({"OTS_SECRET": "MarkedWrong"}, {}),
    "the table is missing": ({"TABLE_NAME": "elsewhere"}, {}),
    "the keys are other ones": ({"PRIMARY_KEY": "id"}, {}),
    "the settings are wrong": ({"OTS_ENDPOINT": "Marked://x", "PRIMARY_KEY": "a,a"}, {}),
    "verbatim names": ({"COLUMN_NAMES": "verbatim"}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_told(case: str, tmp_path: Path) -> None:
    environ, fault = CASES[case]
    with TableStore(
        access_key_id=SECRETS["OTS_ID"],
        access_key_secret=SECRETS["OTS_SECRET"],
        sts_token=SECRETS["OTS_STS_TOKEN"],
        any_column_names=True,
    ) as store:
        target = table_of(store)
        if fault:
            store.faults.add(**fault)
        place = {"QUARANTINE": f"file://{tmp_path}"} if case == "all is well" else {}
        text = told(
            {**target, **SECRETS, "OTS_TIMEOUT": "1", **place, **environ},
            event(good()),
            event(bad()),
            event(good(), bad(), broken()),
        )
    for mark in MARKS:
        assert mark not in text.replace("Marked://x", ""), mark
    for line in text.splitlines():
        assert not line.startswith(("[ERROR]", '{"level": "ERROR"'))
        if line.startswith("{"):
            json.loads(line)


def table_of(store: TableStore) -> dict[str, str]:
    """A target in a store that takes requests with its token only."""
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

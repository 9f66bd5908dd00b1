"""The demo, run as a person runs it: what it shows is so, and what differs is found."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from ots_local.demo.command import demo
from ots_local.demo.stream import MAPPING
from ots_local.dynamodb import DynamoDB
from tests.local.run_local import ROOT, SOMEONES_SETTINGS, run_local
from tests.support.cloudformation import properties, resolved


def test_demo_shows_the_row_and_proves_both_tables_equal(tmp_path: Path) -> None:
    """Whatever the shell holds: three tables, the numbers, exit code 0, the log in its file."""
    log = tmp_path / "log"
    bogus = {"COLUMN_NAMES": "bogus", "TABLE_NAME": "1", "PRIMARY_KEY": "x", "QUARANTINE": "?"}
    done = run_local("demo", "--changes", "300", "--log", log, **SOMEONES_SETTINGS, **bogus)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    shown = done.stdout
    assert re.search(r"number_2 +│ Double +│ 2\.3 ", shown)
    assert re.search(r"number_2 +│ Integer +│ 3 +│ changed ", shown)
    assert re.search(r"binary_set +│ +│ +│ gone ", shown)
    assert "no such row any more" in shown
    assert re.search(r"changes made in DynamoDB │ 300 ", shown)
    assert re.search(r"records from its stream +│ 300 ", shown)
    assert re.search(r"both tables +│ equal: \d+ rows, every cell and its type", shown)
    assert '"message"' not in shown
    assert max(map(len, shown.splitlines()[:-1])) <= 80, "all but the log's place, to be copied"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    summaries = [line for line in lines if line.get("message") == "invocation"]
    assert sum(line["records"] for line in summaries) == 303
    assert "secret" not in log.read_text("utf-8") + shown.replace("OTS_SECRET", "")


def test_function_that_acknowledges_what_it_did_not_write_is_found_out(tmp_path: Path) -> None:
    """The proof reads both tables; it does not believe the function."""
    for name in ("ots_sync", "ots_local", "config", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    door = (ROOT / "lambda_function.py").read_text("utf-8")
    honest = "return ots_client.batch_write_row(client, settings().table_name, put_row_items)"
    assert honest in door
    lie = (
        "written = put_row_items[:1]\n"
        "    answers = ots_client.batch_write_row(client, settings().table_name, written)\n"
        "    return [*answers, *[None] * (len(put_row_items) - 1)]"
    )
    (tmp_path / "lambda_function.py").write_text(door.replace(honest, lie), "utf-8")
    done = run_local("demo", "--changes", "40", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "NOT equal" in done.stdout
    assert re.search(r"row \('user-\d+', \d+\) is missing", done.stdout)


def test_dynamodb_elsewhere_is_left_as_it_was(dynamodb: DynamoDB) -> None:
    before = dynamodb.tables.list_tables()["TableNames"]
    done = run_local("demo", "--changes", "20", "--dynamodb", dynamodb.endpoint, "--verbose")
    assert done.returncode == 0, done.stderr
    assert f"DynamoDB on {dynamodb.endpoint}" in done.stdout
    assert '"message":"invocation"' in done.stderr, "--verbose shows the function's own log"
    assert dynamodb.tables.list_tables()["TableNames"] == before


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("http://192.0.2.1:8000", "--yes"),
        ("aws", "--yes"),
        ("nonsense", "is no endpoint"),
        ("ftp://127.0.0.1", "is no endpoint"),
    ],
)
def test_dynamodb_of_others_is_refused(endpoint: str, says: str, tmp_path: Path) -> None:
    """Off this machine nothing is made without --yes; the tests could not reach it anyway."""
    done = CliRunner().invoke(demo, ["--dynamodb", endpoint, "--log", str(tmp_path / "log")])
    assert done.exit_code in (1, 2)
    assert says in " ".join(done.output.split())


def test_interrupt_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C reaches the whole process group, as a terminal sends it."""
    running = subprocess.Popen(
        [sys.executable, "-m", "ots_local", "demo", "--log", str(tmp_path / "log")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    with running:
        for line in running.stdout:
            if line.startswith("DynamoDB on"):
                break
        children = psutil.Process(running.pid).children(recursive=True)
        assert children, "ministack runs in a process of its own"
        os.killpg(running.pid, signal.SIGINT)
        said = running.stdout.read()
        assert running.wait(timeout=30) != 0
    assert "Traceback" not in said
    assert not [child for child in children if child.is_running()]


def test_mapping_is_the_templates() -> None:
    """What the demo shows is what template.yaml deploys."""
    theirs = properties(resolved(), "SyncFunctionStream")
    assert {
        "BatchSize": MAPPING.batch_size,
        "MaximumBatchingWindowInSeconds": MAPPING.maximum_batching_window_s,
        "ParallelizationFactor": MAPPING.parallelization_factor,
        "BisectBatchOnFunctionError": MAPPING.bisect_batch_on_function_error,
        "MaximumRetryAttempts": MAPPING.maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": MAPPING.maximum_record_age_s,
        "StartingPosition": MAPPING.starting_position,
        "FunctionResponseTypes": ["ReportBatchItemFailures"]
        if MAPPING.report_batch_item_failures
        else [],
    }.items() <= theirs.items()

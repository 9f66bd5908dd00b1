"""Test the demo in a process of its own: what it shows, and that it finds differences."""

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
from ots_local.demo.replication import MAPPING
from ots_local.dynamodb import DynamoDB
from tests.support.cloudformation import properties, resolved
from tests.support.paths import ROOT
from tests.support.run_local import OTHER_SETTINGS, restore_sigint, run_local


def test_demo_shows_each_row_and_that_both_tables_are_equal(tmp_path: Path) -> None:
    """The settings in the shell, valid or not, have no effect; the log is in its file."""
    log = tmp_path / "log"
    bogus = {"COLUMN_NAMES": "bogus", "TABLE_NAME": "1", "PRIMARY_KEY": "x", "QUARANTINE": "?"}
    done = run_local("demo", "--changes", "300", "--log", log, environ={**OTHER_SETTINGS, **bogus})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    output = done.stdout
    assert re.search(r"number_2 +│ Double +│ 2\.3 ", output)
    assert re.search(r"number_2 +│ Integer +│ 3 +│ changed ", output)
    assert re.search(r"binary_set +│ +│ +│ deleted ", output)
    assert "the row does not exist" in output
    assert re.search(r"changes made in DynamoDB │ 300 ", output)
    assert re.search(r"records in its stream +│ 300 ", output)
    assert re.search(r"both tables +│ equal: \d+ rows, every cell and its type", output)
    assert '"message"' not in output
    # The last line is the path of the log; it is not wrapped, so that it can be copied.
    assert max(map(len, output.splitlines()[:-1])) <= 80
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    summaries = [line for line in lines if line.get("message") == "invocation"]
    assert sum(line["records"] for line in summaries) == 303
    assert "secret" not in log.read_text("utf-8") + output.replace("OTS_SECRET", "")


def test_demo_detects_rows_that_the_function_only_claims_to_write(tmp_path: Path) -> None:
    """The comparison reads both tables and does not rely on the function's response."""
    for name in ("ots_sync", "ots_tools", "ots_local", "config", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    source = (ROOT / "lambda_function.py").read_text("utf-8")
    original = "return ots_client.batch_write_row(client, settings().table_name, put_row_items)"
    assert original in source
    incomplete = (
        "written = put_row_items[:1]\n"
        "    errors = ots_client.batch_write_row(client, settings().table_name, written)\n"
        "    return [*errors, *[None] * (len(put_row_items) - 1)]"
    )
    (tmp_path / "lambda_function.py").write_text(source.replace(original, incomplete), "utf-8")
    done = run_local("demo", "--changes", "40", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "NOT equal" in done.stdout
    assert re.search(r"row \('user-\d+', \d+\) is missing", done.stdout)


def test_demo_deletes_its_table_from_another_dynamodb(dynamodb: DynamoDB) -> None:
    before = dynamodb.tables.list_tables()["TableNames"]
    done = run_local("demo", "--changes", "20", "--dynamodb", dynamodb.endpoint, "--verbose")
    assert done.returncode == 0, done.stderr
    assert f"DynamoDB on {dynamodb.endpoint}" in done.stdout
    assert '"message":"invocation"' in done.stderr, "--verbose shows the log of the function"
    assert dynamodb.tables.list_tables()["TableNames"] == before


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("http://192.0.2.1:8000", "--yes"),
        ("aws", "--yes"),
        ("nonsense", "is not an endpoint"),
        ("ftp://127.0.0.1", "is not an endpoint"),
    ],
)
def test_remote_dynamodb_needs_yes_and_a_valid_endpoint(
    endpoint: str, message: str, tmp_path: Path
) -> None:
    """Without --yes nothing is created on another machine; tests cannot connect to one anyway."""
    done = CliRunner().invoke(demo, ["--dynamodb", endpoint, "--log", str(tmp_path / "log")])
    assert done.exit_code in (1, 2)
    assert message in " ".join(done.output.split())


def test_ctrl_c_leaves_no_process_running(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the whole process group."""
    running = subprocess.Popen(
        [sys.executable, "-m", "ots_local", "demo", "--log", str(tmp_path / "log")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=restore_sigint,
    )
    assert running.stdout is not None
    with running:
        for line in running.stdout:
            if line.startswith("DynamoDB on"):
                break
        children = psutil.Process(running.pid).children(recursive=True)
        assert children, "ministack runs in its own process"
        os.killpg(running.pid, signal.SIGINT)
        output = running.stdout.read()
        assert running.wait(timeout=30) != 0
    assert "Traceback" not in output
    assert not [child for child in children if child.is_running()]


def test_mapping_equals_that_of_the_template() -> None:
    """The demo uses the mapping that template.yaml deploys."""
    deployed = properties(resolved(), "SyncFunctionStream")
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
    }.items() <= deployed.items()

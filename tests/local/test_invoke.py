"""Test the command `invoke`: rows, exit codes, and that a real target is used only on request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tablestore import OTSClient

from ots_local.invoke.command import invoke
from ots_local.tablestore import TableStore
from ots_local.target_table import create_target_table
from tests.support.paths import EVENTS
from tests.support.run_local import OTHER_SETTINGS, run_local

PUT, UPDATE, DELETE = (EVENTS / f"test_data_{name}.json" for name in ("put", "update", "delete"))


def file_options(tmp_path: Path) -> list[str]:
    """Return the options for the rows and the log of one test."""
    return ["--data", str(tmp_path / "rows.sqlite"), "--log", str(tmp_path / "log")]


def test_rows_persist_between_calls_and_the_real_target_is_not_used(tmp_path: Path) -> None:
    """One call puts the row, the next one updates and deletes it; --fresh deletes all rows."""
    first = run_local("invoke", PUT, *file_options(tmp_path), environ=OTHER_SETTINGS)
    assert first.returncode == 0, first.stderr
    assert re.search(
        r"Writing to http://127\.0\.0\.1:\d+, instance local, table target", first.stdout
    )
    assert re.search(r"number_2 +│ - +│ Double 2\.3 +│ new", first.stdout)
    assert 'lambda_handler returned {"batchItemFailures": []}' in first.stdout
    second = run_local("invoke", UPDATE, DELETE, *file_options(tmp_path), columns=120)
    assert second.returncode == 0, second.stderr
    assert re.search(r"number_2 +│ Double 2\.3 +│ Integer 3 +│ changed", second.stdout)
    assert re.search(r"number_2 +│ Integer 3 +│ - +│ deleted", second.stdout)
    fresh = run_local("invoke", DELETE, "--fresh", *file_options(tmp_path))
    assert fresh.returncode == 0, fresh.stderr
    assert "no row before or after" in fresh.stdout
    assert str(tmp_path / "log") in fresh.stdout
    assert '"message":"invocation"' in (tmp_path / "log").read_text("utf-8")


def test_row_settings_come_from_the_environment(tmp_path: Path) -> None:
    row_settings = {
        "TABLE_NAME": "mine",
        "COLUMN_TYPES": "number:String",
        "PRIMARY_KEY": "action_time,user_id",
    }
    done = run_local("invoke", PUT, *file_options(tmp_path), environ=row_settings)
    assert done.returncode == 0, done.stderr
    assert "table mine" in done.stdout
    assert "action_time 1529280000, user_id 'sample-user'" in done.stdout
    assert re.search(r"number +│ - +│ String '123'", done.stdout)
    again = CliRunner(env={"TABLE_NAME": "mine"}).invoke(
        invoke, [str(PUT), *file_options(tmp_path)]
    )
    assert again.exit_code == 1
    assert "primary key action_time integer, user_id string, not user_id string" in again.output
    assert "Use --fresh to start again" in again.output


def test_unprocessed_records_end_with_1_and_stop_before_the_next_event(tmp_path: Path) -> None:
    """The valid rows of the event are written, as in Lambda; the next event is not sent."""
    done = run_local("invoke", EVENTS / "poison.json", PUT, *file_options(tmp_path))
    assert done.returncode == 1
    assert "'sample-good-3'" in done.stdout
    assert "raised UnprocessedRecordsError: 8 of 11 records are unprocessed" in done.stdout
    assert re.search(r"rejected 1529280000000000000000085: .*number", done.stdout)
    assert "test_data_put.json" not in done.stdout


def test_quarantined_records_count_as_processed_and_are_shown(tmp_path: Path) -> None:
    quarantine = tmp_path / "quarantine"
    done = run_local(
        "invoke",
        EVENTS / "poison.json",
        *file_options(tmp_path),
        "--verbose",
        environ={"QUARANTINE": quarantine.as_uri()},
    )
    assert done.returncode == 0, done.stderr
    assert "rejected 8, quarantined 8, unprocessed 0" in done.stdout
    assert '"message":"invocation"' in done.stdout
    assert len(list(quarantine.rglob("*.json"))) == 8


def test_event_of_another_kind_shows_the_error_of_the_function(tmp_path: Path) -> None:
    done = run_local("invoke", EVENTS / "no_records.json", *file_options(tmp_path))
    assert done.returncode == 1
    assert "raised ConfigurationError: The event has no list 'Records'" in done.stdout


def test_target_env_shows_its_target_and_writes_there(
    tmp_path: Path, table_store: TableStore
) -> None:
    client = OTSClient(
        table_store.endpoint,
        table_store.access_key_id,
        table_store.access_key_secret,
        table_store.instance,
    )
    create_target_table(client, "real", {"user_id": str, "action_time": int})
    environ = {
        **table_store.environ(),
        "TABLE_NAME": "real",
        "PRIMARY_KEY": "user_id,action_time",
    }
    done = run_local("invoke", "--target", "env", PUT, *file_options(tmp_path), environ=environ)
    assert done.returncode == 0, done.stderr
    where = f"Writing to {table_store.endpoint}, instance local, table real"
    assert done.stdout.index(where) < done.stdout.index("lambda_handler returned")
    assert re.search(r"number_2 +│ - +│ Double 2\.3 +│ new", done.stdout)
    assert table_store.rows("real")[("sample-user", 1529280000)]["number_2"] == 2.3
    assert not (tmp_path / "rows.sqlite").exists()


@pytest.mark.parametrize(
    ("environ", "code", "messages"),
    [
        ({}, 2, ["OTS_INSTANCE: missing", "TABLE_NAME: missing", "PRIMARY_KEY: missing"]),
        (
            {
                "OTS_ID": "id",
                "OTS_SECRET": "word",
                "OTS_INSTANCE": "inst",
                "OTS_ENDPOINT": "http://127.0.0.1:1",
                "TABLE_NAME": "target",
                "PRIMARY_KEY": "user_id,action_time",
            },
            1,
            ["Table Store does not respond at the configured endpoint"],
        ),
    ],
    ids=["no settings", "no server"],
)
def test_target_env_that_cannot_be_used_is_an_error_before_sending(
    environ: dict[str, str], code: int, messages: list[str], tmp_path: Path
) -> None:
    done = CliRunner(env=environ).invoke(
        invoke, ["--target", "env", str(PUT), *file_options(tmp_path)]
    )
    assert done.exit_code == code
    output = " ".join(done.output.split())
    assert all(message in output for message in messages)
    assert "lambda_handler" not in done.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"", "is not JSON: line 1, column 1"),
        (b'{"Records": [}', "is not JSON: line 1, column 14"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[" * 200_000, "is nested too deeply"),
    ],
    ids=["missing", "empty", "malformed", "not text", "deep"],
)
def test_file_that_is_not_an_event_is_rejected_before_sending(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_bytes(content)
    done = CliRunner().invoke(invoke, [str(PUT), str(path), *file_options(tmp_path)])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "rows.sqlite").exists()


def test_fresh_is_rejected_for_a_real_table(tmp_path: Path) -> None:
    options = ["--target", "env", "--fresh", *file_options(tmp_path)]
    assert CliRunner().invoke(invoke, [str(PUT), *options]).exit_code == 2


def test_data_file_that_is_not_a_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rows.sqlite").write_text("not a database, but as long as the header of one")
    done = CliRunner().invoke(invoke, [str(PUT), *file_options(tmp_path)])
    assert done.exit_code == 1
    assert "Use --fresh to start again" in done.output

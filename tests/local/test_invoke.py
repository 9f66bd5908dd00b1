"""The Test button: events go through the handler, rows stay, nothing real is touched unasked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tablestore import OTSClient

from ots_local import target_table
from ots_local.invoke import invoke
from ots_local.tablestore import TableStore
from tests.local.run_local import ROOT, SOMEONES_SETTINGS, run_local

EVENTS = ROOT / "events"
PUT, UPDATE, DELETE = (EVENTS / f"test_data_{name}.json" for name in ("put", "update", "delete"))


def files(tmp_path: Path) -> list[str]:
    """Options that keep a test's rows and log to itself."""
    return ["--data", str(tmp_path / "kept.sqlite"), "--log", str(tmp_path / "log")]


def test_rows_stay_between_calls_and_the_shells_own_target_is_not_touched(tmp_path: Path) -> None:
    """Put in one call, update and delete in the next; --fresh forgets."""
    first = run_local("invoke", PUT, *files(tmp_path), **SOMEONES_SETTINGS)
    assert first.returncode == 0, first.stderr
    assert re.search(
        r"Writing to http://127\.0\.0\.1:\d+, instance local, table target", first.stdout
    )
    assert re.search(r"number_2 +│ - +│ Double 2\.3 +│ new", first.stdout)
    assert 'lambda_handler answered {"batchItemFailures": []}' in first.stdout
    second = run_local("invoke", UPDATE, DELETE, *files(tmp_path), columns=120)
    assert second.returncode == 0, second.stderr
    assert re.search(r"number_2 +│ Double 2\.3 +│ Integer 3 +│ changed", second.stdout)
    assert re.search(r"number_2 +│ Integer 3 +│ - +│ gone", second.stdout)
    fresh = run_local("invoke", DELETE, "--fresh", *files(tmp_path))
    assert fresh.returncode == 0, fresh.stderr
    assert "no row, neither before nor after" in fresh.stdout
    assert str(tmp_path / "log") in fresh.stdout
    assert '"message":"invocation"' in (tmp_path / "log").read_text("utf-8")


def test_settings_that_shape_rows_are_the_users(tmp_path: Path) -> None:
    shape = {"COLUMN_TYPES": "number:String", "PRIMARY_KEY": "action_time,user_id"}
    done = run_local("invoke", PUT, *files(tmp_path), TABLE_NAME="mine", **shape)
    assert done.returncode == 0, done.stderr
    assert "table mine" in done.stdout
    assert "action_time 1529280000, user_id 'sample-user'" in done.stdout
    assert re.search(r"number +│ - +│ String '123'", done.stdout)
    again = CliRunner(env={"TABLE_NAME": "mine"}).invoke(invoke, [str(PUT), *files(tmp_path)])
    assert again.exit_code == 1
    assert "primary key action_time integer, user_id string, not user_id string" in again.output
    assert "--fresh begins anew" in again.output


def test_what_is_not_done_ends_with_1_and_stops_the_rest(tmp_path: Path) -> None:
    """The good rows of the event are written, as in Lambda; the next event is not sent."""
    done = run_local("invoke", EVENTS / "poison.json", PUT, *files(tmp_path))
    assert done.returncode == 1
    assert "'sample-good-3'" in done.stdout
    assert "raised UnprocessedRecordsError: 8 of 11 records are unprocessed" in done.stdout
    assert re.search(r"rejected 1529280000000000000000085: .*number", done.stdout)
    assert "test_data_put.json" not in done.stdout


def test_refused_records_in_a_quarantine_are_done_but_told(tmp_path: Path) -> None:
    kept = tmp_path / "quarantine"
    done = run_local(
        "invoke", EVENTS / "poison.json", *files(tmp_path), "--verbose", QUARANTINE=kept.as_uri()
    )
    assert done.returncode == 0, done.stderr
    assert "rejected 8, in quarantine 8, unprocessed 0" in done.stdout
    assert '"message":"invocation"' in done.stdout
    assert len(list(kept.rglob("*.json"))) == 8


def test_event_of_another_kind_is_told_by_the_function_itself(tmp_path: Path) -> None:
    done = run_local("invoke", EVENTS / "no_records.json", *files(tmp_path))
    assert done.returncode == 1
    assert "raised ConfigurationError: The event has no list 'Records'" in done.stdout


def test_target_env_says_where_and_writes_there(tmp_path: Path, table_store: TableStore) -> None:
    client = OTSClient(
        table_store.endpoint,
        table_store.access_key_id,
        table_store.access_key_secret,
        table_store.instance,
    )
    target_table.create(client, "real", {"user_id": str, "action_time": int})
    environ = {
        **table_store.environ(),
        "TABLE_NAME": "real",
        "PRIMARY_KEY": "user_id,action_time",
    }
    done = run_local("invoke", "--target", "env", PUT, *files(tmp_path), **environ)
    assert done.returncode == 0, done.stderr
    where = f"Writing to {table_store.endpoint}, instance local, table real"
    assert done.stdout.index(where) < done.stdout.index("lambda_handler answered")
    assert re.search(r"number_2 +│ - +│ Double 2\.3 +│ new", done.stdout)
    assert table_store.rows("real")[("sample-user", 1529280000)]["number_2"] == 2.3
    assert not (tmp_path / "kept.sqlite").exists()


@pytest.mark.parametrize(
    ("environ", "code", "says"),
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
            ["No Table Store answers there"],
        ),
    ],
    ids=["no settings", "nobody there"],
)
def test_target_env_that_cannot_be_used(
    environ: dict[str, str], code: int, says: list[str], tmp_path: Path
) -> None:
    """Before anything is sent, with what is missing."""
    done = CliRunner(env=environ).invoke(invoke, ["--target", "env", str(PUT), *files(tmp_path)])
    assert done.exit_code == code
    assert all(part in done.output for part in says)
    assert "lambda_handler" not in done.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        (b"", "is not JSON: line 1, column 1"),
        (b'{"Records": [}', "is not JSON: line 1, column 14"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[" * 200_000, "is nested too deep"),
    ],
    ids=["missing", "empty", "broken", "not text", "deep"],
)
def test_file_that_is_no_event_is_refused_before_anything_is_sent(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_bytes(content)
    done = CliRunner().invoke(invoke, [str(PUT), str(path), *files(tmp_path)])
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())
    assert not (tmp_path / "kept.sqlite").exists()


def test_fresh_is_nothing_for_a_real_table(tmp_path: Path) -> None:
    options = ["--target", "env", "--fresh", *files(tmp_path)]
    assert CliRunner().invoke(invoke, [str(PUT), *options]).exit_code == 2


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "kept.sqlite").write_text("something else, for long enough to be looked at")
    done = CliRunner().invoke(invoke, [str(PUT), *files(tmp_path)])
    assert done.exit_code == 1
    assert "--fresh begins anew" in done.output

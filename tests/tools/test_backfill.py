"""Test `backfill`: scans and exports, rejected steps, interruptions, messages and exit codes."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ots_tools.plan import LoadLimits, estimate_export, estimate_scan
from tests.support import exports
from tests.support.builders import item
from tests.support.exports import T0, full_line, increment_line
from tests.tools.support.migration_environment import MigrationEnvironment

A, B, C = (item(name, 1, v={"N": "1"}) for name in "abc")


def newer(one: dict[str, Any], value: int) -> dict[str, Any]:
    return {**one, "v": {"N": str(value)}}


def write_exports(env: MigrationEnvironment) -> dict[str, str]:
    """Write a full export, two increments, and an increment that leaves a gap; return folders."""
    arn = env.source.tables.describe_table(TableName=env.source.name)["Table"]["TableArn"]

    def write(name: str, files: Any, **options: Any) -> str:
        return str(exports.write(env.folder, name, files, table_arn=arn, **options))

    def keys(one: dict[str, Any]) -> dict[str, Any]:
        return {name: one[name] for name in ("user_id", "action_time")}

    return {
        "full": write("full", [[full_line(A)], [], [full_line(B), full_line(C)]]),
        "one": write(
            "one",
            [[increment_line(keys(A), newer(A, 2)), increment_line(keys(B), None, B)]],
            window=(T0 - 60, T0 + 900),
        ),
        "two": write("two", [[increment_line(keys(A), newer(A, 3))]], window=(T0 + 900, T0 + 1800)),
        "gap": write("gap", [[]], window=(T0 + 901, T0 + 1800)),
    }


def load(env: MigrationEnvironment, location: str, *options: str, code: int = 0) -> str:
    output = env.run("backfill", "--from-export", location, *options, code=code).output
    return " ".join(output.split())


def test_full_export_and_increments_load_in_order(env: MigrationEnvironment) -> None:
    found = write_exports(env)
    env.put(newer(A, 3), C)
    assert "Load the full export first" in load(env, found["one"], code=2)
    assert "2023-11-15 21:13:20 UTC" in load(env, found["full"])
    assert "leaves a gap after" in load(env, found["gap"], code=2)
    load(env, found["one"])
    load(env, found["two"])
    assert "restore old data" in load(env, found["one"], code=2)
    assert "already complete" in load(env, found["two"], code=2)
    assert env.wrong_rows() == []


def test_export_of_another_table_is_rejected(env: MigrationEnvironment) -> None:
    folder = exports.write(env.folder, "x", [[full_line(A)]])
    assert "of the table Source, not of" in load(env, str(folder), code=2)


def test_damaged_file_is_not_loaded_until_it_is_replaced(env: MigrationEnvironment) -> None:
    folder = Path(write_exports(env)["full"])
    path = folder / "data" / "full-2.json.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    assert "full-2.json.gz does not match" in load(env, str(folder), "--threads", "1", code=2)
    assert [key for key, *_ in sorted(env.rows())] == ["a"]
    path.write_bytes(whole)
    load(env, str(folder))
    assert [key for key, *_ in sorted(env.rows())] == ["a", "b", "c"]


def test_dry_run_prints_estimate_and_writes_nothing(env: MigrationEnvironment) -> None:
    env.put(A, B)
    output = env.run("backfill", "--dry-run").output
    assert "about 2" in output
    assert "$" in output
    assert not (env.folder / "state").exists()
    assert env.rows() == {}


def test_estimates_of_units_time_and_price() -> None:
    """A read unit is 4 KB; eventually consistent reads take half as many."""
    full = estimate_scan(1_000_000, 4_096_000_000, LoadLimits(2, 4, None, None), consistent=True)
    assert (full.read_units, full.write_units, full.seconds) == (1e6, 1e6, 200)
    assert full.dollars == pytest.approx(0.125)
    slow = estimate_scan(1000, 4096, LoadLimits(1, 4, 0.1, 2), consistent=False)
    assert (slow.read_units, slow.seconds) == (0.5, 500)
    export = estimate_export(10, 10**9, LoadLimits(1, 4, None, None))
    assert export.dollars == pytest.approx(0.1)


def test_rejected_items_go_to_quarantine_and_the_rest_is_loaded(env: MigrationEnvironment) -> None:
    bad = item("long " * 250, 1)
    env.put(A, bad)
    output = env.run("backfill", code=1).output
    assert "rejected, in quarantine │ 1" in output
    assert env.wrong_rows(bad) == []
    (kept,) = (env.folder / "quarantine").rglob("*.json")
    assert json.loads(kept.read_text())["record"]["dynamodb"]["NewImage"] == bad
    assert "1 records are in quarantine" in " ".join(
        env.run("watch", "--once", code=1).output.split()
    )


def test_rejected_item_without_quarantine_stops_the_load(env: MigrationEnvironment) -> None:
    env.put(item("long " * 250, 1))
    (env.folder / "settings").write_text("QUARANTINE=file:///proc/nowhere\n")
    output = env.run("backfill", "--settings", str(env.folder / "settings"), code=2).output
    assert "Set QUARANTINE to a writable location" in " ".join(output.split())


def test_load_into_nonempty_target_requires_equal_verify(env: MigrationEnvironment) -> None:
    """A scan does not contain deleted items, so their rows would remain."""
    env.put(A)
    env.write_row(B, v=7)
    assert "The target is not empty" in env.run("backfill").output
    watched = " ".join(env.run("watch", "--once", code=1).output.split())
    assert "because the target contained rows before the load" in watched
    env.run("verify", "--recheck-after", "0", code=1)
    env.run("repair", str(env.folder / "report.json"))
    env.run("verify", "--recheck-after", "0")
    assert "must be equal" not in env.run("watch", "--once", code=1).output
    assert env.wrong_rows() == []


def test_live_load_keeps_existing_rows(env: MigrationEnvironment) -> None:
    env.put(A, B)
    env.write_row(A, v=7)
    output = env.run("backfill", "--live").output
    assert "already present         │ 1" in output
    assert {key[0]: row["v"] for key, row in env.rows().items()} == {"a": 7, "b": 1}


def test_live_load_keeps_existing_wide_row_unchanged(env: MigrationEnvironment) -> None:
    """The later writes of a wide row are updates, which have no condition."""
    wide = item("wide", 1, **{f"c{n}": {"N": "1"} for n in range(1500)})
    env.put(wide)
    env.write_row(A)
    env.write_row(item("wide", 1), c0=2)
    env.run("backfill", "--live")
    (row,) = (row for key, row in env.rows().items() if key[0] == "wide")
    assert row == {"c0": 2}


def test_ctrl_c_stops_between_chunks_and_next_run_continues(env: MigrationEnvironment) -> None:
    env.put_many([item(f"u{number:04}", number) for number in range(600)])
    process = env.start("backfill", "--rate-write", "200", "--segments", "6", "--threads", "1")
    while process.poll() is None and not env.loaded():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 2
    assert "run the same command again" in output
    assert 0 < len(env.rows()) < 600
    env.run("backfill")
    assert env.wrong_rows() == []
    assert env.loaded() == 600


@pytest.mark.parametrize("workers", ["1", "2"])
def test_second_ctrl_c_stops_at_once_and_next_run_continues(
    env: MigrationEnvironment, workers: str
) -> None:
    """Without it, a target that accepts nothing would be retried for minutes."""
    env.put_many([item(f"u{number:04}", number) for number in range(60)])
    env.store.faults.add("request_error", apis=["BatchWriteRow"])
    process = env.start("backfill", "--segments", "6", "--workers", workers)
    while process.poll() is None and not env.store.counters()["faults"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    while "again stops at once" not in (line := process.stdout.readline()):
        assert line, "the command ended"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 2, output
    assert "Stopped." in output.splitlines()[-1]
    assert "Traceback" not in output
    assert env.loaded() == 0
    env.store.faults.clear()
    env.run("backfill", "--segments", "6")
    assert env.wrong_rows() == []
    assert env.loaded() == 60


@pytest.mark.parametrize(
    ("options", "output"),
    [
        (("--table", "nowhere"), "nowhere cannot be read: ResourceNotFoundException"),
        (("--function", "nobody"), "The function nobody cannot be read"),
    ],
)
def test_unreadable_table_or_function_is_named(
    env: MigrationEnvironment, options: tuple[str, ...], output: str
) -> None:
    assert output in " ".join(env.run("backfill", *options, code=2).output.split())


def test_primary_key_with_other_names_is_rejected(env: MigrationEnvironment) -> None:
    (env.folder / "settings").write_text("PRIMARY_KEY=user_id,other\n")
    output = env.run("backfill", "--settings", str(env.folder / "settings"), code=2).output
    assert "PRIMARY_KEY names user_id, other" in " ".join(output.split())


def test_copy_of_the_export_folder_alone_is_enough(
    env: MigrationEnvironment, tmp_path: Path
) -> None:
    found = write_exports(env)
    copy = tmp_path / "elsewhere" / "AWSDynamoDB"
    shutil.copytree(Path(found["full"]).parent, copy)
    load(env, str(copy / "full"))
    load(env, str(copy / "one" / "manifest-summary.json"))
    assert [key for key, *_ in sorted(env.rows())] == ["a", "c"]

"""The load: exports of both kinds, guards before anything is written, words and exit codes."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ots_tools.costs import of_export, of_scan
from tests.support.builders import item
from tests.tools import exported
from tests.tools.exported import T0, full_line, increment_line
from tests.tools.stage import Stage

A, B, C = (item(name, 1, v={"N": "1"}) for name in "abc")


def newer(one: dict[str, Any], value: int) -> dict[str, Any]:
    return {**one, "v": {"N": str(value)}}


def exports(stage: Stage) -> dict[str, str]:
    """A full export and two increments of the stage's table, which has its end."""
    arn = stage.source.tables.describe_table(TableName=stage.source.name)["Table"]["TableArn"]

    def write(name: str, files: Any, **options: Any) -> str:
        return str(exported.write(stage.home, name, files, table_arn=arn, **options))

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


def load(stage: Stage, place: str, *options: str, code: int = 0) -> str:
    said = stage.run("backfill", "--from-export", place, *options, code=code).output
    return " ".join(said.split())


def test_full_export_and_increments_in_their_order(stage: Stage) -> None:
    found = exports(stage)
    stage.put(newer(A, 3), C)
    assert "load the full export first" in load(stage, found["one"], code=2)
    assert "2023-11-15 21:13:20 UTC" in load(stage, found["full"])
    assert "does not chain" in load(stage, found["gap"], code=2)
    load(stage, found["one"])
    load(stage, found["two"])
    assert "bring old data back" in load(stage, found["one"], code=2)
    assert "loaded to its end already" in load(stage, found["two"], code=2)
    assert stage.wrong() == []


def test_export_of_another_table_is_refused(stage: Stage) -> None:
    place = exported.write(stage.home, "x", [[full_line(A)]])
    assert "of the table Source, not of" in load(stage, str(place), code=2)


def test_broken_file_writes_nothing_and_goes_on_when_it_is_mended(stage: Stage) -> None:
    place = Path(exports(stage)["full"])
    path = place / "data" / "full-2.json.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    assert "full-2.json.gz does not match" in load(stage, str(place), "--threads", "1", code=2)
    assert [key for key, *_ in sorted(stage.rows())] == ["a"]
    path.write_bytes(whole)
    load(stage, str(place))
    assert [key for key, *_ in sorted(stage.rows())] == ["a", "b", "c"]


def test_dry_run_tells_and_writes_nothing(stage: Stage) -> None:
    stage.put(A, B)
    said = stage.run("backfill", "--dry-run").output
    assert "about 2" in said
    assert "$" in said
    assert not (stage.home / "state").exists()
    assert stage.rows() == {}


def test_estimates() -> None:
    """4 KB a read unit, half of it where reads are eventually consistent."""
    options: dict[str, Any] = {"workers": 2, "rate_read": None, "rate_write": None}
    full = of_scan(1_000_000, 4_096_000_000, consistent=True, **options)
    assert (full.read_units, full.write_units, full.seconds) == (1e6, 1e6, 200)
    assert full.dollars == pytest.approx(0.125)
    slow = of_scan(1000, 4096, consistent=False, workers=1, rate_read=0.1, rate_write=2)
    assert (slow.read_units, slow.seconds) == (0.5, 500)
    assert of_export(10, 10**9, workers=1, rate_write=None).dollars == pytest.approx(0.1)


def test_refused_items_are_kept_and_told_and_the_rest_is_loaded(stage: Stage) -> None:
    bad = item("long " * 250, 1)
    stage.put(A, bad)
    said = stage.run("backfill", code=1).output
    assert "refused, in quarantine │ 1" in said
    assert stage.wrong_but(bad) == []
    (kept,) = (stage.home / "quarantine").rglob("*.json")
    assert json.loads(kept.read_text())["record"]["dynamodb"]["NewImage"] == bad
    assert "1 records are in quarantine" in " ".join(
        stage.run("watch", "--once", code=1).output.split()
    )


def test_refused_item_without_a_quarantine_stops_the_load(stage: Stage) -> None:
    stage.put(item("long " * 250, 1))
    (stage.home / "settings").write_text("QUARANTINE=file:///proc/nowhere\n")
    said = stage.run("backfill", "--settings", str(stage.home / "settings"), code=2).output
    assert "Set QUARANTINE to a writable location" in " ".join(said.split())


def test_load_onto_rows_asks_for_an_equal_verify(stage: Stage) -> None:
    """No scan tells of items that are gone: their rows would stay."""
    stage.put(A)
    stage.write_row(B, v=7)
    assert "The target is not empty" in stage.run("backfill").output
    watched = " ".join(stage.run("watch", "--once", code=1).output.split())
    assert "for the target held rows before the load" in watched
    stage.run("verify", "--settle", "0", code=1)
    stage.run("repair", str(stage.home / "report.json"))
    stage.run("verify", "--settle", "0")
    assert "an equal verify" not in stage.run("watch", "--once", code=1).output
    assert stage.wrong() == []


def test_live_load_leaves_rows_that_are_there(stage: Stage) -> None:
    stage.put(A, B)
    stage.write_row(A, v=7)
    said = stage.run("backfill", "--live").output
    assert "there already          │ 1" in said
    assert {key[0]: row["v"] for key, row in stage.rows().items()} == {"a": 7, "b": 1}


def test_live_load_leaves_a_wide_row_that_is_there_whole(stage: Stage) -> None:
    """Of a row in several steps the later ones are updates, which no condition holds back."""
    wide = item("wide", 1, **{f"c{n}": {"N": "1"} for n in range(1500)})
    stage.put(wide)
    stage.write_row(A)
    stage.write_row(item("wide", 1), c0=2)
    stage.run("backfill", "--live")
    (row,) = (row for key, row in stage.rows().items() if key[0] == "wide")
    assert row == {"c0": 2}


def test_ctrl_c_stops_between_chunks_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.fill([item(f"u{number:04}", number) for number in range(600)])
    process = stage.start("backfill", "--rate-write", "200", "--segments", "6", "--threads", "1")
    while process.poll() is None and not stage.loaded():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 2
    assert "goes on where it was" in said
    assert 0 < len(stage.rows()) < 600
    stage.run("backfill")
    assert stage.wrong() == []
    assert stage.loaded() == 600


@pytest.mark.parametrize("workers", ["1", "2"])
def test_second_ctrl_c_breaks_off_and_the_next_run_goes_on(stage: Stage, workers: str) -> None:
    """A target that takes nothing is tried for minutes, which is longer than anybody waits."""
    stage.fill([item(f"u{number:04}", number) for number in range(60)])
    stage.store.faults.add("request_error", apis=["BatchWriteRow"])
    process = stage.start("backfill", "--segments", "6", "--workers", workers)
    while process.poll() is None and not stage.store.counters()["faults"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    while "again to break off" not in (line := process.stdout.readline()):
        assert line, "it ended"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 2, said
    assert "Stopped." in said.splitlines()[-1]
    assert "Traceback" not in said
    assert stage.loaded() == 0
    stage.store.faults.clear()
    stage.run("backfill", "--segments", "6")
    assert stage.wrong() == []
    assert stage.loaded() == 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--table", "nowhere"), "nowhere cannot be read: ResourceNotFoundException"),
        (("--function", "nobody"), "The function nobody cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(stage: Stage, options: tuple[str, ...], said: str) -> None:
    assert said in " ".join(stage.run("backfill", *options, code=2).output.split())


def test_keys_that_are_not_the_tables_are_refused(stage: Stage) -> None:
    (stage.home / "settings").write_text("PRIMARY_KEY=user_id,other\n")
    said = stage.run("backfill", "--settings", str(stage.home / "settings"), code=2).output
    assert "PRIMARY_KEY names user_id, other" in " ".join(said.split())


def test_folder_may_be_a_copy_of_the_exports_folder_alone(stage: Stage, tmp_path: Path) -> None:
    found = exports(stage)
    copy = tmp_path / "elsewhere" / "AWSDynamoDB"
    shutil.copytree(Path(found["full"]).parent, copy)
    load(stage, str(copy / "full"))
    load(stage, str(copy / "one" / "manifest-summary.json"))
    assert [key for key, *_ in sorted(stage.rows())] == ["a", "c"]

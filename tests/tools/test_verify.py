"""Each kind of difference is found, named and repaired; a change on its way is no difference."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ots_tools import looks, scan, target_rows
from ots_tools.buckets import Difference
from ots_tools.digests import key_bytes
from ots_tools.looks import Finding
from ots_tools.options import take_settings
from ots_tools.sides import Ends
from tests.support.builders import KEY_LIST, item
from tests.tools.stage import Stage, environment

TWO = item("two", 2, n={"N": "2"}, s={"S": "text"}, **{"odd name!": {"B": b"\x00"}})


def report(stage: Stage) -> Any:
    return json.loads((stage.home / "report.json").read_text())


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"n": 2.0}, ["n"]),
        ({"n": True}, ["n"]),
        ({"n": "2"}, ["n"]),
        ({"n": 3, "s": "other"}, ["n", "s"]),
        ({"more": 1}, ["more"]),
        ({"s": None}, ["s"]),
    ],
)
def test_differing_columns_are_named_and_repaired(
    stage: Stage, columns: dict[str, Any], names: list[str]
) -> None:
    """Types count; a column too many counts as one too few does."""
    stage.put(TWO)
    stage.write_row(TWO, **columns)
    said = stage.run("verify", "--settle", "0", code=1).output
    (line,) = report(stage)["differences"]
    assert line == {
        "kind": "different",
        "key": {"user_id": {"S": "two"}, "action_time": {"N": "2"}},
        "columns": names,
    }
    assert all(name in said for name in names)
    assert "text" not in said
    stage.run("repair", str(stage.home / "report.json"))
    assert stage.wrong() == []
    stage.run("verify", "--settle", "0")


def test_missing_extra_and_refused_are_told_apart(stage: Stage) -> None:
    extra, missing, refused = item("extra", 1), item("missing", 2), item("rejected", 3)
    refused["user_id"] = {"S": "long " * 250}  # 1,250 bytes: no key of Table Store's
    stage.put(TWO, missing, refused)
    stage.write_row(TWO)
    stage.write_row(extra)
    stage.run("verify", "--settle", "0", "--values", code=1)
    found = {line["kind"]: line for line in report(stage)["differences"]}
    assert found.keys() == {"missing", "extra", "rejected"}
    assert found["extra"]["key"] == extra
    assert found["missing"] == {"kind": "missing", "key": missing, "expected": {}, "found": None}
    said = stage.run("repair", str(stage.home / "report.json"), code=1).output
    assert "KeyLength" in said
    assert [one.key for one in stage.wrong_but(refused)] == []
    stage.run("verify", "--settle", "0", code=1)
    assert [line["kind"] for line in report(stage)["differences"]] == ["rejected"]


def test_values_are_shown_with_their_types_only_when_asked(stage: Stage) -> None:
    stage.put(TWO)
    stage.write_row(TWO, n=2.0)
    stage.run("verify", "--settle", "0", "--values", code=1)
    (line,) = report(stage)["differences"]
    assert (line["expected"], line["found"]) == ({"n": {"Integer": 2}}, {"n": {"Double": 2.0}})
    assert (stage.home / "report.json").stat().st_mode & 0o077 == 0


def test_sample_finds_what_the_items_tell(stage: Stage) -> None:
    stage.put(TWO, item("missing", 1))
    stage.write_row(TWO, n=5)
    stage.write_row(item("extra", 1))
    said = stage.run("verify", "--settle", "0", "--sample", "1", code=1).output
    assert sorted(line["kind"] for line in report(stage)["differences"]) == ["different", "missing"]
    assert "extra rows are not looked for" in said


def test_reads_go_on_through_throttling_and_broken_connections(stage: Stage) -> None:
    stage.put(TWO)
    stage.write_row(TWO)
    stage.store.faults.add("request_error", codes=["OTSServerBusy"], apis=["GetRange"], times=2)
    stage.store.faults.add("truncated", apis=["GetRange"], times=1)
    stage.run("verify", "--settle", "0")


def test_what_cannot_be_told_is_exit_code_2(stage: Stage) -> None:
    stage.store.faults.add("request_error", codes=["OTSAuthFailed"], apis=["GetRange"])
    assert "OTSAuthFailed" in stage.run("verify", "--settle", "0", code=2).output


def test_report_of_other_settings_is_refused_by_repair(stage: Stage) -> None:
    stage.put(TWO)
    stage.run("verify", "--settle", "0", code=1)
    path = str(stage.home / "report.json")
    (stage.home / "settings").write_text("# pins\nCOLUMN_TYPES=n:Double\n")
    options = ("--settings", str(stage.home / "settings"))
    said = stage.run("repair", path, *options, code=2).output
    assert "another fingerprint" in " ".join(said.split())
    assert stage.rows() == {}


def test_repair_takes_keys(stage: Stage) -> None:
    stage.put(TWO)
    key = {name: TWO[name] for name in KEY_LIST}
    stage.run("repair", "--key", json.dumps(key))
    assert stage.wrong() == []
    assert "is not of the form" in stage.run("repair", "--key", '{"a": 1}', code=2).output
    assert "not both" in stage.run("repair", code=2).output


@contextmanager
def ends(stage: Stage) -> Iterator[Ends]:
    """Both tables as verify reads them."""
    with environment(stage.environ):
        take_settings(None, None)
        door = stage.door()
        tables = stage.source.tables
        table = scan.describe(tables, stage.source.name, KEY_LIST)
        yield Ends(tables, table, door.client(), "target", KEY_LIST, 1, True, None, None)


def looked(stage: Stage, between: Any, path: Path) -> list[Finding]:
    """What verify finds of one key that differed, when `between` happens between two looks."""
    key = stage.door().get_primary_key({name: TWO[name] for name in KEY_LIST})
    with ends(stage) as found:
        first = [Difference("extra", key_bytes(key), b"")]
        return list(looks.settled(found, first, path, 0.0, lambda _: between()))


def test_difference_that_arrives_in_time_is_none(stage: Stage) -> None:
    stage.put(TWO)
    assert looked(stage, lambda: stage.write_row(TWO), stage.home) == []


def test_item_that_stood_still_while_its_row_did_not_follow_is_different(stage: Stage) -> None:
    stage.put(TWO)
    (found,) = looked(stage, lambda: stage.write_row(TWO, n=9), stage.home)
    assert (found.kind, found.columns) == ("different", ["n"])


def test_item_that_changed_between_looks_is_looked_at_again(stage: Stage) -> None:
    """It was the third state that the row was compared with, and the row stood still at it."""
    stage.put(TWO)
    changed = {**TWO, "n": {"N": "3"}}
    (found,) = looked(stage, lambda: stage.put(changed), stage.home)
    assert found.kind == "missing"


def test_item_that_never_stands_still_is_moving(stage: Stage) -> None:
    stage.put(TWO)
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            stage.put({**TWO, "n": {"N": str(number)}})

    thread = threading.Thread(target=change)

    def begin() -> None:
        if not thread.is_alive():
            thread.start()

    key = stage.door().get_primary_key({name: TWO[name] for name in KEY_LIST})
    try:
        with ends(stage) as found:
            first = [Difference("missing", key_bytes(key), b"")]
            kinds = [
                one.kind for one in looks.settled(found, first, stage.home, 0.3, lambda _: begin())
            ]
    finally:
        stop.set()
        thread.join()
    assert kinds == ["unstable"]


def test_range_reads_every_row_over_many_pages(stage: Stage) -> None:
    many = [item(f"u{number:03}", number, s={"S": "x" * 30_000}) for number in range(300)]
    for one in many:
        stage.write_row(one)
    with ends(stage) as found:
        start, rows, pages = target_rows.first_key(KEY_LIST), 0, 0
        while start is not None:
            page = target_rows.page(found.store, "target", KEY_LIST, start)
            rows, pages, start = rows + len(page.rows), pages + 1, page.following
    assert rows == 300
    assert pages > 1

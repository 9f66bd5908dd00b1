"""Test that verify finds each kind of difference, and that a late change is not one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ots_tools import target
from ots_tools.cli import apply_settings
from ots_tools.compare.buckets import Difference
from ots_tools.compare.digests import encode_key
from ots_tools.compare.recheck import Finding, recheck
from ots_tools.compare.table_reader import Tables
from ots_tools.sources.table import describe_table
from tests.support.builders import KEY_LIST, item
from tests.tools.support.migration_environment import MigrationEnvironment, environment

TWO = item("two", 2, n={"N": "2"}, s={"S": "text"}, **{"odd name!": {"B": b"\x00"}})


def report(env: MigrationEnvironment) -> Any:
    return json.loads((env.folder / "report.json").read_text())


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
def test_differing_columns_are_reported_and_repaired(
    env: MigrationEnvironment, columns: dict[str, Any], names: list[str]
) -> None:
    """Types count; an extra column counts as a missing one does."""
    env.put(TWO)
    env.write_row(TWO, **columns)
    output = env.run("verify", "--recheck-after", "0", code=1).output
    (line,) = report(env)["differences"]
    assert line == {
        "kind": "different",
        "key": {"user_id": {"S": "two"}, "action_time": {"N": "2"}},
        "columns": names,
    }
    assert all(name in output for name in names)
    assert "text" not in output
    env.run("repair", str(env.folder / "report.json"))
    assert env.wrong_rows() == []
    env.run("verify", "--recheck-after", "0")


def test_missing_extra_and_rejected_are_distinguished(env: MigrationEnvironment) -> None:
    extra, missing, rejected = item("extra", 1), item("missing", 2), item("rejected", 3)
    rejected["user_id"] = {"S": "long " * 250}  # 1,250 bytes are too long for a key
    env.put(TWO, missing, rejected)
    env.write_row(TWO)
    env.write_row(extra)
    env.run("verify", "--recheck-after", "0", "--values", code=1)
    found = {line["kind"]: line for line in report(env)["differences"]}
    assert found.keys() == {"missing", "extra", "rejected"}
    assert found["extra"]["key"] == extra
    assert found["missing"] == {"kind": "missing", "key": missing, "expected": {}, "found": None}
    output = env.run("repair", str(env.folder / "report.json"), code=1).output
    assert "KeyLength" in output
    assert [one.key for one in env.wrong_rows(rejected)] == []
    env.run("verify", "--recheck-after", "0", code=1)
    assert [line["kind"] for line in report(env)["differences"]] == ["rejected"]


def test_values_are_reported_with_types_only_on_request(env: MigrationEnvironment) -> None:
    env.put(TWO)
    env.write_row(TWO, n=2.0)
    env.run("verify", "--recheck-after", "0", "--values", code=1)
    (line,) = report(env)["differences"]
    assert (line["expected"], line["found"]) == ({"n": {"Integer": 2}}, {"n": {"Double": 2.0}})
    assert (env.folder / "report.json").stat().st_mode & 0o077 == 0


def test_sample_finds_missing_and_different_rows(env: MigrationEnvironment) -> None:
    env.put(TWO, item("missing", 1))
    env.write_row(TWO, n=5)
    env.write_row(item("extra", 1))
    output = env.run("verify", "--recheck-after", "0", "--sample", "1", code=1).output
    assert sorted(line["kind"] for line in report(env)["differences"]) == ["different", "missing"]
    assert "extra rows are not searched for" in output


def test_reads_survive_throttling_and_broken_connections(env: MigrationEnvironment) -> None:
    env.put(TWO)
    env.write_row(TWO)
    env.store.faults.add("request_error", codes=["OTSServerBusy"], apis=["GetRange"], times=2)
    env.store.faults.add("truncated", apis=["GetRange"], times=1)
    env.run("verify", "--recheck-after", "0")


def test_unreadable_target_exits_with_2(env: MigrationEnvironment) -> None:
    env.store.faults.add("request_error", codes=["OTSAuthFailed"], apis=["GetRange"])
    assert "OTSAuthFailed" in env.run("verify", "--recheck-after", "0", code=2).output


def test_repair_rejects_a_report_of_other_settings(env: MigrationEnvironment) -> None:
    env.put(TWO)
    env.run("verify", "--recheck-after", "0", code=1)
    path = str(env.folder / "report.json")
    (env.folder / "settings").write_text("# a comment\nCOLUMN_TYPES=n:Double\n")
    options = ("--settings", str(env.folder / "settings"))
    output = env.run("repair", path, *options, code=2).output
    assert "another fingerprint" in " ".join(output.split())
    assert env.rows() == {}


def test_repair_accepts_keys(env: MigrationEnvironment) -> None:
    env.put(TWO)
    key = {name: TWO[name] for name in KEY_LIST}
    env.run("repair", "--key", json.dumps(key))
    assert env.wrong_rows() == []
    assert "does not have the form" in env.run("repair", "--key", '{"a": 1}', code=2).output
    assert "not both" in env.run("repair", code=2).output


@contextmanager
def tables(env: MigrationEnvironment) -> Iterator[Tables]:
    """Both tables as verify reads them."""
    with environment(env.environ):
        apply_settings(None, None)
        client = env.source.tables
        source = describe_table(client, env.source.name, KEY_LIST)
        tablestore = env.handler().client()
        yield Tables(client, source, tablestore, "target", KEY_LIST, 1, True, None, None)


def recheck_key(env: MigrationEnvironment, between: Any, path: Path) -> list[Finding]:
    """Recheck a key that differed, with a call of `between` between two checks."""
    key = env.handler().get_primary_key({name: TWO[name] for name in KEY_LIST})
    with tables(env) as found:
        first = [Difference("extra", encode_key(key), b"")]
        return list(recheck(found, first, path, 0.0, lambda _: between()))


def test_row_that_arrives_before_the_recheck_is_equal(env: MigrationEnvironment) -> None:
    env.put(TWO)
    assert recheck_key(env, lambda: env.write_row(TWO), env.folder) == []


def test_unchanged_item_with_wrong_row_is_different(env: MigrationEnvironment) -> None:
    env.put(TWO)
    (found,) = recheck_key(env, lambda: env.write_row(TWO, n=9), env.folder)
    assert (found.kind, found.columns) == ("different", ["n"])


def test_item_that_changed_between_checks_is_checked_again(env: MigrationEnvironment) -> None:
    """The item's second state was the same at the second and the third check."""
    env.put(TWO)
    changed = {**TWO, "n": {"N": "3"}}
    (found,) = recheck_key(env, lambda: env.put(changed), env.folder)
    assert found.kind == "missing"


def test_item_that_keeps_changing_is_unstable(env: MigrationEnvironment) -> None:
    env.put(TWO)
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            env.put({**TWO, "n": {"N": str(number)}})

    thread = threading.Thread(target=change)

    def begin() -> None:
        if not thread.is_alive():
            thread.start()

    key = env.handler().get_primary_key({name: TWO[name] for name in KEY_LIST})
    try:
        with tables(env) as found:
            first = [Difference("missing", encode_key(key), b"")]
            kinds = [one.kind for one in recheck(found, first, env.folder, 0.3, lambda _: begin())]
    finally:
        stop.set()
        thread.join()
    assert kinds == ["unstable"]


def test_all_pages_of_the_target_are_read(env: MigrationEnvironment) -> None:
    many = [item(f"u{number:03}", number, s={"S": "x" * 30_000}) for number in range(300)]
    for one in many:
        env.write_row(one)
    with tables(env) as found:
        start, rows, pages = target.start_key(KEY_LIST), 0, 0
        while start is not None:
            page = target.read_page(found.tablestore, "target", KEY_LIST, start)
            rows, pages, start = rows + len(page.rows), pages + 1, page.next_key
    assert rows == 300
    assert pages > 1

"""The soak itself: what each part of the storm does, and a short one from end to end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from ots_local.soak import command, traffic, weather
from ots_local.soak.verdict import Verdict, summaries
from ots_local.soak.workers import Care, FunctionError, KilledError, Workers
from ots_local.tablestore import TableStore
from tests.support.builders import event, item, record
from tests.support.handler import create_table

ROUGH = {
    "killed": Care(killed=1.0, frozen=0.0, tight=0.0, needed_s=16, landing_s=0.0),
    "frozen": Care(killed=0.0, frozen=1.0, tight=0.0, needed_s=16, landing_s=0.0),
    "raised": Care(killed=0.0, frozen=0.0, tight=1.0, needed_s=13.0, landing_s=0.0),
}


@pytest.fixture
def workers(table_store: TableStore, tmp_path: Path) -> Iterator[Workers]:
    """One process of the function, and a table that takes a while."""
    environ = {
        **create_table(table_store, "target"),
        "PARTIAL_RESPONSE": "1",
        "OTS_TIMEOUT": "2",
    }
    running = Workers(1, environ, tmp_path / "log", Care(0, 0, 0, 16, 20, 0.0), Random(1))
    running.invoke(event())  # so that it is up
    table_store.faults.add("latency", seconds=1.0)
    yield running
    running.close()


@pytest.mark.parametrize("fate", ROUGH)
def test_process_meets_its_fate_and_the_next_invocation_is_done(
    workers: Workers, table_store: TableStore, fate: str
) -> None:
    whole, calm = event(record(new=item("u", 1, v={"N": "1"}))), workers.care
    workers.care = ROUGH[fate]
    if fate == "frozen":
        assert workers.invoke(whole) == {"batchItemFailures": []}
    else:
        with pytest.raises((KilledError, FunctionError)):
            workers.invoke(whole)
    assert workers.counts == Counter({fate: 1})
    workers.care = calm
    table_store.faults.clear()
    while table_store.counters()["in_flight"]:
        time.sleep(0.01)
    assert workers.invoke(whole) == {"batchItemFailures": []}
    assert table_store.rows("target") == {("u", 1): {"v": 1}}


def test_weather_sets_every_kind_of_fault_and_leaves_none_behind(table_store: TableStore) -> None:
    seen: set[str] = set()
    turns = iter(range(26))

    def sleep(_: float) -> None:
        seen.update(fault["kind"] for fault in table_store.faults.active())

    def over() -> bool:
        return next(turns, None) is None

    weather.blow(table_store.faults, Random(1), sleep, over)
    kinds = {"latency", "row_error", "request_error", "drop_before", "drop_after"}
    assert seen == kinds | {"late_write", "truncated", "unsigned", "missing_row", "capacity"}
    assert table_store.faults.active() == []


def test_late_writes_come_before_the_function_gives_up_waiting() -> None:
    """Later ones are not promised to end right."""
    for spell in weather.spells(Random(1)):
        for kind, options in spell:
            assert kind != "late_write" or options["max_seconds"] < command.TIMEOUT_S


def test_some_items_are_unfit_and_are_mended(source_table: Any) -> None:
    turns = iter(range(250))
    client, table = source_table.tables, source_table.name
    traffic.make(client, table, Random(1), lambda _: None, lambda: next(turns, None) is None)
    unfit = traffic.mend(client, table)
    assert unfit > 0
    assert traffic.mend(client, table) == 0


def test_summaries_are_sums_of_the_functions_own_lines(tmp_path: Path) -> None:
    line = {
        "message": "invocation",
        "calls": 2,
        "retried_rows": 3,
        "quarantined": 1,
        "unprocessed": 4,
    }
    text = json.dumps({**line, "unknown_outcomes": 5}, separators=(",", ":"))
    (tmp_path / "log").write_text(f"noise\n{text}{text}\n\n{text[:-9]}\n")
    assert summaries(tmp_path / "log") == {
        "calls": 4,
        "retried_rows": 6,
        "quarantined": 2,
        "unknown_outcomes": 10,
        "cut short": 2,
    }


@pytest.mark.parametrize(
    ("verdict", "good"),
    [
        (Verdict(), True),
        (Verdict(wrong=1), False),
        (Verdict(lost=1), False),
        (Verdict(left=1), False),
    ],
)
def test_verdict_is_good_only_when_nothing_is_wrong(verdict: Verdict, good: bool) -> None:
    assert verdict.good is good
    assert command.shown(verdict, 1).row_count > 10


def test_short_soak_ends_well(tmp_path: Path) -> None:
    words = ["--seconds", "5", "--seed", "3", "--log", str(tmp_path / "log")]
    result = CliRunner().invoke(command.soak, words, env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    assert "rows wrong" in result.output

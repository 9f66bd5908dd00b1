"""Test the parts of the soak test, and a short one from start to end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from ots_local.chaos import command, faults, workload
from ots_local.chaos.function_pool import FaultRates, FunctionError, FunctionPool, KilledError
from ots_local.chaos.verdict import Verdict, sum_summaries
from ots_local.tablestore import TableStore
from tests.support.builders import event, item, record
from tests.support.handler import create_table

NO_FAULTS = FaultRates(killed=0, frozen=0, short_deadline=0, startup_s=16, in_flight_s=0.0)
FAULTS = {
    "killed": replace(NO_FAULTS, killed=1.0),
    "frozen": replace(NO_FAULTS, frozen=1.0),
    "raised": replace(NO_FAULTS, short_deadline=1.0, startup_s=13.0),
}


@pytest.fixture
def functions(table_store: TableStore, tmp_path: Path) -> Iterator[FunctionPool]:
    """A pool with one process of the function, and a slow table."""
    environ = {
        **create_table(table_store, "target"),
        "PARTIAL_RESPONSE": "1",
        "OTS_TIMEOUT": "2",
    }
    pool = FunctionPool(1, environ, tmp_path / "log", NO_FAULTS, Random(1))
    pool.invoke(event())  # starts the process
    table_store.faults.add("latency", seconds=1.0)
    yield pool
    pool.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_hits_a_process_and_the_next_invocation_succeeds(
    functions: FunctionPool, table_store: TableStore, fault: str
) -> None:
    one_item = event(record(new=item("u", 1, v={"N": "1"})))
    functions.rates = FAULTS[fault]
    if fault == "frozen":
        assert functions.invoke(one_item) == {"batchItemFailures": []}
    else:
        with pytest.raises((KilledError, FunctionError)):
            functions.invoke(one_item)
    assert functions.counts == Counter({fault: 1})
    functions.rates = NO_FAULTS
    table_store.faults.clear()
    while table_store.counters()["in_flight"]:
        time.sleep(0.01)
    assert functions.invoke(one_item) == {"batchItemFailures": []}
    assert table_store.rows("target") == {("u", 1): {"v": 1}}


def test_every_kind_of_fault_is_injected_and_removed_at_the_end(table_store: TableStore) -> None:
    seen: set[str] = set()
    reads = iter(range(26))

    def sleep(_: float) -> None:
        seen.update(fault["kind"] for fault in table_store.faults.active())

    def ended() -> bool:
        return next(reads, None) is None

    faults.inject(table_store.faults, Random(1), sleep, ended)
    kinds = {"latency", "row_error", "request_error", "drop_before", "drop_after"}
    assert seen == kinds | {"late_write", "truncated", "unsigned", "missing_row", "capacity"}
    assert table_store.faults.active() == []


def test_late_writes_are_executed_before_the_function_times_out() -> None:
    """Writes that are executed after the timeout may leave a wrong row; that is documented."""
    for fault_set in faults.fault_sets(Random(1)):
        for kind, options in fault_set:
            assert kind != "late_write" or options["max_seconds"] < command.TIMEOUT_S


def test_workload_makes_invalid_items_that_can_be_fixed(source_table: Any) -> None:
    reads = iter(range(250))
    client, table = source_table.tables, source_table.name
    workload.make_changes(
        client, table, Random(1), lambda _: None, lambda: next(reads, None) is None
    )
    assert workload.fix_invalid_items(client, table) > 0
    assert workload.fix_invalid_items(client, table) == 0


def test_summaries_of_a_log_are_summed(tmp_path: Path) -> None:
    line = {
        "message": "invocation",
        "calls": 2,
        "retried_rows": 3,
        "quarantined": 1,
        "unprocessed": 4,
    }
    text = json.dumps({**line, "unknown_outcomes": 5}, separators=(",", ":"))
    (tmp_path / "log").write_text(f"noise\n{text}{text}\n\n{text[:-9]}\n")
    assert sum_summaries(tmp_path / "log") == {
        "calls": 4,
        "retried_rows": 6,
        "quarantined": 2,
        "unknown_outcomes": 10,
        "with unprocessed": 2,
    }


@pytest.mark.parametrize(
    ("verdict", "passed"),
    [
        (Verdict(), True),
        (Verdict(wrong_rows=1), False),
        (Verdict(lost_records=1), False),
        (Verdict(left_in_quarantine=1), False),
    ],
)
def test_verdict_passes_only_without_wrong_lost_and_left_over(
    verdict: Verdict, passed: bool
) -> None:
    assert verdict.passed is passed
    assert command.verdict_table(verdict, 1).row_count > 10


def test_short_soak_passes(tmp_path: Path) -> None:
    options = ["--seconds", "5", "--seed", "3", "--log", str(tmp_path / "log")]
    result = CliRunner().invoke(command.soak, options, env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    assert "wrong rows" in result.output

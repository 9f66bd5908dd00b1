"""`python -m ots_local soak`: seconds and a seed in, a table of what was survived out.

Exit code 0 only when no row is wrong and no record lost.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ots_local import function as on_this_machine
from ots_local import target_table
from ots_local.demo.stream import Source
from ots_local.dynamodb import create_table, open_dynamodb, random_table_name
from ots_local.function_log import LOCAL
from ots_local.soak.stage import Stage
from ots_local.soak.storm import blow
from ots_local.soak.verdict import Verdict
from ots_local.soak.workers import Care, Workers
from ots_local.tablestore import FaultControl
from ots_sync.settings import load

TARGET = {"TABLE_NAME": "target", "PRIMARY_KEY": "user_id:string,action_time:integer"}
TIMEOUT_S = 2
"""OTS_TIMEOUT: short, so that much happens in a minute; late writes come within half of it."""
WORKERS = 4


@click.command("soak")
@click.option("--seconds", type=click.FloatRange(5), default=45.0, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Of changes, faults, kills and freezes.")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "soak.log",
    help="Where the function's own log goes.  [default: .local/soak.log]",
)
def soak(seconds: float, seed: int, log: Path) -> None:
    """Let everything go wrong at once for some seconds, and compare both tables.

    Random changes of a DynamoDB table are streamed through the function, which runs in processes
    that are frozen, killed and cut off, into a local Table Store that throttles, refuses, breaks
    off, answers falsely and writes late; redrive runs beside.
    """
    console = Console(file=sys.stdout, highlight=False)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with _stage(seed, log) as stage, _bar(console, seconds) as tell:
        verdict = blow(stage, seconds, tell)
    console.print(shown(verdict, seed))
    if stage.workers.last_error and not verdict.good:
        console.print(f"last error of the function: {stage.workers.last_error[:300]}", markup=False)
    sys.exit(0 if verdict.good else 1)


def shown(verdict: Verdict, seed: int) -> Table:
    """The verdict as a table."""
    table = Table(title=f"Soak of {verdict.seconds:.0f} s, seed {seed}", show_header=False)
    pump = verdict.pump
    lines: list[tuple[str, Any]] = [
        ("changes", verdict.changes),
        ("invocations", pump.invocations),
        ("records delivered again", pump.redeliveries),
        ("invocations that were not all done", pump.partial_answers + pump.function_errors),
        ("calls of Table Store", verdict.function["calls"]),
        ("rows sent again", verdict.function["retried_rows"]),
        ("rows of unknown outcome", verdict.function["unknown_outcomes"]),
        ("cut short by the deadline", verdict.function["cut short"]),
    ]
    lines += [(f"processes {how}", count) for how, count in sorted(verdict.processes.items())]
    lines += [(f"fault {kind}", count) for kind, count in sorted(verdict.faults.items())]
    lines += [
        ("records quarantined", verdict.function["quarantined"]),
        ("objects redriven", verdict.redriven),
        ("objects refused again", verdict.refused_again),
        ("items that no row could hold, mended", verdict.unfit),
        ("objects left in quarantine", verdict.left),
        ("rows compared", verdict.rows),
    ]
    for name, count in lines:
        table.add_row(name, f"{count:,}")
    table.add_section()
    for name, count in (("rows wrong", verdict.wrong), ("records lost", verdict.lost)):
        table.add_row(name, f"{count:,}", style="bold red" if count else "bold green")
    return table


@contextmanager
def _stage(seed: int, log: Path) -> Iterator[Stage]:
    with (
        tempfile.TemporaryDirectory(prefix="ots-sync-soak-") as folder,
        _table_store(seed, log) as environ,
        open_dynamodb() as dynamodb,
    ):
        kept = Path(folder) / "quarantine"
        kept.mkdir()
        environ |= {
            **TARGET,
            "PARTIAL_RESPONSE": "1",
            "OTS_TIMEOUT": str(TIMEOUT_S),
            "QUARANTINE": f"file://{kept}",
            "MAX_CONCURRENCY": "4",
        }
        settings = load(environ, {})
        client = on_this_machine.load(settings).client()
        target_table.create(client, settings.table_name, {"user_id": str, "action_time": int})
        table = random_table_name("ots-sync-soak")
        arn = create_table(dynamodb.tables, table, {"user_id": "S", "action_time": "N"})
        care = Care(landing_s=TIMEOUT_S)
        workers = Workers(WORKERS, environ, log, care, Random(f"{seed} workers"))
        try:
            faults = FaultControl(environ["OTS_ENDPOINT"])
            yield Stage(Source(dynamodb, table, arn), settings, faults, workers, kept, log, seed)
        finally:
            workers.close()


@contextmanager
def _table_store(seed: int, log: Path) -> Iterator[dict[str, str]]:
    """A local Table Store in a process of its own; the variables that name it."""
    with log.open("ab") as stderr:  # it complains of clients that are killed
        process = subprocess.Popen(
            [sys.executable, "-m", "ots_local", "tablestore", "--seed", str(seed)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().strip() for _ in range(4)]
        yield dict(line.split("=", 1) for line in lines)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def _bar(console: Console, seconds: float) -> Iterator[Any]:
    words = "{task.description}: {task.fields[done]:,} records done, {task.fields[again]:,} again"
    progress = Progress(TextColumn(words), BarColumn(), TimeElapsedColumn(), console=console)
    with progress:
        task = progress.add_task("storm", total=seconds, done=0, again=0)

        def tell(now: Mapping[str, Any]) -> None:
            pump, calm = now["pump"], now["seconds"] > seconds
            progress.update(
                task,
                completed=min(seconds, now["seconds"]),
                done=pump.records_delivered,
                again=pump.redeliveries,
                description="calm" if calm else "storm",
            )

        yield tell

"""Define the command `soak`: inject every fault at once, then compare both tables."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import click
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from ots_local.chaos.environment import Environment
from ots_local.chaos.function_pool import FaultRates, FunctionPool
from ots_local.chaos.scenario import OnProgress, run
from ots_local.chaos.verdict import Verdict
from ots_local.demo.source_table import temporary_source_table
from ots_local.dynamodb import open_dynamodb, random_table_name
from ots_local.event_source import Progress
from ots_local.function_log import LOCAL
from ots_local.handler import load_handler
from ots_local.tablestore import FaultControl
from ots_local.target_table import create_target_table
from ots_sync.settings import load

TARGET = {"TABLE_NAME": "target", "PRIMARY_KEY": "user_id:string,action_time:integer"}
TIMEOUT_S = 2
"""OTS_TIMEOUT: short, so that a minute has many faults; late writes take half of it at most."""
PROCESSES = 4


@click.command("soak")
@click.option(
    "--seconds",
    type=click.FloatRange(5),
    default=45.0,
    show_default=True,
    help="Duration of the faults in seconds.",
)
@click.option(
    "--seed", default=1, show_default=True, help="Seed of changes, faults, kills and freezes."
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "soak.log",
    help="File for the function's log.  [default: .local/soak.log]",
)
def soak(seconds: float, seed: int, log: Path) -> None:
    """Inject every fault at once, then compare both tables.

    The stream of a changing DynamoDB table is delivered to the function. The function runs in
    processes that are frozen, killed and stopped at their deadline. The local Table Store
    throttles, rejects, drops connections, sends wrong responses, and executes writes late. Redrive
    runs at the same time.

    Exit code 0: no row is wrong, no record is lost, and the quarantine is empty at the end.
    """
    console = Console(file=sys.stdout, highlight=False)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with _environment(seed, log) as environment, _progress_bar(console, seconds) as on_progress:
        verdict = run(environment, seconds, on_progress)
    console.print(verdict_table(verdict, seed))
    last_error = environment.functions.last_error
    if last_error and not verdict.passed:
        console.print(f"Last error of the function: {last_error[:300]}", markup=False)
    sys.exit(0 if verdict.passed else 1)


def verdict_table(verdict: Verdict, seed: int) -> Table:
    """Return the verdict as a table for a terminal."""
    title = f"Soak test, {verdict.total_s:.0f} s, seed {seed}"
    table = Table(title=title, show_header=False)
    progress, function = verdict.progress, verdict.function
    lines = [
        ("changes", verdict.changes),
        ("invocations", progress.invocations),
        ("records delivered again", progress.redeliveries),
        (
            "failed or partly failed invocations",
            progress.partial_failures + progress.function_errors,
        ),
        ("calls of Table Store", function["calls"]),
        ("rows sent again", function["retried_rows"]),
        ("rows with unknown outcome", function["unknown_outcomes"]),
        ("invocations with unprocessed records", function["with unprocessed"]),
    ]
    lines += [(f"processes {kind}", count) for kind, count in sorted(verdict.processes.items())]
    lines += [(f"fault {kind}", count) for kind, count in sorted(verdict.faults.items())]
    lines += [
        ("records quarantined", function["quarantined"]),
        ("records redriven", verdict.redriven),
        ("records rejected again", verdict.rejected_again),
        ("items that no row can hold, fixed", verdict.invalid_items),
        ("records left in quarantine", verdict.left_in_quarantine),
        ("rows compared", verdict.rows),
    ]
    for name, count in lines:
        table.add_row(name, f"{count:,}")
    table.add_section()
    for name, count in (
        ("wrong rows", verdict.wrong_rows),
        ("lost records", verdict.lost_records),
    ):
        table.add_row(name, f"{count:,}", style="bold red" if count else "bold green")
    return table


@contextmanager
def _environment(seed: int, log: Path) -> Iterator[Environment]:
    with (
        tempfile.TemporaryDirectory(prefix="ots-sync-soak-") as folder,
        _table_store(seed, log) as environ,
        open_dynamodb() as dynamodb,
    ):
        quarantine = Path(folder) / "quarantine"
        quarantine.mkdir()
        environ |= {
            **TARGET,
            "PARTIAL_RESPONSE": "1",
            "OTS_TIMEOUT": str(TIMEOUT_S),
            "QUARANTINE": f"file://{quarantine}",
            "MAX_CONCURRENCY": "4",
        }
        settings = load(environ, {})
        client = load_handler(settings).client()
        create_target_table(client, settings.table_name, {"user_id": str, "action_time": int})
        rates = FaultRates(in_flight_s=TIMEOUT_S)
        with temporary_source_table(dynamodb, random_table_name("ots-sync-soak")) as source:
            functions = FunctionPool(PROCESSES, environ, log, rates, Random(f"{seed} processes"))
            try:
                control = FaultControl(environ["OTS_ENDPOINT"])
                yield Environment(source, settings, control, functions, quarantine, log, seed)
            finally:
                functions.close()


@contextmanager
def _table_store(seed: int, log: Path) -> Iterator[dict[str, str]]:
    """Run a local Table Store in its own process; yield the environment variables for it."""
    with log.open("ab") as stderr:  # it logs every client that is killed
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
def _progress_bar(console: Console, seconds: float) -> Iterator[OnProgress]:
    text = "{task.description}: {task.fields[done]:,} records done, {task.fields[again]:,} again"
    bar = ProgressBar(TextColumn(text), BarColumn(), TimeElapsedColumn(), console=console)
    with bar:
        task = bar.add_task("with faults", total=seconds, done=0, again=0)

        def on_progress(progress: Progress, elapsed_s: float) -> None:
            bar.update(
                task,
                completed=min(seconds, elapsed_s),
                done=progress.records_delivered,
                again=progress.redeliveries,
                description="without faults" if elapsed_s > seconds else "with faults",
            )

        yield on_progress

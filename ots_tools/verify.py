"""Define the command `verify`: compare the source and the target while both are in use."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ots_sync.errors import printable
from ots_tools import display, function
from ots_tools.cli import RATE, CommonOptions, FiniteRange, common_options, ledger_option
from ots_tools.compare.buckets import Buckets, Difference
from ots_tools.compare.recheck import Finding, recheck
from ots_tools.compare.report import KINDS, Summary, write_report
from ots_tools.compare.table_reader import Tables, read_sample, read_tables
from ots_tools.gc_tuning import infrequent_gc
from ots_tools.migration_rules import VerifyRun

ROWS_PER_BUCKET = 50_000


@click.command("verify")
@common_options
@ledger_option
@click.option(
    "--sample",
    type=FiniteRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Read only a share of the items, such as 0.01, and their rows. Finds no extra rows.",
)
@click.option(
    "--recheck-after",
    "recheck_after_s",
    type=FiniteRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two checks of a key that differs. Must exceed the lag of the stream.",
)
@click.option(
    "--rate-read", type=RATE, metavar="RCU/S", help="Maximum DynamoDB read units per second."
)
@click.option(
    "--rate-target", type=RATE, metavar="CU/S", help="Maximum Table Store read units per second."
)
@click.option(
    "--consistent-read/--no-consistent-read",
    default=False,
    show_default=True,
    help="Scan with strongly consistent reads, which take twice the read units.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Segments of the source that are read in parallel.",
)
@click.option("--values", is_flag=True, help="Write the values of differing columns to the report.")
@click.option(
    "--report",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("verify.json"),
    show_default=True,
    help="The report to write, which contains keys. It is the input of repair.",
)
def verify(
    common: CommonOptions,
    ledger: str | None,
    sample: float | None,
    recheck_after_s: float,
    rate_read: float | None,
    rate_target: float | None,
    consistent_read: bool,
    threads: int,
    values: bool,
    path: Path,
) -> None:
    """Compare the two tables, types included, while both are in use.

    Each side is read once. A key that differs is checked again after --recheck-after seconds. It
    counts as different if its item was the same at both checks and the row still did not match.

    Exit code: 0 equal, 1 different, 2 undetermined or not complete.
    """
    console = Console()
    client, source = common.open_source(connections=threads + 1)
    common.read_history(source.arn, ledger)  # report a mismatch before hours of reading
    if ledger is not None:
        common.open_state(source.arn).close()
    settings = common.settings
    tables = Tables(
        client,
        source,
        function.client(),
        settings.table_name,
        settings.key_list,
        threads,
        consistent_read or sample is not None,
        rate_read,
        rate_target,
    )
    enabled = common.is_mapping_enabled(source.name)
    summary = Summary(
        source.arn,
        f"{settings.instance}/{settings.table_name}",
        settings.fingerprint,
        time.time(),
        sample=sample,
    )
    with tempfile.TemporaryDirectory(prefix="ots-verify-", dir=path.parent) as folder:
        differences = _count(_first_reading(tables, Path(folder), summary, console), summary)
        announced: list[int] = []

        def on_pending(count: int) -> None:
            if count and not announced:
                console.print(f"Some rows differ. Checking them again after {recheck_after_s:g} s.")
                announced.append(count)

        findings = recheck(tables, differences, Path(folder), recheck_after_s, on_pending)
        write_report(path, summary, _complete(findings, summary), include_values=values)
    console.print(_summary_table(summary, path))
    _store_run(common, summary, enabled, console)
    sys.exit(summary.exit_code)


def _store_run(
    common: CommonOptions, summary: Summary, enabled: bool | None, console: Console
) -> None:
    """Store the run in the state file for watch; print a note if there is no state file."""
    if not common.state.exists():
        console.print(
            f"There is no {common.state}, so watch does not see this result. After a load by the "
            "state machine, name its --ledger.",
            style="dim",
        )
        return
    differences = sum(summary.kinds.values())
    run = VerifyRun(summary.started_s, differences, summary.sample is None, False, enabled)
    with common.open_state(summary.source) as state:
        state.add_verify_run(run, summary.id)


def _count(differences: Iterator[Difference], summary: Summary) -> Iterator[Difference]:
    for difference in differences:
        summary.resolved += 1
        yield difference


def _complete(findings: Iterator[Finding], summary: Summary) -> Iterator[Finding]:
    yield from findings
    summary.ended_s = time.time()
    summary.resolved -= sum(summary.kinds.values())


def _first_reading(
    tables: Tables, folder: Path, summary: Summary, console: Console
) -> Iterator[Difference]:
    """Read both sides; return the keys that differ."""
    counts = [0, 0]
    lock = threading.Lock()
    share = summary.sample
    with infrequent_gc(), display.progress_bar(console) as progress:
        total = tables.source.items or None
        tasks = [
            progress.add_task("source", total=total and round(total * (share or 1.0)), cost="")
        ]
        if share is None:
            tasks.append(progress.add_task("target", total=total, cost=""))

        def on_progress(side: int, rows: int) -> None:
            with lock:
                counts[side] += rows
            progress.update(tasks[side], advance=rows)

        if share is None:
            buckets = Buckets(folder, max(16, min(1024, tables.source.items // ROWS_PER_BUCKET)))
            read_tables(tables, buckets, on_progress)
            differences = buckets.differences()
        else:
            found: list[Difference] = []
            read_sample(tables, share, found.append, on_progress)
            differences = iter(found)
    summary.items, summary.rows = counts
    return differences


def _summary_table(summary: Summary, path: Path) -> Table:
    results = {0: "[green]equal", 1: "[red]different", 2: "[yellow]undetermined"}
    source = summary.source.rpartition("/")[2]
    title = f"{source} and {summary.target}: {results[summary.exit_code]}"
    table = Table(title=title, show_header=False, title_justify="left", caption=f"Report: {path}")
    table.add_row("items read", f"{summary.items:,}")
    if summary.sample is None:
        table.add_row("rows read", f"{summary.rows:,}")
    else:
        table.add_row("sample", f"{summary.sample:.2%} (extra rows are not searched for)")
    for kind in KINDS:
        table.add_row(kind, f"{summary.kinds[kind]:,}")
        if kind == "different":
            for name, count in summary.columns.most_common(10):
                table.add_row(f"  column {printable(name, 64)}", f"{count:,}")
    table.add_row("equal at a recheck", f"{summary.resolved:,}")
    table.add_row("seconds", f"{summary.ended_s - summary.started_s:,.1f}")
    return table

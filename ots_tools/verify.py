"""`python -m ots_tools verify`: two tables go in, a table on the screen and a report come out."""

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

from ots_tools import display, door, garbage, looks, report, sides
from ots_tools.buckets import Buckets, Difference
from ots_tools.options import Common, FiniteRange, at_scale, common
from ots_tools.orders import Check
from ots_tools.sides import Ends

ROWS_PER_BUCKET = 50_000

_rate = FiniteRange(min=0, min_open=True)


@click.command("verify")
@common
@at_scale
@click.option(
    "--sample",
    type=FiniteRange(0, 1, min_open=True),
    help="Read a share of the items only, such as 0.01, and their rows. Finds no extra rows.",
)
@click.option(
    "--settle",
    type=FiniteRange(min=0),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds between two looks at a key that differs. Longer than the stream lags.",
)
@click.option("--rate-read", type=_rate, metavar="RCU/S", help="DynamoDB's read units a second.")
@click.option("--rate-target", type=_rate, metavar="CU/S", help="Table Store's, likewise.")
@click.option("--consistent", is_flag=True, help="Read the source consistently: twice the price.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Segments of the source that are read at once.",
)
@click.option("--values", is_flag=True, help="Put values of differing columns into the report.")
@click.option(
    "--report",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("verify.json"),
    show_default=True,
    help="Where the report goes; repair takes it. It holds keys.",
)
def verify(
    shared: Common,
    ledger: str | None,
    sample: float | None,
    settle: float,
    rate_read: float | None,
    rate_target: float | None,
    consistent: bool,
    threads: int,
    values: bool,
    path: Path,
) -> None:
    """Compare the two tables, row by row and type by type, while both are alive.

    Each side is read once. What differs is looked at again after --settle seconds: it counts only
    if the item stood still and the row still was not its row.

    Exit code: 0 equal, 1 different, 2 could not tell.
    """
    console = Console()
    client, table = shared.source(connections=threads + 1)
    shared.begun(table.arn, ledger)  # what is refused is refused before hours of reading
    if ledger is not None:
        shared.open_state(table.arn).close()
    settings = shared.settings
    ends = Ends(
        client,
        table,
        door.store(),
        settings.table_name,
        settings.key_list,
        threads,
        consistent or sample is not None,
        rate_read,
        rate_target,
    )
    enabled = shared.mapping_enabled(table.name)
    found = report.Summary(
        table.arn,
        f"{settings.instance}/{settings.table_name}",
        settings.fingerprint,
        time.time(),
        sample=sample,
    )
    with tempfile.TemporaryDirectory(prefix="ots-verify-", dir=path.parent) as folder:
        differences = _first_reading(ends, Path(folder), found, console)
        told: list[int] = []

        def tell(count: int) -> None:
            if count and not told:
                console.print(f"Some rows differ; looking at them again after {settle:g} s.")
                told.append(count)

        counted = _counted(differences, found)
        findings = looks.settled(ends, counted, Path(folder), settle, tell)
        report.write(path, found, _ended(findings, found), values=values)
    console.print(_shown(found, path))
    _keep(shared, found, enabled, console)
    sys.exit(found.exit_code)


def _keep(shared: Common, found: report.Summary, enabled: bool | None, console: Console) -> None:
    """Notes what was found in the state file, for watch; where there is none, says so."""
    if not shared.state.exists():
        console.print(
            f"There is no {shared.state}, so watch is not told. After a load by the state machine, "
            "name its --ledger.",
            style="dim",
        )
        return
    number = sum(found.kinds.values())
    with shared.open_state(found.source) as state:
        state.verified(
            Check(found.began_s, number, found.sample is None, False, enabled), report=found.id
        )


def _counted(differences: Iterator[Difference], found: report.Summary) -> Iterator[Difference]:
    for difference in differences:
        found.in_motion += 1
        yield difference


def _ended(findings: Iterator[looks.Finding], found: report.Summary) -> Iterator[looks.Finding]:
    yield from findings
    found.ended_s = time.time()
    found.in_motion -= sum(found.kinds.values())


def _first_reading(
    ends: Ends, folder: Path, found: report.Summary, console: Console
) -> Iterator[Difference]:
    """Reads both sides, and gives what differs between the readings."""
    counts = [0, 0]
    lock = threading.Lock()
    share = found.sample
    with garbage.seldom(), display.bar(console) as progress:
        total = ends.table.items or None
        tasks = [
            progress.add_task("source", total=total and round(total * (share or 1.0)), cost="")
        ]
        if share is None:
            tasks.append(progress.add_task("target", total=total, cost=""))

        def tell(side: int, rows: int) -> None:
            with lock:
                counts[side] += rows
            progress.update(tasks[side], advance=rows)

        if share is None:
            most = max(16, min(1024, ends.table.items // ROWS_PER_BUCKET))
            buckets = Buckets(folder, most)
            sides.read_both(ends, buckets, tell)
            differences = buckets.differences()
        else:
            kept: list[Difference] = []
            sides.read_sample(ends, share, kept.append, tell)
            differences = iter(kept)
    found.items, found.rows = counts
    return differences


def _shown(found: report.Summary, path: Path) -> Table:
    words = {0: "[green]equal", 1: "[red]different", 2: "[yellow]could not tell"}
    title = f"{found.source.rpartition('/')[2]} and {found.target}: {words[found.exit_code]}"
    table = Table(title=title, show_header=False, title_justify="left", caption=f"Report: {path}")
    table.add_row("items read", f"{found.items:,}")
    if found.sample is None:
        table.add_row("rows read", f"{found.rows:,}")
    else:
        table.add_row("sample", f"{found.sample:.2%} (extra rows are not looked for)")
    for kind in report.KINDS:
        table.add_row(kind, f"{found.kinds[kind]:,}")
        if kind == "different":
            for name, count in found.columns.most_common(10):
                table.add_row(f"  column {ascii(name)[1:-1][:64]}", f"{count:,}")
    table.add_row("in motion, then equal", f"{found.in_motion:,}")
    table.add_row("seconds", f"{found.ended_s - found.began_s:,.1f}")
    return table

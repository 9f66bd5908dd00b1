"""Show estimates, results and progress on a terminal; never a key or a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ots_tools.plan import DOLLARS_PER_READ_UNIT, LoadPlan
from ots_tools.state_file import LoadCounts


class RunTotals(NamedTuple):
    """One run of a load: its rows and read units, and rows that were retried, by error code."""

    rows: int
    seconds: float
    read_units: float
    error_codes: Mapping[str, int]


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


def estimate_table(plan: LoadPlan) -> Table:
    """Return the estimate of a load as a table."""
    found = plan.estimate
    about = "" if plan.exact else "about "
    lines = {
        "items": f"{about}{found.items:,}",
        "size": f"{about}{found.bytes / 1e6:,.1f} MB",
        "read units": f"{found.read_units:,.1f}",
        "Table Store write units": f"about {found.write_units:,.0f}",
        "price on AWS": f"{_dollars(found.dollars)} (list price, us-east-1)",
        "time": f"about {_duration(found.seconds)}",
    }
    kind = "table" if plan.step.kind == "scan" else "export of table"
    caption = None if plan.exact else "DynamoDB updates these counts about every six hours."
    return _lines(f"Load of {kind} {plan.table}", lines, caption)


def load_summary(run: RunTotals, total: LoadCounts) -> Table:
    """Return the result of a load as a table: all of its runs, and this run."""
    dollars = _dollars(run.read_units * DOLLARS_PER_READ_UNIT)
    lines = {
        "rows written": f"{total.rows:,}",
        "already present": f"{total.already_present:,}",
        "rejected, in quarantine": f"{total.rejected:,}",
        "in this run": f"{run.rows:,} in {run.seconds:,.1f} s",
        "rate": f"{run.rows / run.seconds if run.seconds else 0:,.0f}/s",
        "read units of this run": f"{run.read_units:,.1f}, {dollars}",
    }
    if run.error_codes:
        lines["retried rows"] = ", ".join(
            f"{code} {n}" for code, n in sorted(run.error_codes.items())
        )
    return _lines("Loaded", lines)


def _dollars(price: float) -> str:
    return f"about ${price:,.4f}" if price >= 0.0001 else "less than $0.0001"


def _duration(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours."""
    if seconds < 2 * 60:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:,.0f} min" if seconds < 3 * 3600 else f"{seconds / 3600:,.1f} h"


def _lines(title: str, lines: Mapping[str, str], caption: str | None = None) -> Table:
    table = Table(title=title, show_header=False, title_justify="left", caption=caption)
    for name, value in lines.items():
        table.add_row(name, value)
    return table


@contextmanager
def load_progress(
    console: Console, plan: LoadPlan, completed: int
) -> Iterator[Callable[[int, float], None]]:
    """Show a progress bar of a load; `completed` items are done already.

    The returned function takes the number of new rows and the read units so far.
    """
    with progress_bar(console) as progress:
        total = plan.estimate.items or None
        task = progress.add_task("load", total=total, completed=completed, cost="")

        def advance(rows: int, read_units: float) -> None:
            cost = f"${read_units * DOLLARS_PER_READ_UNIT:,.4f}" if read_units else ""
            progress.update(task, advance=rows, cost=cost)
            current = progress.tasks[task]
            if current.total is not None and current.completed > current.total:
                progress.update(task, total=current.completed)

        yield advance


def progress_bar(console: Console) -> Progress:
    """Return a progress bar; each task has a field `cost`."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[cost]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # it would write an empty line to a file or a pipe
    )

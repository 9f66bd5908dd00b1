"""Numbers go in, rich tables and bars for a terminal come out; never a key or a value."""

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

from ots_tools.costs import DOLLARS_PER_READ_UNIT
from ots_tools.plan import Plan
from ots_tools.state import Counts


class Totals(NamedTuple):
    """One run: rows, seconds, read units, rows tried again by error code."""

    rows: int
    seconds: float
    read_units: float
    codes: Mapping[str, int]


class _PerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


def estimate(plan: Plan) -> Table:
    """What a load will take."""
    found = plan.estimate
    about = "" if plan.exact else "about "
    what = "table" if plan.step.kind == "scan" else "export"
    lines = {
        "items": f"{about}{found.items:,}",
        "size": f"{about}{found.bytes / 1e6:,.1f} MB",
        "read units": f"{found.read_units:,.1f}",
        "write units of Table Store": f"about {found.write_units:,.0f}",
        "price on the AWS side": f"{_dollars(found.dollars)} (list price, us-east-1)",
        "time": f"about {_time(found.seconds)}",
    }
    caption = None if plan.exact else "DynamoDB counts items every six hours or so."
    return _lines(f"Load of {what} {plan.table}", lines, caption)


def summary(run: Totals, whole: Counts) -> Table:
    """What a load did."""
    dollars = _dollars(run.read_units * DOLLARS_PER_READ_UNIT)
    lines = {
        "rows written": f"{whole.rows:,}",
        "there already": f"{whole.present:,}",
        "refused, in quarantine": f"{whole.refused:,}",
        "in this run": f"{run.rows:,} in {run.seconds:,.1f} s",
        "rate": f"{run.rows / run.seconds if run.seconds else 0:,.0f}/s",
        "read units of this run": f"{run.read_units:,.1f}, {dollars}",
    }
    if run.codes:
        lines["tried again"] = ", ".join(f"{code} {n}" for code, n in sorted(run.codes.items()))
    return _lines("Loaded", lines)


def _dollars(price: float) -> str:
    return f"about ${price:,.4f}" if price >= 0.0001 else "less than $0.0001"


def _time(seconds: float) -> str:
    """In the unit that a person would take."""
    if seconds < 2 * 60:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:,.0f} min" if seconds < 3 * 3600 else f"{seconds / 3600:,.1f} h"


def _lines(title: str, lines: Mapping[str, str], caption: str | None = None) -> Table:
    table = Table(title=title, show_header=False, title_justify="left", caption=caption)
    for name, value in lines.items():
        table.add_row(name, value)
    return table


@contextmanager
def load_bar(console: Console, plan: Plan, before: int) -> Iterator[Callable[[int, float], None]]:
    """A bar with rows, rate, time left and cost; call it with rows and the read units so far."""
    with bar(console) as progress:
        total = plan.estimate.items or None
        task = progress.add_task("load", total=total, completed=before, cost="")

        def moved(rows: int, read_units: float) -> None:
            cost = f"${read_units * DOLLARS_PER_READ_UNIT:,.4f}" if read_units else ""
            progress.update(task, advance=rows, cost=cost)
            current = progress.tasks[task]
            if current.total is not None and current.completed > current.total:
                progress.update(task, total=current.completed)

        yield moved


def bar(console: Console) -> Progress:
    """A progress bar of ours; tasks have a field `cost`."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _PerSecond(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[cost]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # a file or a pipe would get an empty line
    )

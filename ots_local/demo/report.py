"""Show the result of a replication run as a table in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ots_local.demo.compare import Difference

MAX_DIFFERENCES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run.

    `kinds` are the changes made, by kind; `discarded` the records that the event source mapping
    discarded, by reason; `lags_s` the lag of each record.
    """

    kinds: Counter[str]
    records: int
    invocations: int
    retries: int
    calls: int
    rows: int
    total_s: float
    function_s: float
    lags_s: Sequence[float]
    discarded: Counter[str]
    differences: Sequence[Difference]

    @property
    def equal(self) -> bool:
        """Whether both tables are equal, and no record was discarded."""
        return not self.differences and not self.discarded


def show_report(report: Report, console: Console) -> None:
    """Print the figures, whether the tables are equal, and the first differences."""
    table = Table(show_header=False, title=Text("Result", "bold"), title_justify="left")
    table.add_column()
    table.add_column(overflow="fold")
    for name, text in _lines(report):
        table.add_row(Text(name), Text(text))
    verdict = (
        Text(f"equal: {report.rows:,} rows, every cell and its type", "bold green")
        if report.equal
        else Text(f"NOT equal: {len(report.differences):,} rows differ", "bold red")
    )
    table.add_row(Text("both tables"), verdict)
    console.print(table)
    for difference in report.differences[:MAX_DIFFERENCES_SHOWN]:
        console.print(Text("  " + _difference_text(difference), "red"))
    if len(report.differences) > MAX_DIFFERENCES_SHOWN:
        more = len(report.differences) - MAX_DIFFERENCES_SHOWN
        console.print(Text(f"  and {more:,} more", "red"))


def _lines(report: Report) -> list[tuple[str, str]]:
    kinds = ", ".join(f"{report.kinds[kind]:,} {kind}s" for kind in ("put", "update", "delete"))
    lines = [
        ("changes made in DynamoDB", f"{report.kinds.total():,} ({kinds})"),
        ("records in its stream", f"{report.records:,}"),
        ("invocations", f"{report.invocations:,}, {report.retries:,} of them retries"),
        ("calls of BatchWriteRow", f"{report.calls:,}"),
        ("rows in Table Store", f"{report.rows:,}"),
        (
            "records per second",
            f"{_rate(report.records, report.total_s)} end to end, "
            f"{_rate(report.records, report.function_s)} in the function",
        ),
    ]
    if report.lags_s:
        ordered = sorted(report.lags_s)
        median, maximum = ordered[len(ordered) // 2], ordered[-1]
        lines.append(("lag", f"{median:.1f} s median, {maximum:.1f} s maximum"))
    if report.discarded:
        discarded = ", ".join(f"{count:,} {reason}" for reason, count in report.discarded.items())
        lines.append(("records discarded", discarded))
    return lines


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:,.0f}" if seconds > 0 else "-"


def _difference_text(difference: Difference) -> str:
    key = ", ".join(map(repr, difference.key))
    return f"row ({key}) {difference.kind} {', '.join(difference.columns)}".rstrip()

"""What a run of the demo came to: numbers and differences in, a table for a terminal out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ots_local.demo.compare import Difference

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `given_up`: records that the pump dropped, by reason; `lags_s`: of each record."""

    kinds: Counter[str]
    records: int
    invocations: int
    retries: int
    calls: int
    rows: int
    seconds: float
    function_s: float
    lags_s: Sequence[float]
    given_up: Counter[str]
    differences: Sequence[Difference]

    @property
    def equal(self) -> bool:
        """Whether both tables hold the same, cell by cell, and no record was given up."""
        return not self.differences and not self.given_up


def show(report: Report, console: Console) -> None:
    """The numbers, the verdict, and the first differences."""
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
    for difference in report.differences[:SHOWN]:
        console.print(Text("  " + _told(difference), "red"))
    if len(report.differences) > SHOWN:
        console.print(Text(f"  and {len(report.differences) - SHOWN:,} more", "red"))


def _lines(report: Report) -> list[tuple[str, str]]:
    kinds = ", ".join(f"{report.kinds[kind]:,} {kind}s" for kind in ("put", "update", "delete"))
    lines = [
        ("changes made in DynamoDB", f"{report.kinds.total():,} ({kinds})"),
        ("records from its stream", f"{report.records:,}"),
        ("invocations", f"{report.invocations:,}, {report.retries:,} of them retries"),
        ("calls of BatchWriteRow", f"{report.calls:,}"),
        ("rows in Table Store", f"{report.rows:,}"),
        (
            "records a second",
            f"{_rate(report.records, report.seconds)} from end to end, "
            f"{_rate(report.records, report.function_s)} in the function",
        ),
    ]
    if report.lags_s:
        ordered = sorted(report.lags_s)
        middle, last = ordered[len(ordered) // 2], ordered[-1]
        lines.append(("lag", f"{middle:.1f} s in the middle, {last:.1f} s at most"))
    if report.given_up:
        lines.append(
            ("records given up", ", ".join(f"{n:,} {w}" for w, n in report.given_up.items()))
        )
    return lines


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:,.0f}" if seconds > 0 else "-"


def _told(difference: Difference) -> str:
    key = ", ".join(map(repr, difference.key))
    return f"row ({key}) {difference.what} {', '.join(difference.columns)}".rstrip()

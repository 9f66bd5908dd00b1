"""Show the figures as tables, in a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.table import Table

from tests.benchmarks.goals import Goal


def figure_tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    """Yield every table except that of the goals."""
    function = figures["function_us"]
    sdk_alone = function["SDK alone"]
    yield _table(
        "The whole function, the article's item",
        ("", "µs CPU per record", "multiple of SDK alone"),
        ((name, f"{us:.1f}", f"{us / sdk_alone:.2f}") for name, us in function.items()),
    )
    for title, name in (
        ("Each step", "steps_us"),
        ("Decoding only", "decoding_us"),
        ("Without the native codec", "python_codec_us"),
        ("Workloads", "workloads_us"),
    ):
        costs = figures[name].items()
        yield _table(title, ("", "µs CPU per record"), ((case, f"{us:.1f}") for case, us in costs))
    for dimension, unit in (("records", "record"), ("attributes", "column")):
        yield _table(
            f"Growth with the number of {dimension}",
            (dimension, f"µs CPU per {unit}"),
            ((name, f"{us:.2f}") for name, us in figures[f"growth_{dimension}_us"].items()),
        )
    yield from _size_and_time_tables(figures)


def _size_and_time_tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    yield _table(
        "Memory, largest events",
        ("", "records", "event MB", "peak MB", "MB in addition to the event"),
        (
            (
                peak["workload"],
                f"{peak['records']:,}",
                *(f"{peak[name]:.1f}" for name in ("event_mb", "peak_mb", "function_mb")),
            )
            for peak in figures["memory"]
        ),
    )
    yield _table(
        "Bytes per record",
        ("", "in the event", "in the request"),
        (
            (name, f"{size['event']:,.0f}", f"{size['request']:,.0f}")
            for name, size in figures["bytes_per_record"].items()
        ),
    )
    names = ("distinct_keys", "hot_keys", "one_shard")
    yield _table(
        f"Elapsed time with calls of {figures['latency_s'] * 1000:.0f} ms",
        ("", "records", "calls", "seconds"),
        (
            (
                name.replace("_", " "),
                f"{run['records']:,}",
                str(run["calls"]),
                f"{run['seconds']:.2f}",
            )
            for name, run in ((name, figures[name]) for name in names)
        ),
    )


def markdown(tables: Iterable[Table], machine: Mapping[str, str]) -> str:
    """Return the tables and the description of the machine as a page."""
    lines = ["# Figures of the last run of `make bench`", ""]
    lines += ["See [performance](../performance.md) for what they mean.", ""]
    lines += [f"* {name}: {value}" for name, value in machine.items()]
    for table in tables:
        headers = [str(column.header) for column in table.columns]
        lines += ["", f"## {table.title}", "", _line(headers)]
        lines.append(_line(["---", *("---:" for _ in headers[1:])]))
        lines += map(_line, zip(*(column.cells for column in table.columns), strict=True))
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def goal_table(goals: Iterable[Goal]) -> Table:
    """Return the goals, and whether each is reached."""
    return _table(
        "Goals",
        ("", "target", "measured", "reached"),
        (
            (goal.name, goal.target, f"{goal.measured:,.2f}", "yes" if goal.reached else "no")
            for goal in goals
        ),
    )


def _table(title: str, headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for position, header in enumerate(headers):
        table.add_column(header, justify="right" if position else "left")
    for row in rows:
        table.add_row(*row)
    return table

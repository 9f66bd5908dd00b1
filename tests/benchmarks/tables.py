"""Figures go in, tables come out, for a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.table import Table

from tests.benchmarks.goals import Goal


def tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    """All but the goals."""
    whole = figures["whole_us"]
    floor = whole["SDK alone"]
    yield _table(
        "The whole, the article's item",
        ("", "us CPU a record", "times the SDK alone"),
        ((name, f"{us:.1f}", f"{us / floor:.2f}") for name, us in whole.items()),
    )
    for title, name in (
        ("Each step by itself", "steps_us"),
        ("Decoding alone", "decoding_us"),
        ("Where the native codec does not load", "codecs_us"),
        ("Shapes of records", "shapes_us"),
    ):
        costs = figures[name].items()
        yield _table(title, ("", "us CPU a record"), ((case, f"{us:.1f}") for case, us in costs))
    for by in ("records", "attributes"):
        yield _table(
            f"Growth with {by}",
            (by, f"us CPU a {'cell' if by == 'attributes' else 'record'}"),
            ((name, f"{us:.2f}") for name, us in figures[f"growth_{by}"].items()),
        )
    yield from _space_and_time(figures)


def _space_and_time(figures: Mapping[str, Any]) -> Iterator[Table]:
    yield _table(
        "Memory, the fullest events",
        ("", "records", "event MB", "peak MB", "above the runtime with the event"),
        (
            (
                one["workload"],
                f"{one['records']:,}",
                *(f"{one[name]:.1f}" for name in ("event_mb", "whole_mb", "above_mb")),
            )
            for one in figures["memory"]
        ),
    )
    yield _table(
        "Bytes a record",
        ("", "in the event", "in the request"),
        (
            (name, f"{one['event']:,.0f}", f"{one['request']:,.0f}")
            for name, one in figures["wire_bytes"].items()
        ),
    )
    names = ("distinct_keys", "hot_keys", "one_shard")
    yield _table(
        f"Calls of {figures['latency_s'] * 1000:.0f} ms",
        ("", "records", "calls", "seconds"),
        (
            (
                name.replace("_", " "),
                f"{one['records']:,}",
                str(one["calls"]),
                f"{one['seconds']:.2f}",
            )
            for name, one in ((name, figures[name]) for name in names)
        ),
    )


def markdown(shown: Iterable[Table], machine: Mapping[str, str]) -> str:
    """The tables as a page, with what they were measured on."""
    lines = ["# Figures of the last run of `make bench`", ""]
    lines += ["What they mean and how they were measured: [performance](../performance.md).", ""]
    lines += [f"* {name}: {value}" for name, value in machine.items()]
    for table in shown:
        heads = [str(column.header) for column in table.columns]
        lines += ["", f"## {table.title}", "", _line(heads)]
        lines.append(_line(["---", *("---:" for _ in heads[1:])]))
        lines += map(_line, zip(*(column.cells for column in table.columns), strict=True))
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def goals_table(goals: Iterable[Goal]) -> Table:
    """What was to be reached, and whether it was."""
    return _table(
        "What was to be reached",
        ("", "wanted", "measured", ""),
        (
            (goal.name, goal.wanted, f"{goal.measured:,.2f}", "yes" if goal.reached else "no")
            for goal in goals
        ),
    )


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if at else "left")
    for row in rows:
        table.add_row(*row)
    return table

"""The command line: `python -m tests.benchmarks [--quick] [--out FOLDER]`.

Measures, prints tables, writes figures.json, figures.md, cost.svg, growth.svg and flame.svg. Judges
in words; it fails only when something does not work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress

from tests.benchmarks import cpu, flame, growth, latency, memory, wire
from tests.benchmarks.answering import answering
from tests.benchmarks.goals import judged
from tests.benchmarks.machine import machine
from tests.benchmarks.plots import draw
from tests.benchmarks.tables import goals_table, markdown, tables
from tests.benchmarks.turns import Case, least_us
from tests.benchmarks.workloads import ARTICLE, SEED, SMALL, WORKLOADS

DOCS = Path(__file__).parent.parent.parent / "docs" / "benchmarks"


class Size(NamedTuple):
    """How much is measured: `records` a workload, `turns` of each, of which the least counts;
    `samples` of the stack.
    """

    records: int
    turns: int
    samples: int


FULL = Size(10_000, 7, 2_000)
QUICK = Size(1_000, 1, 100)


def measure(size: Size, progress: Progress) -> tuple[dict[str, Any], Counter[flame.Stack]]:
    """All figures, by name, and the stacks that were met."""
    records, turns = size.records, size.turns
    figures: dict[str, Any] = {"machine": machine(), "seed": SEED, "latency_s": latency.LATENCY_S}
    with answering() as server:
        at = server.endpoint
        groups: Mapping[str, Callable[[], Mapping[str, Case]]] = {
            "whole_us": lambda: cpu.whole(at, records),
            "steps_us": lambda: cpu.steps(at, records),
            "decoding_us": lambda: cpu.decoding(at, records),
            "codecs_us": lambda: cpu.codecs(at, records // 10),
            "shapes_us": lambda: cpu.shapes(at, WORKLOADS, records // 5),
            "growth_records": lambda: growth.by_records(at, records),
            "growth_attributes": lambda: growth.by_attributes(at, 3 * records),
        }
        for name, make in groups.items():
            cases = make()
            task = progress.add_task(name.replace("_", " "), total=len(cases) * (turns + 1))
            figures[name] = least_us(cases, turns, lambda task=task: progress.advance(task))
        task = progress.add_task("flame graph", total=1)
        stacks = flame.sampled(at, size.samples)
        progress.advance(task)
        figures["wire_bytes"] = wire.bytes_a_record(at)
        task = progress.add_task("memory", total=2)
        figures["memory"] = []
        for workload in (ARTICLE, SMALL):
            figures["memory"].append(memory.peaks(at, workload))
            progress.advance(task)
    with answering(latency.LATENCY_S) as server:
        task = progress.add_task("calls that take a while", total=3)
        figures["distinct_keys"] = latency.distinct_keys(server, records, turns)
        progress.advance(task)
        figures["hot_keys"] = latency.hot_keys(server, records)
        progress.advance(task)
        figures["one_shard"] = latency.one_shard(server, records)
        progress.advance(task)
    return figures, stacks


def main() -> None:
    """Measures and tells."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, less sure")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder that is written")
    options = parser.parse_args()
    console = Console(file=sys.stdout)
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        Progress(console=console, transient=True, redirect_stdout=False) as progress,
        redirect_stdout(nowhere),  # where the function's own log goes
    ):
        figures, stacks = measure(QUICK if options.quick else FULL, progress)
    goals = judged(figures)
    figures["goals"] = [goal._asdict() for goal in goals]
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
    (options.out / "figures.json").write_text(text, encoding="utf-8")
    draw(figures, options.out)
    flame.draw(stacks, options.out)
    shown = [*tables(figures), goals_table(goals)]
    page = markdown(shown, figures["machine"])
    (options.out / "figures.md").write_text(page, encoding="utf-8")
    for table in shown:
        console.print(table)
    written = "figures.json, figures.md, cost.svg, growth.svg, flame.svg"
    console.print(f"Written: {written} in {options.out}")


if __name__ == "__main__":
    main()

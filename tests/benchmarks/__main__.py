"""Run the benchmarks: `python -m tests.benchmarks [--quick] [--out FOLDER]`.

It prints tables and writes figures.json, figures.md, cost.svg, growth.svg and flame.svg. It does
not fail if a goal is not reached.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress

from tests.benchmarks import cpu, flame, growth, latency
from tests.benchmarks.acknowledging_server import acknowledging_server
from tests.benchmarks.goals import check_goals
from tests.benchmarks.machine import describe_machine
from tests.benchmarks.memory import measure_peaks
from tests.benchmarks.plots import draw
from tests.benchmarks.record_sizes import measure_bytes_per_record
from tests.benchmarks.tables import figure_tables, goal_table, markdown
from tests.benchmarks.timing import Case, min_cpu_us
from tests.benchmarks.workloads import ARTICLE, SEED, SMALL, WORKLOADS
from tests.support.paths import DOCS


class Size(NamedTuple):
    """The amount of work: records per workload, rounds per case, and samples of the stack."""

    records: int
    rounds: int
    samples: int


FULL = Size(10_000, 7, 2_000)
QUICK = Size(1_000, 1, 100)


def measure(size: Size, progress: Progress) -> tuple[dict[str, Any], Counter[flame.Stack]]:
    """Return all figures by name, and the sampled stacks."""
    records, rounds = size.records, size.rounds
    figures: dict[str, Any] = {
        "machine": describe_machine(),
        "seed": SEED,
        "latency_s": latency.LATENCY_S,
    }
    with acknowledging_server() as server:
        endpoint = server.endpoint
        groups: Mapping[str, Callable[[], Mapping[str, Case]]] = {
            "function_us": lambda: cpu.function_cases(endpoint, records),
            "steps_us": lambda: cpu.step_cases(endpoint, records),
            "decoding_us": lambda: cpu.decoding_cases(endpoint, records),
            "python_codec_us": lambda: cpu.python_codec_cases(endpoint, records // 10),
            "workloads_us": lambda: cpu.workload_cases(endpoint, WORKLOADS, records // 5),
            "growth_records_us": lambda: growth.cases_by_records(endpoint, records),
            "growth_attributes_us": lambda: growth.cases_by_attributes(endpoint, 3 * records),
        }
        for name, build_cases in groups.items():
            cases = build_cases()
            label = name.removesuffix("_us").replace("_", " ")
            task = progress.add_task(label, total=len(cases) * (rounds + 1))
            figures[name] = min_cpu_us(cases, rounds, partial(progress.advance, task))
        task = progress.add_task("flame graph", total=1)
        stacks = flame.sample_stacks(endpoint, size.samples)
        progress.advance(task)
        figures["bytes_per_record"] = measure_bytes_per_record(endpoint)
        task = progress.add_task("memory", total=2)
        figures["memory"] = []
        for workload in (ARTICLE, SMALL):
            figures["memory"].append(measure_peaks(endpoint, workload))
            progress.advance(task)
    with acknowledging_server(latency.LATENCY_S) as server:
        task = progress.add_task("elapsed time", total=3)
        figures["distinct_keys"] = latency.measure_distinct_keys(server, records, rounds)
        progress.advance(task)
        figures["hot_keys"] = latency.measure_hot_keys(server, records)
        progress.advance(task)
        figures["one_shard"] = latency.measure_one_shard(server, records)
        progress.advance(task)
    return figures, stacks


def main() -> None:
    """Measure, print the tables, and write the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="measure for about a minute; less exact"
    )
    parser.add_argument("--out", type=Path, default=DOCS / "benchmarks", help="output directory")
    options = parser.parse_args()
    console = Console(file=sys.stdout)
    with (
        open(os.devnull, "w", encoding="utf-8") as function_log,
        Progress(console=console, transient=True, redirect_stdout=False) as progress,
        redirect_stdout(function_log),
    ):
        figures, stacks = measure(QUICK if options.quick else FULL, progress)
    goals = check_goals(figures)
    figures["goals"] = [goal._asdict() for goal in goals]
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
    (options.out / "figures.json").write_text(text, encoding="utf-8")
    draw(figures, options.out)
    flame.draw(stacks, options.out)
    tables = [*figure_tables(figures), goal_table(goals)]
    page = markdown(tables, figures["machine"])
    (options.out / "figures.md").write_text(page, encoding="utf-8")
    for table in tables:
        console.print(table)
    names = "figures.json, figures.md, cost.svg, growth.svg and flame.svg"
    console.print(f"Wrote {names} to {options.out}")


if __name__ == "__main__":
    main()

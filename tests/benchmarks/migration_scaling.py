"""Measure how the rate of a load grows with its workers if source and target are not slower.

The source is an export in a folder. The target acknowledges every row after a latency, so that a
worker waits most of the time and a core has room for several. The rate is that of the middle half
of the rows, while every worker is busy, per second and per second of processor time.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from ots_sync.limits import ROWS_PER_BATCH
from ots_tools.plan import ITEMS_PER_S
from tests.benchmarks.acknowledging_server import AcknowledgingServer, acknowledging_server
from tests.benchmarks.measured_process import export, run
from tests.support.builders import ENVIRON

ROWS = 40_000
FILES = 8
CASES = ((1, 4, 16, 0.0), (1, 1, 2, 0.1), (2, 1, 2, 0.1), (4, 1, 2, 0.1))
"""Workers, threads per worker, concurrent requests per worker, latency of the target in seconds."""


class Sample(NamedTuple):
    """The progress of a load at a time: rows and processor seconds so far."""

    at_s: float
    rows: int
    cpu_s: float


@dataclass(frozen=True)
class Scaled:
    """One load: the rates are of all workers together, the memory is of the largest process."""

    workers: int
    threads: int
    calls_in_flight: int
    latency_s: float
    rows_per_s: float
    rows_per_cpu_s: float
    peak_mb: float


def measure(console: Console) -> list[Scaled]:
    """Measure each case."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with console.status("writing an export"):
            place = export(home, ROWS, FILES)
        return [_measure(case, place, home, console) for case in CASES]


def _measure(
    case: tuple[int, int, int, float], place: Path, home: Path, console: Console
) -> Scaled:
    workers, threads, calls, latency_s = case
    words = ["backfill", "--from-export", str(place), "--workers", str(workers)]
    words += ["--threads", str(threads), "--state", str(home / f"{workers}-{threads}")]
    samples = [Sample(0.0, 0, 0.0)]
    with (
        acknowledging_server(latency_s) as target,
        console.status(f"{ROWS:,} items by {workers} workers, {latency_s * 1000:.0f} ms per call"),
    ):
        environ = {**ENVIRON, "OTS_ENDPOINT": target.endpoint, "MAX_CONCURRENCY": str(calls)}
        done = run(words, environ, lambda cpu_s: _add_sample(target, samples, cpu_s))
        _add_sample(target, samples, done.cpu_s)
    assert samples[-1].rows == ROWS, "rows were sent again, or in incomplete batches"
    first = next(one for one in samples if one.rows >= ROWS / 4)
    last = next(one for one in samples if one.rows >= ROWS * 3 / 4)
    rows = last.rows - first.rows
    rows_per_s, rows_per_cpu_s = rows / (last.at_s - first.at_s), rows / (last.cpu_s - first.cpu_s)
    return Scaled(*case, rows_per_s, rows_per_cpu_s, done.peak_mb)


def _add_sample(target: AcknowledgingServer, samples: list[Sample], cpu_s: float) -> None:
    rows = samples[-1].rows + target.calls() * ROWS_PER_BATCH
    samples.append(Sample(time.monotonic(), rows, cpu_s))


def shown(found: Sequence[Scaled]) -> Table:
    """Return the results as a table, with the required rates."""
    table = Table(title="Loads of an export by several workers, with a target that is not slower")
    for column in ("workers", "threads x calls", "latency", "rows/s", "wanted", "times one"):
        table.add_column(column, justify="right")
    for column in ("per CPU s", "peak MB"):
        table.add_column(column, justify="right")
    for one in found:
        alone = next(o for o in found if o.latency_s == one.latency_s)
        wanted = ITEMS_PER_S * one.workers
        table.add_row(
            str(one.workers),
            f"{one.threads} x {one.calls_in_flight // one.threads}",
            f"{one.latency_s * 1000:.0f} ms",
            f"{one.rows_per_s:,.0f}",
            f"{wanted:,}",
            f"{one.rows_per_s / alone.rows_per_s:.1f}",
            f"{one.rows_per_cpu_s:,.0f}",
            f"{one.peak_mb:,.0f}",
            style="" if one.rows_per_s >= wanted else "red",
        )
    return table

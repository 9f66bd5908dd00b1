"""How a load's rate grows with its workers, where neither end is slower than they are.

The source is an export in a folder; the target acknowledges every row after a latency, so that a
worker waits most of its time, and the cores that there are have room for several. Counted is the
middle half of the rows, while every worker is at it: by the clock, and by processor time.
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
from ots_tools.costs import ITEMS_PER_S
from tests.benchmarks.acknowledging_server import AcknowledgingServer, acknowledging_server
from tests.support.builders import ENVIRON
from tests.tools.measuring import export, run

ROWS = 40_000
FILES = 8
SCENES = ((1, 4, 16, 0.0), (1, 1, 2, 0.1), (2, 1, 2, 0.1), (4, 1, 2, 0.1))
"""Workers, threads and calls in flight of each, seconds of the target's latency."""


class Look(NamedTuple):
    """How far a load is: the time, the rows so far, the processor seconds so far."""

    at_s: float
    rows: int
    cpu_s: float


@dataclass(frozen=True)
class Scaled:
    """One load. `rows_per_s` is by the clock, of all workers together; memory is of the largest."""

    workers: int
    threads: int
    calls_in_flight: int
    latency_s: float
    rows_per_s: float
    rows_per_cpu_s: float
    peak_mb: float


def measure(console: Console) -> list[Scaled]:
    """Each scene."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with console.status("an export to load by more and more workers"):
            place = export(home, ROWS, FILES)
        return [_measured(scene, place, home, console) for scene in SCENES]


def _measured(
    scene: tuple[int, int, int, float], place: Path, home: Path, console: Console
) -> Scaled:
    workers, threads, calls, latency_s = scene
    words = ["backfill", "--from-export", str(place), "--workers", str(workers)]
    words += ["--threads", str(threads), "--state", str(home / f"{workers}-{threads}")]
    looks = [Look(0.0, 0, 0.0)]
    with (
        acknowledging_server(latency_s) as target,
        console.status(f"{ROWS:,} items by {workers} workers, {latency_s * 1000:.0f} ms a call"),
    ):
        environ = {**ENVIRON, "OTS_ENDPOINT": target.endpoint, "MAX_CONCURRENCY": str(calls)}
        done = run(words, environ, lambda cpu_s: _look(target, looks, cpu_s))
        _look(target, looks, done.cpu_s)
    assert looks[-1].rows == ROWS, "rows were sent again, or in batches that are not full"
    first = next(one for one in looks if one.rows >= ROWS / 4)
    last = next(one for one in looks if one.rows >= ROWS * 3 / 4)
    rows = last.rows - first.rows
    rows_per_s, rows_per_cpu_s = rows / (last.at_s - first.at_s), rows / (last.cpu_s - first.cpu_s)
    return Scaled(*scene, rows_per_s, rows_per_cpu_s, done.peak_mb)


def _look(target: AcknowledgingServer, looks: list[Look], cpu_s: float) -> None:
    rows = looks[-1].rows + target.calls() * ROWS_PER_BATCH
    looks.append(Look(time.monotonic(), rows, cpu_s))


def shown(found: Sequence[Scaled]) -> Table:
    """The figures; what one worker has to do, and what several have to do beside one."""
    table = Table(title="Loads of an export by workers, to a target that is not slower")
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

"""Measure the speed and the memory of a load and a verify: `make bench-migration`.

Each command runs in its own process, with ministack and the local Table Store in others. On two
cores these are slower than the tools. The results therefore also contain the rate per second of
the tool's own processor time without its start, which one worker reaches if nothing else is slower.
The sizes show whether memory grows. `migration_scaling` measures several workers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tablestore import OTSClient

from ots_local.dynamodb import create_table, open_dynamodb
from ots_local.target_table import create_target_table
from ots_tools.plan import ITEMS_PER_S
from tests.benchmarks import migration_scaling
from tests.benchmarks.measured_process import Run, export, item, run
from tests.support.paths import ROOT

SIZES = (8_000, 32_000, 100_000)
WANTED = {"backfill": ITEMS_PER_S, "verify": 2 * ITEMS_PER_S}
MEMORY_MB_MAX = 200


@dataclass(frozen=True)
class Measured:
    """One run: rows per second and per second of its own processor time; peak memory in MB."""

    name: str
    rows: int
    wall_s: float
    rows_per_s: float
    rows_per_cpu_s: float
    peak_mb: float

    @property
    def wanted(self) -> int:
        """Return the required rows per second of processor time."""
        return WANTED[self.name.partition(",")[0]]


@contextlib.contextmanager
def serving() -> Iterator[dict[str, str]]:
    """Run a local Table Store with the target table; return the variables to use it."""
    command = [sys.executable, "-m", "ots_local", "tablestore"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            environ = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
            client = OTSClient(
                environ["OTS_ENDPOINT"],
                environ["OTS_ID"],
                environ["OTS_SECRET"],
                environ["OTS_INSTANCE"],
            )
            create_target_table(client, "target", {"user_id": str, "action_time": int})
            yield {**environ, "TABLE_NAME": "target", "PRIMARY_KEY": "user_id,action_time"}
        finally:
            process.terminate()


def measure(sizes: Sequence[int], console: Console) -> list[Measured]:
    """Measure every command with a table of each size; the table grows in between."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving() as target,
        open_dynamodb() as dynamodb,
        console.status("") as status,
    ):
        tables = dynamodb.tables
        create_table(tables, "bench", {"user_id": "S", "action_time": "N"})
        arn = tables.describe_table(TableName="bench")["Table"]["TableArn"]
        environ = {**target, "AWS_ENDPOINT_URL": dynamodb.endpoint}
        start = run(["backfill", "--table", "bench", "--dry-run"], environ)
        there = 0
        for rows in sorted(sizes):
            status.update(f"{rows:,} items: filling the source")
            _fill(tables, range(there, rows))
            there = rows
            home = Path(folder, str(rows))
            for name, words in _commands(home, export(home, rows, 4, arn)).items():
                status.update(f"{rows:,} items: {name}")
                found.append(_measured(name, rows, run(words, environ), start))
    return found


def _fill(tables: Any, numbers: range) -> None:
    for start in numbers[::25]:
        requests: Any = [{"PutRequest": {"Item": item(n)}} for n in range(start, start + 25)]
        tables.batch_write_item(RequestItems={"bench": requests})


def _commands(home: Path, place: Path) -> Mapping[str, Sequence[str]]:
    load = ["backfill", "--table", "bench", "--state"]
    check = ["verify", "--table", "bench", "--state", str(home / "none")]
    return {
        "backfill": [*load, str(home / "1")],
        "backfill, export": [*load, str(home / "2"), "--from-export", str(place)],
        "verify": [*check, "--report", str(home / "report.json")],
    }


def _measured(name: str, rows: int, whole: Run, start: Run) -> Measured:
    wall_s = max(0.001, whole.wall_s - start.wall_s)
    cpu_s = max(0.001, whole.cpu_s - start.cpu_s)
    return Measured(name, rows, wall_s, rows / wall_s, rows / cpu_s, whole.peak_mb)


def shown(found: Sequence[Measured]) -> Table:
    """Return the results as a table, with the required rates."""
    table = Table(title=f"A migration, items of 1 KB; at most {MEMORY_MB_MAX} MB")
    for column in ("command", "rows", "rows/s", "rows per CPU s", "wanted", "peak MB"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for one in sorted(found, key=lambda one: one.name):
        good = one.rows_per_cpu_s >= one.wanted and one.peak_mb <= MEMORY_MB_MAX
        table.add_row(
            one.name,
            f"{one.rows:,}",
            f"{one.rows_per_s:,.0f}",
            f"{one.rows_per_cpu_s:,.0f}",
            f"{one.wanted:,}",
            f"{one.peak_mb:,.0f}",
            style="" if good else "red",
        )
    return table


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.migration", description=__doc__
    )
    parser.add_argument("--items", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args()
    console = Console()
    found = measure(arguments.items, console)
    console.print(shown(found))
    scaled = migration_scaling.measure(console)
    console.print(migration_scaling.shown(scaled))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        figures = {
            "commands": [asdict(one) for one in found],
            "workers": [asdict(one) for one in scaled],
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

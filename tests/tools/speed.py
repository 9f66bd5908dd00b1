"""How fast a load and a verify are, and what memory they take: `make bench-migration`.

Each command runs in a process of its own against ministack and the local Table Store in others. On
two cores these ends are slower than the tools, so beside the clock's rate stands the rate for each
second of the tool's own processor time, its start left out: one worker's where no end is slower.
The sizes tell whether memory grows. How workers add up is measured beside faster ends, in
`scaling`.
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
from ots_tools.costs import ITEMS_PER_S
from tests.tools import scaling
from tests.tools.measuring import ROOT, Run, export, item, run

SIZES = (8_000, 32_000, 100_000)
WANTED = {"backfill": ITEMS_PER_S, "verify": 2 * ITEMS_PER_S}
MEMORY_MB_MAX = 200


@dataclass(frozen=True)
class Measured:
    """One run: rows a second by the clock and by its own processor time; peak memory in MB."""

    name: str
    rows: int
    wall_s: float
    rows_per_s: float
    rows_per_cpu_s: float
    peak_mb: float

    @property
    def wanted(self) -> int:
        """Rows for each second of the processor."""
        return WANTED[self.name.partition(",")[0]]


@contextlib.contextmanager
def serving() -> Iterator[dict[str, str]]:
    """A local Table Store in a process of its own, with the target; the variables to use it."""
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
    """Every command over a table of each size; it grows from one to the next."""
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
    """The figures, and what they have to be."""
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
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.speed", description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    console = Console()
    found = measure(arguments.items, console)
    console.print(shown(found))
    scaled = scaling.measure(console)
    console.print(scaling.shown(scaled))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        figures = {
            "commands": [asdict(one) for one in found],
            "workers": [asdict(one) for one in scaled],
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

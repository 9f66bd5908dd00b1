"""How fast a load and a verify are, and what memory they take: `make bench-migration`.

Each command runs in a process of its own against ministack and the local Table Store in others. On
two cores these ends are slower than the tools, so beside the clock's rate stands the rate for each
second of the tool's own processor time, its start left out: one worker's where no end is slower.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from tablestore import OTSClient

from ots_local import target_table
from ots_local.dynamodb import create_table, open_dynamodb
from ots_tools.costs import ITEMS_PER_S
from tests.tools import exported

ROOT = Path(__file__).parent.parent.parent
SIZES = (8_000, 32_000)
WANTED = {"backfill": ITEMS_PER_S, "verify": 2 * ITEMS_PER_S}
MEMORY_MB_MAX = 200
SAMPLE_S = 0.02


@dataclass(frozen=True)
class Measured:
    """One run: rows a second by the clock and by its own processor time; peak memory in MB."""

    name: str
    rows: int
    wall_s: float
    rows_per_s: float
    rows_per_cpu_s: float
    peak_mb: float


def item(number: int) -> dict[str, Any]:
    """About 1 KB, of several types."""
    return {
        "user_id": {"S": f"user-{number:08}"},
        "action_time": {"N": str(number)},
        **{f"text{n}": {"S": f"{number:08} " * 10} for n in range(8)},
        "amount": {"N": "12.5"},
        "active": {"BOOL": True},
        "address": {"M": {"street": {"S": "b" * 60}, "list": {"L": [{"N": "1"}, {"N": "2"}]}}},
        "photo": {"B": b"abcdefgh"},
    }


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
            target_table.create(client, "target", {"user_id": str, "action_time": int})
            yield {**environ, "TABLE_NAME": "target", "PRIMARY_KEY": "user_id,action_time"}
        finally:
            process.terminate()


def run(words: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float, float]:
    """Wall and processor seconds, and peak MB, of one command and its workers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ots_tools", *words],
        env={**os.environ, **environ},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    peak = 0
    with contextlib.suppress(psutil.NoSuchProcess):  # it ended between two looks
        while process.poll() is None:
            own = psutil.Process(process.pid)
            for one in [own, *own.children()]:
                peak = max(peak, one.memory_info().rss)
            time.sleep(SAMPLE_S)
    if process.wait():
        raise SystemExit(f"{words[0]} ended with exit code {process.returncode}")
    wall_s = time.monotonic() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = sum(after[:2]) - sum(before[:2])
    return wall_s, cpu_s, peak / 1e6


def measured(name: str, rows: int, words: Sequence[str], environ: Mapping[str, str]) -> Measured:
    """One command over so many rows, its start (measured by --dry-run) left out for each process
    of it.
    """
    start = ["backfill", "--table", "bench", "--dry-run"]
    start_wall_s, start_cpu_s, _ = run(start, environ)
    wall_s, cpu_s, peak_mb = run(words, environ)
    starts = 3 if "--workers" in words else 1
    wall_s, cpu_s = max(0.001, wall_s - start_wall_s), max(0.001, cpu_s - starts * start_cpu_s)
    return Measured(name, rows, wall_s, rows / wall_s, rows / cpu_s, peak_mb)


def measure(rows: int, console: Console) -> list[Measured]:
    """Every command over a table of so many rows."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving() as target,
        open_dynamodb() as dynamodb,
        console.status(f"{rows:,} items: filling the source") as status,
    ):
        home = Path(folder)
        tables = dynamodb.tables
        create_table(tables, "bench", {"user_id": "S", "action_time": "N"})
        for start in range(0, rows, 25):
            requests: Any = [{"PutRequest": {"Item": item(n)}} for n in range(start, start + 25)]
            tables.batch_write_item(RequestItems={"bench": requests})
        arn = tables.describe_table(TableName="bench")["Table"]["TableArn"]
        lines = [exported.full_line(_plain(item(number))) for number in range(rows)]
        export = exported.write(home, "full", [lines[:-10], lines[-10:]], table_arn=arn)
        environ = {**target, "AWS_ENDPOINT_URL": dynamodb.endpoint}
        load = ["backfill", "--table", "bench", "--state"]
        check = ["verify", "--table", "bench", "--state", str(home / "none"), "--report"]
        found = []
        for name, words in {
            "backfill": [*load, str(home / "1")],
            "backfill, 2 workers": [*load, str(home / "2"), "--workers", "2"],
            "backfill, export": [*load, str(home / "3"), "--from-export", str(export)],
            "verify": [*check, str(home / "report.json")],
        }.items():
            status.update(f"{rows:,} items: {name}")
            found.append(measured(name, rows, words, environ))
        return found


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    """Bytes as an export has them."""
    return {**one, "photo": {"B": "YWJjZGVmZ2g="}}


def shown(found: Sequence[Measured]) -> Table:
    """The figures, and what they have to be."""
    table = Table(title="A migration on this machine, items of 1 KB", title_justify="left")
    for column in ("command", "rows", "rows/s", "rows per CPU s", "wanted", "peak MB"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for one in found:
        wanted = WANTED[one.name.partition(",")[0]]
        good = one.rows_per_cpu_s >= wanted and one.peak_mb <= MEMORY_MB_MAX
        table.add_row(
            one.name,
            f"{one.rows:,}",
            f"{one.rows_per_s:,.0f}",
            f"{one.rows_per_cpu_s:,.0f}",
            f"{wanted:,}, {MEMORY_MB_MAX} MB",
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
    found = [one for rows in arguments.items for one in measure(rows, console)]
    console.print(shown(found))
    if arguments.json:
        with contextlib.suppress(FileExistsError):
            arguments.json.parent.mkdir(parents=True)
        arguments.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")


if __name__ == "__main__":
    main()

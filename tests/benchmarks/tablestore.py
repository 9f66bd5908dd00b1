"""Measure the speed of the local Table Store; `make bench-tablestore` prints the figures.

The server runs in a process of its own. The client is the SDK, with its native codec where that
loads. Elapsed times include the share of the client: the fastest call shows what the programs need,
the median includes the load of the machine. In brackets: the server's CPU time per call.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from tablestore import INF_MAX, INF_MIN, Condition, OTSClient, Row

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import batch, make_table, put_item

SMALL = [("name", "abcdefgh"), ("number", 1), ("truth", True)]
TITLE = "local Table Store: fastest / median elapsed time (server's CPU time)"
WIDE = [(f"column{number}", "x" * 20) for number in range(10)]


@contextmanager
def run_emulator(*options: str) -> Iterator[tuple[OTSClient, psutil.Process]]:
    """Run an emulator in another process; yield a client with table "t" and the process."""
    command = [sys.executable, "-m", "ots_local", "tablestore", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(4)]
        found = dict(line.split("=", 1) for line in lines)
        names = ("OTS_ENDPOINT", "OTS_ID", "OTS_SECRET", "OTS_INSTANCE")
        client = OTSClient(*(found[name] for name in names))
        make_table(client)
        yield client, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate()


def elapsed(call: Callable[[], object], runs: int) -> str:
    """Measure the fastest and the median elapsed time of a call."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return f"{1000 * min(times):.1f} / {1000 * statistics.median(times):.1f} ms"


def elapsed_and_cpu(call: Callable[[], object], runs: int, server: psutil.Process) -> str:
    """Measure the elapsed time of a call and the CPU time of the server."""
    call()
    before = sum(server.cpu_times()[:2])
    times = elapsed(call, runs)
    cpu = 1000 * (sum(server.cpu_times()[:2]) - before) / runs
    return f"{times} ({cpu:.1f})"


def rate(client: OTSClient, workers: int, calls: int) -> float:
    """Measure the PutRow calls per second of a number of concurrent clients."""

    def put(number: int) -> None:
        row = Row([("id", f"r{number}")], SMALL)
        client.put_row("t", row, Condition("IGNORE"))

    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(put, range(calls)))
    return calls / (time.perf_counter() - started)


def measure(*options: str) -> dict[str, str]:
    """Measure an emulator with these command options."""
    with run_emulator(*options) as (client, server):
        wide = batch(*[put_item(f"w{number:04d}", WIDE) for number in range(200)])
        write = elapsed_and_cpu(lambda: client.batch_write_row(wide), 60, server)
        one = rate(client, 1, 500)
        many = rate(client, 32, 1500)
        client.delete_table("t")
        make_table(client)
        for start in range(0, 5000, 200):
            keys = range(start, start + 200)
            client.batch_write_row(batch(*[put_item(f"k{key:05d}", SMALL) for key in keys]))
        low: Any = [("id", INF_MIN)]
        high: Any = [("id", INF_MAX)]
        page = elapsed_and_cpu(lambda: client.get_range("t", "FORWARD", low, high), 20, server)
    return {
        "BatchWriteRow, 200 rows of 10 columns": write,
        "GetRange, a page of 5,000 rows": page,
        "PutRow, one client": f"{one:.0f} per second",
        "PutRow, 32 clients": f"{many:.0f} per second",
    }


def start_and_stop() -> None:
    """Start and stop an emulator in this process."""
    with TableStore():
        pass


def main() -> None:
    """Measure with data in memory and in a file; print both."""
    table = Table("", "in memory", "in a file", title=TITLE)
    with tempfile.TemporaryDirectory() as folder:
        in_file = measure("--data", str(Path(folder) / "store.sqlite"))
    in_memory = measure()
    for name, figure in in_memory.items():
        table.add_row(name, figure, in_file[name])
    table.add_row("start and stop, in this process", elapsed(start_and_stop, 20), "")
    Console().print(table)


if __name__ == "__main__":
    main()

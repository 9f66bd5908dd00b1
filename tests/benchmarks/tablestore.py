"""What the local Table Store reaches on this machine: `make bench-tablestore` prints the figures.

The server runs in a process of its own, as it does beside a program; the SDK's native codec is the
client where it loads. Elapsed times contain the client's share: the fastest of many calls, which is
what the programs take, and the median, which is what a busy machine makes of it. In brackets stands
the processor time that the server alone takes for a call.
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
TITLE = "local Table Store: fastest / median elapsed (server's processor time)"
WIDE = [(f"column{number}", "x" * 20) for number in range(10)]


@contextmanager
def serving(*options: str) -> Iterator[tuple[OTSClient, psutil.Process]]:
    """Serve from another process; gives a client with table "t", and the process."""
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
    """Measure the fastest and the median time of a call."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return f"{1000 * min(times):.1f} / {1000 * statistics.median(times):.1f} ms"


def both(call: Callable[[], object], runs: int, server: psutil.Process) -> str:
    """Measure a call's time, and the server's share of the processor."""
    call()
    before = sum(server.cpu_times()[:2])
    times = elapsed(call, runs)
    cpu = 1000 * (sum(server.cpu_times()[:2]) - before) / runs
    return f"{times} ({cpu:.1f})"


def rate(client: OTSClient, workers: int, calls: int) -> float:
    """Measure how many PutRow a second so many clients are served."""

    def put(number: int) -> None:
        row = Row([("id", f"r{number}")], SMALL)
        client.put_row("t", row, Condition("IGNORE"))

    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(put, range(calls)))
    return calls / (time.perf_counter() - begun)


def figures(*options: str) -> dict[str, str]:
    """Measure one server."""
    with serving(*options) as (client, server):
        wide = batch(*[put_item(f"w{number:04d}", WIDE) for number in range(200)])
        write = both(lambda: client.batch_write_row(wide), 60, server)
        one = rate(client, 1, 500)
        many = rate(client, 32, 1500)
        client.delete_table("t")
        make_table(client)
        for start in range(0, 5000, 200):
            keys = range(start, start + 200)
            client.batch_write_row(batch(*[put_item(f"k{key:05d}", SMALL) for key in keys]))
        low: Any = [("id", INF_MIN)]
        high: Any = [("id", INF_MAX)]
        page = both(lambda: client.get_range("t", "FORWARD", low, high), 20, server)
    return {
        "BatchWriteRow, 200 rows of 10 columns": write,
        "GetRange, a page of 5,000 rows": page,
        "PutRow, one client": f"{one:.0f} a second",
        "PutRow, 32 clients": f"{many:.0f} a second",
    }


def start() -> None:
    """Start and stop a store in this process."""
    with TableStore():
        pass


def main() -> None:
    """Measure in memory and on a file, and print both."""
    table = Table("", "in memory", "on a file", title=TITLE)
    with tempfile.TemporaryDirectory() as folder:
        on_file = figures("--data", str(Path(folder) / "store.sqlite"))
    in_memory = figures()
    for name, figure in in_memory.items():
        table.add_row(name, figure, on_file[name])
    table.add_row("start and stop, in this process", elapsed(start, 20), "")
    Console().print(table)


if __name__ == "__main__":
    main()

"""The built bundle goes in; the time from a fresh interpreter to a ready handler comes out.

Beside it stands `import tablestore` alone in a full installation, numpy and all. Fails when the
bundle takes longer. `make bench-coldstart`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ots_local import python312

ROOT = Path(__file__).parent.parent.parent
BUNDLE = ROOT / "build" / "bundle"
# Ready to send: all that the first invocation would otherwise still make.
READY = "import lambda_function as door; door.settings(); door.telemetry(); door.client()"
SETTINGS = {
    "OTS_ID": "id",
    "OTS_SECRET": "secret",
    "OTS_INSTANCE": "instance",
    "OTS_REGION": "cn-hangzhou",
    "TABLE_NAME": "target",
    "PRIMARY_KEY": "user_id,action_time",
}


def seconds(python: str, code: str, path: Path) -> float:
    """How long a fresh interpreter takes, start and end included, with only `path` importable."""
    # As in Lambda: no site-packages, nothing written. Bytecode is there in both, made beforehand.
    environ = {**SETTINGS, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    began = time.perf_counter()
    subprocess.run([python, "-S", "-c", code], env=environ, check=True)
    return time.perf_counter() - began


def main() -> None:
    """The command line: `python -m tests.benchmarks.cold_start [--runs N]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="interpreters started for each line")
    runs = parser.parse_args().runs
    python = python312.find()
    if python is None or sys.version_info[:2] != (3, 12):
        sys.exit("The bundle and what it is compared with need Python 3.12 in .venv.")
    full = Path(sysconfig.get_paths()["purelib"])
    cases = {
        "bundle: handler ready": (READY, BUNDLE),
        "full installation: import tablestore": ("import tablestore", full),
        "bundle: import tablestore": ("import tablestore", BUNDLE),
        "bare interpreter": ("pass", BUNDLE),
    }
    taken: dict[str, list[float]] = {name: [] for name in cases}
    console = Console()
    # Turn by turn, so that a busy spell of the machine falls on all alike; the first is a warm-up.
    for turn in track(range(runs + 1), "Starting interpreters", console=console, transient=True):
        for name, (code, path) in cases.items():
            spent = seconds(python, code, path)
            if turn:
                taken[name].append(spent)
    table = Table("ms, a fresh interpreter each", "median", "fastest", title=f"{runs} runs each")
    for name, spans in taken.items():
        cells = [f"{figure * 1000:.0f}" for figure in (statistics.median(spans), min(spans))]
        table.add_row(name, *cells)
    console.print(table)
    # The fastest is told by: what a busy machine adds is neither's.
    ours, theirs = (min(taken[name]) for name in list(cases)[:2])
    console.print(f"The handler is ready in {ours / theirs:.0%} of the time of the import alone.")
    if ours > theirs:
        sys.exit("The bundle's cold start grew longer than the import alone.")


if __name__ == "__main__":
    main()

"""Measure the time from a fresh interpreter to a ready handler in the built bundle.

For comparison, it measures `import tablestore` alone in a complete installation with numpy. The
benchmark fails if the bundle takes longer. Run it with `make bench-coldstart`.
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

from ots_local.lambda_runtime import python312
from tests.support.paths import ROOT

BUNDLE = ROOT / "build" / "bundle"
# Everything that the first invocation would otherwise create.
READY = (
    "import lambda_function as handler; handler.settings(); handler.telemetry(); handler.client()"
)
SETTINGS = {
    "OTS_ID": "id",
    "OTS_SECRET": "secret",
    "OTS_INSTANCE": "instance",
    "OTS_REGION": "cn-hangzhou",
    "TABLE_NAME": "target",
    "PRIMARY_KEY": "user_id,action_time",
}


def interpreter_s(python: str, code: str, path: Path) -> float:
    """Return the time of a fresh interpreter from start to end; only `path` can be imported."""
    # As in Lambda: no site-packages, and nothing is written. Both cases have bytecode.
    environ = {**SETTINGS, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    start_s = time.perf_counter()
    subprocess.run([python, "-S", "-c", code], env=environ, check=True)
    return time.perf_counter() - start_s


def main() -> None:
    """Run the command line `python -m tests.benchmarks.cold_start [--runs N]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="number of interpreters per case")
    runs = parser.parse_args().runs
    python = python312.find()
    if python is None or sys.version_info[:2] != (3, 12):
        sys.exit("error: this benchmark needs Python 3.12 in .venv.")
    installation = Path(sysconfig.get_paths()["purelib"])
    cases = {
        "bundle: handler ready": (READY, BUNDLE),
        "complete installation: import tablestore": ("import tablestore", installation),
        "bundle: import tablestore": ("import tablestore", BUNDLE),
        "interpreter only": ("pass", BUNDLE),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    console = Console()
    # In rounds, so that a busy period of the machine affects all cases; the first is a warm-up.
    for number in track(range(runs + 1), "Starting interpreters", console=console, transient=True):
        for name, (code, path) in cases.items():
            elapsed_s = interpreter_s(python, code, path)
            if number:
                times[name].append(elapsed_s)
    table = Table("ms per interpreter", "median", "minimum", title=f"{runs} runs per case")
    for name, elapsed in times.items():
        cells = [f"{value * 1000:.0f}" for value in (statistics.median(elapsed), min(elapsed))]
        table.add_row(name, *cells)
    console.print(table)
    # The minimum is compared, because other load only adds time.
    ours_s, import_s = (min(times[name]) for name in list(cases)[:2])
    console.print(f"The handler is ready in {ours_s / import_s:.0%} of the time of the import.")
    if ours_s > import_s:
        sys.exit("error: the bundle's cold start takes longer than the import.")


if __name__ == "__main__":
    main()

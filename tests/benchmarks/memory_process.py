"""Read one event, run the function on it, and print the peak memory of this process.

`python -m tests.benchmarks.memory_process EVENT [ENDPOINT]`. Without an endpoint the process only
reads the event and imports nothing of this project. The peak is available on Linux only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: str, endpoint: str = "") -> None:
    """Print the peak in MB as the last line."""
    if endpoint:
        from tests.benchmarks.function import invoker, open_handler

        invoke = invoker(open_handler(endpoint))
    event = json.loads(Path(path).read_text(encoding="utf-8"))
    if endpoint:
        invoke(event)
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    print(int(peak) * 1024 / 1e6)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])

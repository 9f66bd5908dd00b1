"""A process of its own for one event: reads it, has the function handle it, tells its memory peak.

`python -m tests.benchmarks.one_event EVENT [ENDPOINT]`; without an endpoint nothing of ours is even
imported: the bare runtime with the event in it. Linux alone tells a peak that began with this
program.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: str, endpoint: str = "") -> None:
    """Prints the peak in MB as the last line."""
    if endpoint:
        from tests.benchmarks.subject import handler, open_subject

        function = handler(open_subject(endpoint))
    event = json.loads(Path(path).read_text(encoding="utf-8"))
    if endpoint:
        function(event)
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    print(int(peak) * 1024 / 1e6)  # noqa: T201 - to the process that asked


if __name__ == "__main__":
    main(*sys.argv[1:])

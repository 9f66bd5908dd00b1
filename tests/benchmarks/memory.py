"""The most memory that an invocation takes: a workload goes in, the peaks of two fresh processes
come out. Both read its fullest event as Lambda's runtime does; only one handles it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.workloads import Workload, largest_event


def peaks(endpoint: str, workload: Workload) -> dict[str, Any]:
    """Peaks in MB with the event alone, and with the function's work."""
    text, records = largest_event(workload)
    with tempfile.TemporaryDirectory() as place:
        event = Path(place) / "event.json"
        event.write_text(text, encoding="utf-8")
        bare, whole = _peak_mb(event), _peak_mb(event, endpoint)
    return {
        "workload": workload.name,
        "records": records,
        "event_mb": len(text) / 1e6,
        "bare_mb": bare,
        "whole_mb": whole,
        "above_mb": whole - bare,
    }


def _peak_mb(event: Path, *endpoint: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.one_event", str(event), *endpoint]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.rsplit("\n", 2)[-2])

"""Measure the peak memory of an invocation with the largest event of a workload.

Two processes read the event as Lambda's runtime does; only one of them runs the function.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.workloads import Workload, largest_event


def measure_peaks(endpoint: str, workload: Workload) -> dict[str, Any]:
    """Return the peaks in MB with the event alone, and with the function."""
    text, records = largest_event(workload)
    with tempfile.TemporaryDirectory() as folder:
        event = Path(folder) / "event.json"
        event.write_text(text, encoding="utf-8")
        event_only, function = _peak_mb(event), _peak_mb(event, endpoint)
    return {
        "workload": workload.name,
        "records": records,
        "event_mb": len(text) / 1e6,
        "event_only_peak_mb": event_only,
        "peak_mb": function,
        "function_mb": function - event_only,
    }


def _peak_mb(event: Path, *endpoint: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.memory_process", str(event), *endpoint]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(result.stdout.rsplit("\n", 2)[-2])

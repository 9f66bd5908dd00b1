"""Measure the time, processor time and peak memory of a command of ots_tools and its workers."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.support import exports
from tests.support.paths import ROOT

SAMPLE_S = 0.05


class Run(NamedTuple):
    """Wall and processor seconds, including workers, and the peak MB of the largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    on_sample: Callable[[float], None] = lambda _: None,
) -> Run:
    """Run a command to its end; call `on_sample` repeatedly with its processor seconds so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ots_tools", *words],
        env={**os.environ, **environ},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    peak = 0
    while process.poll() is None:
        spent_s = 0.0
        for one in _family(process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended between two calls
                peak = max(peak, one.memory_info().rss)
                spent_s += sum(one.cpu_times()[:2])
        on_sample(spent_s)
        time.sleep(SAMPLE_S)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with exit code {process.returncode}")
    wall_s = time.monotonic() - started_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(wall_s, sum(after[:2]) - sum(before[:2]), peak / 1e6)


def _family(pid: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        own = psutil.Process(pid)
        yield own
        yield from own.children()


def item(number: int) -> dict[str, Any]:
    """Return an item of about 1 KB with several types."""
    return {
        "user_id": {"S": f"user-{number:08}"},
        "action_time": {"N": str(number)},
        **{f"text{n}": {"S": f"{number:08} " * 10} for n in range(8)},
        "amount": {"N": "12.5"},
        "active": {"BOOL": True},
        "address": {"M": {"street": {"S": "b" * 60}, "list": {"L": [{"N": "1"}, {"N": "2"}]}}},
        "photo": {"B": b"abcdefgh"},
    }


def export(root: Path, rows: int, files: int, table_arn: str = exports.TABLE_ARN) -> Path:
    """Write a full export of such items; return its folder."""
    each = rows // files
    return exports.write(
        root,
        f"full-{rows}",
        [
            [exports.full_line(_in_json(item(n))) for n in range(start, start + each)]
            for start in range(0, rows, each)
        ],
        table_arn=table_arn,
    )


def _in_json(one: dict[str, Any]) -> dict[str, Any]:
    """Return the item with binary values in base64, as in an export."""
    return {**one, "photo": {"B": "YWJjZGVmZ2g="}}

"""A command of the tools goes in, its seconds, processor time and peak memory come out.

It runs in a process of its own, with its workers; refuses one that fails.
"""

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

from tests.tools import exported

ROOT = Path(__file__).parent.parent.parent
SAMPLE_S = 0.05


class Run(NamedTuple):
    """Wall and processor seconds, workers included, and the peak MB of the largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    watch: Callable[[float], None] = lambda _: None,
) -> Run:
    """Runs a command to its end; `watch` is told the processor seconds so far, again and again."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.monotonic()
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
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended between two looks
                peak = max(peak, one.memory_info().rss)
                spent_s += sum(one.cpu_times()[:2])
        watch(spent_s)
        time.sleep(SAMPLE_S)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with exit code {process.returncode}")
    wall_s = time.monotonic() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(wall_s, sum(after[:2]) - sum(before[:2]), peak / 1e6)


def _family(pid: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        own = psutil.Process(pid)
        yield own
        yield from own.children()


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


def export(root: Path, rows: int, files: int, table_arn: str = exported.TABLE_ARN) -> Path:
    """A full export of so many such items in so many files; its folder."""
    each = rows // files
    return exported.write(
        root,
        f"full-{rows}",
        [
            [exported.full_line(_in_json(item(n))) for n in range(start, start + each)]
            for start in range(0, rows, each)
        ],
        table_arn=table_arn,
    )


def _in_json(one: dict[str, Any]) -> dict[str, Any]:
    """Bytes as an export has them."""
    return {**one, "photo": {"B": "YWJjZGVmZ2g="}}

"""Draw a flame graph of the function: the functions that use its processor time.

A timer on processor time interrupts the function, and each interrupt records the stack. The events
have one batch, so all work is in the interrupted thread. Time in C code counts for its caller.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from types import FrameType

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from tests.benchmarks.function import invoker, open_handler
from tests.benchmarks.workloads import ARTICLE, events

INTERVAL_S = 0.001
"""The interval of the timer; the clock of the system may be coarser."""

RECORDS = 10_000
EVENT_RECORDS = 200
MIN_SHARE = 0.004
"""The smallest share of the samples that is drawn."""

COLORS = (("ots_sync", "#4c72b0"), ("lambda_function", "#4c72b0"), ("tablestore", "#c44e52"))
OTHER_COLOR = "#c9c9c9"

Stack = tuple[str, ...]


def sample_stacks(endpoint: str, samples: int) -> Counter[Stack]:
    """Return the number of samples per stack, from the handler on."""
    invoke = invoker(open_handler(endpoint))
    texts = cycle(events(ARTICLE, RECORDS, EVENT_RECORDS))
    stacks: Counter[Stack] = Counter()

    def on_timer(_: int, frame: FrameType | None) -> None:
        stack = tuple(_stack(frame))[::-1]
        if stack:
            stacks[stack] += 1

    before = signal.signal(signal.SIGPROF, on_timer)
    try:
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
        while stacks.total() < samples:
            invoke(json.loads(next(texts)))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return stacks


def _stack(frame: FrameType | None) -> Iterator[str]:
    """Yield the functions from the innermost to the handler; none outside of the handler."""
    names = []
    while frame is not None:
        code = frame.f_code
        # The benchmark loads the handler module under another name.
        in_handler_module = code.co_filename.endswith("lambda_function.py")
        module = (
            "lambda_function" if in_handler_module else str(frame.f_globals.get("__name__", "?"))
        )
        names.append(f"{module}.{code.co_name}")
        if in_handler_module and code.co_name == "lambda_handler":
            yield from names
            return
        frame = frame.f_back


def draw(stacks: Counter[Stack], folder: Path) -> None:
    """Write flame.svg: the handler at the bottom, its callees above, widths by time."""
    total = stacks.total()
    with mpl.rc_context({"svg.hashsalt": "ots-sync", "font.size": 6}):
        figure, axis = plt.subplots(figsize=(12, 5), layout="constrained")
        for depth, left, width, name in _boxes(sorted(stacks.items()), total):
            color = next((c for package, c in COLORS if package in name), OTHER_COLOR)
            axis.barh(depth, width, left=left, height=1.0, color=color, edgecolor="white")
            short = ".".join(name.split(".")[-2:])
            if width * 290 > len(short):
                axis.text(left + width / 2, depth, short, ha="center", va="center")
        axis.set_xlim(0, 1)
        axis.set_axis_off()
        axis.set_title("CPU time of an insert: this project blue, the SDK red, other code grey")
        figure.savefig(folder / "flame.svg", metadata={"Date": None})
        plt.close(figure)


def _boxes(
    stacks: Sequence[tuple[Stack, int]], total: int, depth: int = 0, left: float = 0.0
) -> Iterator[tuple[int, float, float, str]]:
    """Yield depth, left edge, width and name of each box; edges and widths are shares."""
    calls: dict[str, list[tuple[Stack, int]]] = {}
    for stack, count in stacks:
        if stack:
            calls.setdefault(stack[0], []).append((stack[1:], count))
    for name, inner in calls.items():
        width = sum(count for _, count in inner) / total
        if width >= MIN_SHARE:
            yield depth, left, width, name
            yield from _boxes(inner, total, depth + 1, left)
            left += width

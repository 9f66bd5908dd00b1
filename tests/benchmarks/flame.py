"""The function at work goes in, a flame graph comes out: in which functions its CPU time goes by.

A timer that runs on processor time interrupts it again and again and notes the stack. Events of
one batch, so that all is done in the thread that is interrupted; what C does counts for its caller.
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

from tests.benchmarks.subject import handler, open_subject
from tests.benchmarks.workloads import ARTICLE, events

EVERY_S = 0.001
"""The system's clock may tick less often; then it is that often."""

RECORDS = 10_000
EVENT_RECORDS = 200
LEAST = 0.004
"""Of all samples, what is not drawn."""

COLOURS = (("ots_sync", "#4c72b0"), ("lambda_function", "#4c72b0"), ("tablestore", "#c44e52"))
OTHERS = "#c9c9c9"

Stack = tuple[str, ...]


def sampled(endpoint: str, samples: int) -> Counter[Stack]:
    """How often each of so many stacks was met, from the handler on."""
    function = handler(open_subject(endpoint))
    texts = cycle(events(ARTICLE, RECORDS, EVENT_RECORDS))
    met: Counter[Stack] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        stack = tuple(_stack(frame))[::-1]
        if stack:
            met[stack] += 1

    before = signal.signal(signal.SIGPROF, note)
    try:
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
        while met.total() < samples:
            function(json.loads(next(texts)))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return met


def _stack(frame: FrameType | None) -> Iterator[str]:
    """The functions from the innermost to the handler; none where the handler is not among them."""
    names = []
    while frame is not None:
        code = frame.f_code
        # The benchmark opens the door under a name of its own.
        at_the_door = code.co_filename.endswith("lambda_function.py")
        module = "lambda_function" if at_the_door else frame.f_globals.get("__name__", "?")
        names.append(f"{module}.{code.co_name}")
        if at_the_door and code.co_name == "lambda_handler":
            yield from names
            return
        frame = frame.f_back


def draw(met: Counter[Stack], place: Path) -> None:
    """Writes flame.svg: the handler below, what it calls above, as wide as its time."""
    whole = met.total()
    with mpl.rc_context({"svg.hashsalt": "ots-sync", "font.size": 6}):
        figure, axis = plt.subplots(figsize=(12, 5), layout="constrained")
        for depth, left, width, name in _boxes(sorted(met.items()), whole):
            colour = next((c for room, c in COLOURS if room in name), OTHERS)
            axis.barh(depth, width, left=left, height=1.0, color=colour, edgecolor="white")
            short = ".".join(name.split(".")[-2:])
            if width * 290 > len(short):
                axis.text(left + width / 2, depth, short, ha="center", va="center")
        axis.set_xlim(0, 1)
        axis.set_axis_off()
        axis.set_title("Where an insert's CPU goes: ours blue, the SDK red, what both call grey")
        figure.savefig(place / "flame.svg", metadata={"Date": None})
        plt.close(figure)


def _boxes(
    stacks: Sequence[tuple[Stack, int]], whole: int, depth: int = 0, left: float = 0.0
) -> Iterator[tuple[int, float, float, str]]:
    """Depth, left edge, width and name of each box, as shares of the whole."""
    calls: dict[str, list[tuple[Stack, int]]] = {}
    for stack, count in stacks:
        if stack:
            calls.setdefault(stack[0], []).append((stack[1:], count))
    for name, inner in calls.items():
        width = sum(count for _, count in inner) / whole
        if width >= LEAST:
            yield depth, left, width, name
            yield from _boxes(inner, whole, depth + 1, left)
            left += width

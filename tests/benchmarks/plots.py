"""Draw the figures: the cost of a record, and how it grows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt


def draw(figures: Mapping[str, Any], folder: Path) -> None:
    """Write cost.svg and growth.svg; equal figures give equal bytes."""
    with mpl.rc_context({"svg.hashsalt": "ots-sync", "font.size": 9, "axes.grid": True}):
        _draw_cost(figures, folder / "cost.svg")
        _draw_growth(figures, folder / "growth.svg")


def _draw_cost(figures: Mapping[str, Any], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    function, steps = figures["function_us"], figures["steps_us"]
    shown = {name: us for name, us in function.items() if not name.startswith("one PutRow")}
    left.barh(list(shown), list(shown.values()), color="#4c72b0")
    left.invert_yaxis()
    left.set_xlabel("µs CPU per record")
    left.set_title("The whole function, the article's item of 1.2 KB")
    start = 0.0
    for name, us in steps.items():
        right.barh(name, us, left=start, color="#55a868")
        start += us
    right.axvline(function["SDK alone"], color="#c44e52", label="SDK alone")
    right.invert_yaxis()
    right.legend()
    right.set_xlabel("µs CPU per record, cumulative")
    right.set_title("Each step of the pipeline")
    _save(figure, path)


def _draw_growth(figures: Mapping[str, Any], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    labels = (("records", "records per event", "record"), ("attributes", "attributes", "column"))
    for axis, (dimension, label, unit) in zip(axes, labels, strict=True):
        costs = {int(name): us for name, us in figures[f"growth_{dimension}_us"].items()}
        axis.plot(list(costs), list(costs.values()), marker="o", color="#4c72b0")
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel(label)
        axis.set_ylabel(f"µs CPU per {unit}")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

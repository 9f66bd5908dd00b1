"""Figures go in, two pictures come out: what a record costs, and how that grows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt


def draw(figures: Mapping[str, Any], place: Path) -> None:
    """Writes cost.svg and growth.svg."""
    # The same figures make the same bytes.
    with mpl.rc_context({"svg.hashsalt": "ots-sync", "font.size": 9, "axes.grid": True}):
        _cost(figures, place / "cost.svg")
        _growth(figures, place / "growth.svg")


def _cost(figures: Mapping[str, Any], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    whole, steps = figures["whole_us"], figures["steps_us"]
    kept = {name: us for name, us in whole.items() if not name.startswith("one PutRow")}
    left.barh(list(kept), list(kept.values()), color="#4c72b0")
    left.invert_yaxis()
    left.set_xlabel("us of CPU a record")
    left.set_title("The whole, the article's item of 1.2 KB")
    begun = 0.0
    for name, us in steps.items():
        right.barh(name, us, left=begun, color="#55a868")
        begun += us
    right.axvline(whole["SDK alone"], color="#c44e52", label="SDK alone")
    right.invert_yaxis()
    right.legend()
    right.set_xlabel("us of CPU a record, one step after the other")
    right.set_title("Each step of the arrow")
    _save(figure, path)


def _growth(figures: Mapping[str, Any], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    for axis, by, unit in zip(axes, ("records", "attributes"), ("record", "cell"), strict=True):
        costs = {int(name): us for name, us in figures[f"growth_{by}"].items()}
        axis.plot(list(costs), list(costs.values()), marker="o", color="#4c72b0")
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel(f"{by} {'an event' if by == 'records' else 'an item'}")
        axis.set_ylabel(f"us of CPU a {unit}")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

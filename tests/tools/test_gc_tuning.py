"""Test that the garbage collector runs less often during a block, and normally afterwards."""

from __future__ import annotations

import gc
import weakref

import pytest

from ots_tools.gc_tuning import OBJECTS_BETWEEN_RUNS, infrequent_gc


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_reference_cycles_are_collected_during_the_block() -> None:
    with infrequent_gc():
        left = weakref.ref(_Cycle())
        kept: list[list[int]] = [[] for _ in range(2 * OBJECTS_BETWEEN_RUNS)]
        assert left() is None
    assert len(kept) == 2 * OBJECTS_BETWEEN_RUNS


def test_thresholds_are_restored_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError, match="planted"):
        _fail_in_block_with_threshold_over(before[0])
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def _fail_in_block_with_threshold_over(objects: int) -> None:
    with infrequent_gc():
        assert gc.get_threshold()[0] > objects
        raise RuntimeError("planted")

"""The garbage collector while items go through: it looks seldom, but it looks, and it is as it was
afterwards.
"""

from __future__ import annotations

import gc
import weakref

import pytest

from ots_tools.garbage import OBJECTS, seldom


class _Circle:
    def __init__(self) -> None:
        self.itself = self


def test_what_is_left_in_circles_is_collected_while_work_goes_on() -> None:
    with seldom():
        left = weakref.ref(_Circle())
        kept: list[list[int]] = [[] for _ in range(2 * OBJECTS)]
        assert left() is None
    assert len(kept) == 2 * OBJECTS


def test_collector_is_as_it_was_after_work_that_fails() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError, match="planted"):
        _fail_where_the_threshold_is_over(before[0])
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def _fail_where_the_threshold_is_over(objects: int) -> None:
    with seldom():
        assert gc.get_threshold()[0] > objects
        raise RuntimeError("planted")

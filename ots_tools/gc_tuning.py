"""Run Python's garbage collector less often while many items are processed.

An item consists of about twenty objects, which are freed when the last reference to them goes. The
collector counts them anyway and repeatedly scans those in use, a quarter of the time of a verify.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BETWEEN_RUNS = 50_000
"""New objects between two runs, some MB: reference cycles are still collected."""


@contextmanager
def infrequent_gc() -> Iterator[None]:
    """Let the collector run less often during the block, and ignore the objects from before.

    https://docs.python.org/3/library/gc.html#gc.set_threshold
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_RUNS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

"""Work goes in; while it goes on, Python's garbage collector looks about seldom.

An item is some twenty objects, gone when the last name for them is. The collector counts them all
the same, and looks again and again through those that are in use: a quarter of a verify's time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000
"""New ones between two looks, some MB: what is left in circles is still found."""


@contextmanager
def seldom() -> Iterator[None]:
    """Has the collector look so seldom while the block runs, and leave alone what was there.

    https://docs.python.org/3/library/gc.html#gc.set_threshold
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

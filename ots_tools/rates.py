"""A rate per second goes in, waits come out: what may be spent, by a token bucket.

Costs may be told after the fact (read units are): the bucket then goes below zero and whoever
comes next waits. Safe for many threads; time is handed to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

BURST_S = 1.0
"""What is not used is saved up for so long."""


class Rate:
    """At most `per_s` tokens a second on the average; None is without a limit."""

    def __init__(
        self, per_s: float | None, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._per_s, self._clock, self._sleep = per_s, clock, sleep
        self._lock = threading.Lock()
        self._tokens = 0.0 if per_s is None else per_s * BURST_S
        self._at_s = clock()

    def spend(self, tokens: float) -> None:
        """Takes the tokens, then waits until the bucket is not below zero."""
        if self._per_s is None or tokens <= 0:
            return
        with self._lock:
            now_s = self._clock()
            saved = self._tokens + (now_s - self._at_s) * self._per_s
            self._tokens = min(self._per_s * BURST_S, saved) - tokens
            self._at_s = now_s
            wait_s = -self._tokens / self._per_s
        if wait_s > 0:
            self._sleep(wait_s)

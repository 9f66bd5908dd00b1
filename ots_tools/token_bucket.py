"""Limit a rate per second with a token bucket.

A cost may be reported after the fact, as consumed read units are: the bucket then goes below zero,
and the next caller waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

BURST_S = 1.0
"""Unused tokens are kept for so long."""


class TokenBucket:
    """At most `per_s` tokens per second on average; None is no limit. Safe for many threads."""

    def __init__(
        self, per_s: float | None, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._per_s, self._clock, self._sleep = per_s, clock, sleep
        self._lock = threading.Lock()
        self._tokens = 0.0 if per_s is None else per_s * BURST_S
        self._updated_s = clock()

    def spend(self, tokens: float) -> None:
        """Take the tokens, then wait until the bucket is not below zero."""
        if self._per_s is None or tokens <= 0:
            return
        with self._lock:
            now_s = self._clock()
            available = self._tokens + (now_s - self._updated_s) * self._per_s
            self._tokens = min(self._per_s * BURST_S, available) - tokens
            self._updated_s = now_s
            wait_s = -self._tokens / self._per_s
        if wait_s > 0:
            self._sleep(wait_s)

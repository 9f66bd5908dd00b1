"""A token bucket that limits a rate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """A bucket that gains `rate` tokens per second and holds at most `burst` of them."""

    rate: float
    burst: float | None = None  # None: the tokens of one second
    tokens: float | None = None  # None: full
    updated_at: float = 0.0

    def take(self, now: float) -> bool:
        """Take one token; return whether there was one. `now` is in seconds."""
        most = max(1.0, self.rate if self.burst is None else self.burst)
        tokens = most if self.tokens is None else self.tokens + (now - self.updated_at) * self.rate
        self.tokens = min(most, tokens)
        self.updated_at = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

"""A pace: a rate and moments in, whether one more is let through out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """How many a second are let through, and how many are saved up for a burst."""

    rate: float
    burst: float | None = None  # None: one second's
    saved: float | None = None
    counted_at: float = 0.0

    def admits(self, now: float) -> bool:
        """Take one if there is one; `now` is in seconds."""
        most = max(1.0, self.rate if self.burst is None else self.burst)
        gained = most if self.saved is None else self.saved + (now - self.counted_at) * self.rate
        self.saved = min(most, gained)
        self.counted_at = now
        if self.saved < 1.0:
            return False
        self.saved -= 1.0
        return True

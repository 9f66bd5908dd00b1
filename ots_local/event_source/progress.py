"""Count what an event source poller has done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counters of a poller; only the thread of the poller changes them."""

    records_read: int = 0
    records_delivered: int = 0
    """Records that the handler processed successfully."""
    invocations: int = 0
    function_errors: int = 0
    """Exceptions, timeouts, and responses that fail the whole batch."""
    timeouts: int = 0
    partial_failures: int = 0
    not_invoked: int = 0
    bisects: int = 0
    retries: int = 0
    """Invocations with at least one record that was sent before."""
    redeliveries: int = 0
    """Records that this poller sent again."""
    discarded: Counter[str] = field(default_factory=Counter)
    """Discarded records per reason."""
    gaps: int = 0
    """How often unread records were trimmed from the stream; their number is unknown."""
    read_errors: int = 0
    lag_s: float = 0.0
    """Age of the last record of the latest invocation when it was sent; 0 if none is pending."""
    max_lag_s: float = 0.0
    last_error: BaseException | None = None
    """The latest exception of the handler."""

    def record_lag(self, age_s: float) -> None:
        """Record the age of the last record of an invocation that starts."""
        self.lag_s = max(0.0, age_s)
        self.max_lag_s = max(self.max_lag_s, self.lag_s)

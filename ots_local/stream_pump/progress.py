"""Counters of a stream pump, for whoever draws a bar or asserts a number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """What has happened so far; changed by the pump's own thread only, after the fact."""

    records_read: int = 0
    records_delivered: int = 0
    """Done: the handler succeeded with them."""
    invocations: int = 0
    function_errors: int = 0
    """Exceptions, time-outs among them, and answers that fail the whole batch."""
    time_outs: int = 0
    partial_answers: int = 0
    not_invoked: int = 0
    bisects: int = 0
    retries: int = 0
    """Invocations of a batch, or of a part of it, that was sent before."""
    redeliveries: int = 0
    """Records sent that had been sent before by this pump."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Records given up, by reason."""
    gaps: int = 0
    """Times that the stream had trimmed what was not read yet; how much is not known."""
    read_errors: int = 0
    lag_s: float = 0.0
    """Age of the last record of the latest invocation, when it was sent; 0 when caught up."""
    lag_max_s: float = 0.0
    last_error: BaseException | None = None
    """What the handler raised last."""

    def sent(self, age_s: float) -> None:
        """Note the age of the last record of an invocation that begins."""
        self.lag_s = max(0.0, age_s)
        self.lag_max_s = max(self.lag_max_s, self.lag_s)

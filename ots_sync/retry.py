"""How long to wait before the next try, as arithmetic: a try's number in, a delay in seconds out.

Full jitter, bounded (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
It knows no clock and no error; the caller says what time it is and what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

DELAY_FIRST_S = 0.1
DELAY_MAX_S = 5.0


def delay_s(tries: int, uniform: Callable[[float, float], float]) -> float:
    """The wait after `tries` failed tries (1 or more); `uniform(a, b)` draws between a and b."""
    return uniform(0.0, min(DELAY_MAX_S, DELAY_FIRST_S * 2 ** min(tries - 1, 16)))


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the last call has to be over, in seconds of the clock that is used; how long a call can
    take at most; and how long the service may work on a request that it has received.
    """

    at_s: float
    call_s: float
    service_s: float

    def allows_call(self, now_s: float) -> bool:
        """Whether a call begun now is over in time even if it takes as long as it can."""
        return now_s + self.call_s <= self.at_s

    def settled_s(self, begun_s: float, ended_s: float) -> float:
        """From when on a call whose outcome is unknown is carried out, or never will be.

        It was received by the time that it ended, and by the time that sending has to be over.
        """
        return min(ended_s + self.service_s, begun_s + self.call_s)


@dataclass(slots=True)
class Throttle:
    """How many calls may be in flight at once: halved when the table is busy, one more for as many
    good answers as calls fit. Additive increase, multiplicative decrease, as TCP does it.
    """

    most: int
    allowed: float

    def slower(self) -> None:
        """The service asked for less."""
        self.allowed = max(1.0, self.allowed / 2)

    def faster(self) -> None:
        """A call went well."""
        self.allowed = min(float(self.most), self.allowed + 1 / self.allowed)

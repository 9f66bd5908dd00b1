"""Lambda's clock and the settings go in, the ports of one invocation come out; and its last word.

Refuses to begin when the function's time-out leaves no time for a single call.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import extract_tb
from typing import Protocol

from ots_sync.errors import ConfigurationError, SyncError, UndoneError
from ots_sync.quarantine import LONGEST_S, open_quarantine
from ots_sync.retry import Deadline
from ots_sync.settings import Settings
from ots_sync.sync import Ports
from ots_sync.transport import call_s
from ots_sync.writer import Means, Send

ANSWER_S = 1.0
"""What is left for the summary and the answer, in seconds."""

TURN_S = 0.001
"""How long a thread goes on while others wait, in seconds."""

NO_CONTEXT_S = 60.0
"""How long an invocation may take that Lambda did not make; the article's least time-out."""


class Voice(Protocol):
    """What an invocation that raises is told to."""

    def failed(self, error: Exception) -> None: ...


def ports(
    settings: Settings,
    *,
    send: Send,
    remaining_ms: Callable[[], int] | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    uniform: Callable[[float, float], float],
    wall_s: Callable[[], float],
) -> Ports:
    """The ports of an invocation that ends `remaining_ms()` from now."""
    now_s = clock()
    remaining_s = NO_CONTEXT_S if remaining_ms is None else remaining_ms() / 1000
    end_s = now_s + remaining_s - ANSWER_S
    keep_s = LONGEST_S if settings.quarantine else 0.0
    deadline = Deadline(end_s - keep_s, call_s(settings.timeout_s), settings.timeout_s)
    if not deadline.allows_call(now_s):
        needed_s = deadline.call_s + keep_s + ANSWER_S
        raise ConfigurationError(
            f"The function's time-out leaves {remaining_s:.0f} s, and one call with what follows "
            f"can take {needed_s:.0f} s. Raise the time-out, or lower OTS_TIMEOUT."
        )
    return Ports(
        Means(send, deadline, settings.max_concurrency, clock, sleep, uniform),
        quarantine=lambda: open_quarantine(settings),
        may_keep=lambda: clock() + keep_s <= end_s,
        wall_s=wall_s,
    )


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keeps the garbage collector away while an event is worked on, and lets threads take turns.

    The event and its rows are hundreds of thousands of objects, none of them garbage before the
    end, and the collector would go through them again and again. What would be garbage, the remains
    of failed calls, is freed by the store itself. https://docs.python.org/3/library/gc.html#gc.disable
    A call whose answer is there waits its turn while rows are made, at each step of its way: by
    default 5 ms. https://docs.python.org/3/library/sys.html#sys.setswitchinterval
    """
    turn_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(turn_s)


@contextmanager
def told(voice: Voice) -> Iterator[None]:
    """Logs an invocation that raises; of an error that nobody foresaw, its kind and place only,
    for its words can hold a value.
    """
    try:
        yield
    except SyncError as error:
        voice.failed(error)
        raise
    except Exception as error:  # noqa: BLE001 - the last resort; it raises again
        place = extract_tb(error.__traceback__)[-1]
        unforeseen = UndoneError(
            f"an unexpected {type(error).__name__} in {place.filename.rpartition('/')[2]}, "
            f"{place.name}, line {place.lineno}: nothing of this event is taken as done"
        )
        voice.failed(unforeseen)
        raise unforeseen from None

"""Prepare one invocation: its deadline and context, the garbage collector, and the failure log."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ots_sync.connection import max_call_s
from ots_sync.errors import (
    ConfigurationError,
    SyncError,
    UnprocessedRecordsError,
    describe_unexpected,
)
from ots_sync.model import Clock
from ots_sync.pipeline import Context
from ots_sync.quarantine import MAX_STORE_S, open_quarantine
from ots_sync.retry import Deadline
from ots_sync.settings import Settings
from ots_sync.telemetry import Telemetry
from ots_sync.writer import Send, WriterContext

RESPONSE_RESERVE_S = 1.0
"""Time reserved for the summary and the response, in seconds."""

SWITCH_INTERVAL_S = 0.001
"""How long a thread runs while others wait, in seconds."""

DEFAULT_TIMEOUT_S = 60.0
"""The timeout of an invocation without Lambda's context: the minimum in the article."""


def build_context(
    settings: Settings,
    *,
    send: Send,
    remaining_ms: Callable[[], int] | None,
    clock: Clock,
    uniform: Callable[[float, float], float],
) -> Context:
    """Return the context of an invocation that ends `remaining_ms()` from now.

    Raises ConfigurationError if the function's timeout is too short for a single request.
    """
    now_s = clock.monotonic()
    remaining_s = DEFAULT_TIMEOUT_S if remaining_ms is None else remaining_ms() / 1000
    end_s = now_s + remaining_s - RESPONSE_RESERVE_S
    store_s = MAX_STORE_S if settings.quarantine else 0.0
    deadline = Deadline(end_s - store_s, max_call_s(settings.timeout_s), settings.timeout_s)
    if not deadline.allows_call(now_s):
        needed_s = deadline.max_call_s + store_s + RESPONSE_RESERVE_S
        raise ConfigurationError(
            f"The function's timeout leaves {remaining_s:.0f} s, but one request and its "
            f"quarantine can take {needed_s:.0f} s. Raise the timeout "
            "of the function, or lower OTS_TIMEOUT."
        )
    return Context(
        WriterContext(send, deadline, settings.max_concurrency, clock, uniform),
        quarantine=lambda: open_quarantine(settings),
        has_time_to_store=lambda: clock.monotonic() + store_s <= end_s,
    )


@contextmanager
def gc_paused() -> Iterator[None]:
    """Disable the garbage collector, and switch threads more often, during an invocation.

    An event and its rows are hundreds of thousands of objects. None is garbage before the end, and
    the collector would scan them repeatedly. `client.py` frees the only cycles, those of failed
    requests. https://docs.python.org/3/library/gc.html#gc.disable
    A thread with a response waits for the thread that builds rows, 5 ms by default at each step.
    https://docs.python.org/3/library/sys.html#sys.setswitchinterval
    """
    switch_interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(switch_interval_s)


@contextmanager
def log_failures(telemetry: Telemetry) -> Iterator[None]:
    """Log an error that the invocation raises; for an unexpected one only type and location."""
    try:
        yield
    except SyncError as error:
        telemetry.log_failure(error)
        raise
    except Exception as error:  # noqa: BLE001 - the last resort; it raises again
        unexpected = UnprocessedRecordsError(
            f"{describe_unexpected(error)}: every record of this event stays unprocessed"
        )
        telemetry.log_failure(unexpected)
        raise unexpected from None

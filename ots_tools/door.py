"""The door as the tools use it: its rules, its wire and its settings, on the tools' own patience.

The environment has to hold the settings before the first call; an edited lambda_function.py governs
here as it governs the function.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ots_sync import invocation
from ots_sync.pipeline import Context
from ots_sync.rows import RowMapper
from ots_sync.settings import Settings
from ots_sync.writer import Send

PATIENCE_S = 300.0
"""How long one chunk of rows is tried before a tool gives up, to go on another time."""


def settings() -> Settings:
    """The settings in force. Raises SettingsError with every fault."""
    import lambda_function

    return lambda_function.settings()


def rules() -> RowMapper:
    """The door's functions, looked up now."""
    import lambda_function

    return lambda_function.row_mapper()


def store() -> Any:
    """The door's client of Table Store."""
    import lambda_function

    return lambda_function.client()


def ports(
    wrap: Callable[[Send], Send] = lambda send: send,
    *,
    share: int = 1,
    patience_s: float = PATIENCE_S,
) -> Context:
    """The ports of one chunk; `share` is how many write side by side over the one client."""
    import lambda_function

    made = invocation.build_context(
        lambda_function.settings(),
        send=wrap(lambda rows: lambda_function.batch_write_row(lambda_function.client(), rows)),
        remaining_ms=lambda: int(patience_s * 1000),
        clock=time,
        uniform=random.uniform,
    )
    calls = max(1, made.writer.max_concurrency // share)
    return replace(made, writer=replace(made.writer, max_concurrency=calls))


def forget() -> None:
    """Makes the door read its settings anew."""
    import lambda_function

    for kept in (lambda_function.settings, lambda_function.columns, lambda_function.client):
        kept.cache_clear()

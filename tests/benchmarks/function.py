"""Open the function as it is deployed, with its settings read and its client connected.

The benchmarks therefore measure any invocation except the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ots_local.handler import LambdaContext
from ots_sync import client as ots_client
from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from tests.support.builders import ENVIRON
from tests.support.handler import load_handler

CONTEXT = LambdaContext(deadline_s=600.0, clock=lambda: 0.0)
"""The context of an invocation with ten minutes left."""


def open_handler(endpoint: str, *, enable_native: bool = True, **environ: str) -> Any:
    """Return the handler module for this endpoint, connected, with the native codec or without."""
    handler = load_handler({**ENVIRON, "OTS_ENDPOINT": endpoint, **environ})
    if not enable_native:
        handler.get_tablestore_client = lambda: ots_client.connect(
            handler.settings(), enable_native=False
        )
    handler.telemetry()
    handler.client()
    return handler


def invoker(handler: Any) -> Callable[[Any], object]:
    """Return a function that invokes the handler, and fails if a record is unprocessed."""

    def invoke(event: Any) -> None:
        response = handler.lambda_handler(event, CONTEXT)
        assert response == {"batchItemFailures": []}, response

    return invoke


def acknowledge(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
    """Do nothing and return success for every row."""
    return [None] * len(writes)

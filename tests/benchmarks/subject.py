"""An endpoint goes in, the function as it is deployed comes out, its settings read and its client
made: what is measured is any invocation but the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ots_sync import client as ots_client
from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from tests.support.builders import ENVIRON
from tests.support.handler import load_handler


class Context:
    """Lambda's own has more; the function asks only this of it."""

    def get_remaining_time_in_millis(self) -> int:
        return 600_000


def open_subject(endpoint: str, *, enable_native: bool = True, **environ: str) -> Any:
    """The door, writing there, with its client made; with the SDK's slow codec if so wished."""
    door = load_handler({**ENVIRON, "OTS_ENDPOINT": endpoint, **environ})
    if not enable_native:
        door.get_tablestore_client = lambda: ots_client.connect(
            door.settings(), enable_native=False
        )
    door.telemetry()
    door.client()
    return door


def handler(door: Any) -> Callable[[Any], object]:
    """The function as it is invoked; an event that is not done whole is no measurement."""

    def invoke(event: Any) -> None:
        answer = door.lambda_handler(event, Context())
        assert answer == {"batchItemFailures": []}, answer

    return invoke


def acknowledged(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
    """A call that costs nothing and succeeds."""
    return [None] * len(writes)

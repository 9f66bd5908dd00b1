"""Invoke the handler, and measure its duration and the lag of each record.

The stream's creation times have a resolution of one second, so the time of a change is recorded
when DynamoDB confirms it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ots_local.demo.changes import REVISION, ItemChange
from ots_local.handler import new_context


class TimedHandler:
    """Invokes a handler module with Lambda's context; `clock` returns seconds."""

    def __init__(self, handler: ModuleType, clock: Callable[[], float]) -> None:
        self.duration_s = 0.0
        self.lags_s: list[float] = []
        self.last_end_s = 0.0
        self._handler, self._clock = handler, clock
        self._confirmed_s: dict[str, float] = {}
        self._revisions: dict[str, str] = {}

    def record_change(self, change: ItemChange) -> None:
        """Record that DynamoDB confirmed this change now."""
        self._confirmed_s[self._change_id(change)] = self._clock()

    def __call__(self, event: dict[str, Any]) -> object:
        """Invoke the handler."""
        start_s = self._clock()
        response = self._handler.lambda_handler(event, new_context())
        self.last_end_s = self._clock()
        self.duration_s += self.last_end_s - start_s
        if response == {"batchItemFailures": []}:
            for record in event["Records"]:
                # A change that is not recorded yet was confirmed a moment ago.
                record_id = _record_id(record["dynamodb"])
                confirmed_s = self._confirmed_s.get(record_id, self.last_end_s)
                self.lags_s.append(max(0.0, self.last_end_s - confirmed_s))
        return response

    def _change_id(self, change: ItemChange) -> str:
        """Return the revision that the change wrote or deleted."""
        item = str(change.key)
        if change.kind == "delete":
            return f"delete {self._revisions.pop(item)}"
        self._revisions[item] = change.attributes[REVISION]["N"]
        return self._revisions[item]


def _record_id(change: Mapping[str, Any]) -> str:
    if "NewImage" in change:
        return str(change["NewImage"][REVISION]["N"])
    return f"delete {change['OldImage'][REVISION]['N']}"

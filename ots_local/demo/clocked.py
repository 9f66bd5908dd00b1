"""Tells how long the function took, and how old each change was once its row stood.

The time of a change is noted when DynamoDB acknowledges it, the stream's own knows only seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ots_local import function as on_this_machine
from ots_local.demo.changes import REVISION, Change


class Clocked:
    """A handler that invokes the function with Lambda's context, and notes times."""

    def __init__(self, function: ModuleType, clock: Callable[[], float]) -> None:
        self.function_s = 0.0
        self.lags_s: list[float] = []
        self.last_s = 0.0
        self._function, self._clock = function, clock
        self._made_s: dict[str, float] = {}
        self._revisions: dict[str, str] = {}

    def made(self, change: Change) -> None:
        """Note that DynamoDB has acknowledged this change."""
        self._made_s[self._name(change)] = self._clock()

    def __call__(self, event: dict[str, Any]) -> object:
        """One invocation."""
        began_s = self._clock()
        answer = self._function.lambda_handler(event, on_this_machine.context())
        self.last_s = self._clock()
        self.function_s += self.last_s - began_s
        if answer == {"batchItemFailures": []}:
            for record in event["Records"]:
                # What the writing thread has not noted yet has only just been made.
                made_s = self._made_s.get(_name_in_stream(record["dynamodb"]), self.last_s)
                self.lags_s.append(max(0.0, self.last_s - made_s))
        return answer

    def _name(self, change: Change) -> str:
        """The revision that a change made, or the one that it took away."""
        item = str(change.key)
        if change.kind == "delete":
            return f"no {self._revisions.pop(item)}"
        self._revisions[item] = change.attributes[REVISION]["N"]
        return self._revisions[item]


def _name_in_stream(change: Mapping[str, Any]) -> str:
    if "NewImage" in change:
        return str(change["NewImage"][REVISION]["N"])
    return f"no {change['OldImage'][REVISION]['N']}"

"""Settings go in, a copy of lambda_function.py that uses them comes out; and Lambda's context.

A copy is a module of its own: what it keeps (settings, client) no other sees, and neither the
environment nor the config file is touched. Refuses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from ots_sync.settings import Settings

DOOR = Path(__file__).parent.parent / "lambda_function.py"
TIMEOUT_S = 120.0
"""What an invocation may take, as template.yaml's FunctionTimeout."""


def load(settings: Settings | None = None) -> ModuleType:
    """A fresh copy of the function; without settings it finds them as it does when deployed."""
    spec = spec_from_file_location("lambda_function_on_this_machine", DOOR)
    assert spec is not None
    assert spec.loader is not None
    function = module_from_spec(spec)
    spec.loader.exec_module(function)
    if settings is not None:
        vars(function)["settings"] = lambda: settings
    return function


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands to a handler beside the event, as far as the function asks for it."""

    deadline_s: float
    clock: Callable[[], float]

    def get_remaining_time_in_millis(self) -> int:
        """Until the invocation is cut off."""
        return max(0, round((self.deadline_s - self.clock()) * 1000))


def context() -> Context:
    """That of an invocation which begins now."""
    return Context(time.monotonic() + TIMEOUT_S, time.monotonic)

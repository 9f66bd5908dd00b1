"""Load lambda_function.py as a module of its own, and provide Lambda's context for it.

Every loaded module has its own settings and client. Neither the environment nor the configuration
file is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from ots_sync.settings import Settings

HANDLER_PATH = Path(__file__).parent.parent / "lambda_function.py"
TIMEOUT_S = 120.0
"""The timeout of an invocation: FunctionTimeout in template.yaml."""


def load_handler(
    settings: Settings | None = None, *, path: Path = HANDLER_PATH, name: str = "local_handler"
) -> ModuleType:
    """Execute the handler module at `path` and return it.

    Without `settings` it reads them as a deployed function does: from the environment, then from
    config/example_config.py.
    """
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    handler = module_from_spec(spec)
    spec.loader.exec_module(handler)
    if settings is not None:
        vars(handler)["settings"] = lambda: settings
    return handler


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The part of Lambda's context object that the handler uses."""

    deadline_s: float
    clock: Callable[[], float]

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda stops the invocation."""
        return max(0, round((self.deadline_s - self.clock()) * 1000))


def new_context() -> LambdaContext:
    """Return the context of an invocation that starts now."""
    return LambdaContext(time.monotonic() + TIMEOUT_S, time.monotonic)

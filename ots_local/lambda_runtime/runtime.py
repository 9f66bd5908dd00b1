"""Invoke a function in the Lambda runtime on this machine.

AWS's emulator and Python client run the bundle; only the bundle, the client and the standard
library can be imported. Errors are the ones that Lambda would report.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ots_local.lambda_runtime.emulator import HANDLER, Emulator, start
from ots_local.lambda_runtime.parts import LambdaParts

# The size limit of the event of a synchronous invocation.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_EVENT_BYTES = 6_291_456
PATH = "/2015-03-31/functions/function/invocations"
# Added to the function's timeout for a cold start and a busy machine.
RESPONSE_MARGIN_S = 60.0


class FunctionError(Exception):
    """The invocation failed; Lambda would deliver the batch again."""


class HandlerError(FunctionError):
    """The handler, or the import of its module, raised an exception."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type


class FunctionTimeoutError(FunctionError):
    """The function did not return within its timeout and was stopped."""


class RuntimeExitedError(FunctionError):
    """The process of the function ended."""


class ResponseTooLargeError(FunctionError):
    """The response exceeds Lambda's size limit."""


class EventTooLargeError(ValueError):
    """The event exceeds Lambda's size limit, so Lambda would not invoke the function."""


class LambdaRuntime:
    """Invokes the function; one concurrent invocation per emulator, further callers wait."""

    def __init__(self, emulators: list[Emulator], timeout_s: int) -> None:
        self._free: queue.SimpleQueue[Emulator] = queue.SimpleQueue()
        self._emulators, self._timeout_s = emulators, timeout_s
        for emulator in emulators:
            self._free.put(emulator)

    def __call__(self, event: Any) -> Any:
        """Return the handler's response to `event`; raises FunctionError or EventTooLargeError."""
        body = _body(event)
        if len(body) > MAX_EVENT_BYTES:
            raise EventTooLargeError(
                f"The event has {len(body)} bytes; Lambda accepts at most {MAX_EVENT_BYTES}."
            )
        # Two concurrent invocations would crash the emulator.
        emulator = self._free.get()
        try:
            return _response(*_post(emulator.port, body, self._timeout_s + RESPONSE_MARGIN_S))
        finally:
            self._free.put(emulator)

    def logs(self) -> str:
        """Return all output of the function and the emulators."""
        return "\n".join(emulator.log.read_text("utf-8", "replace") for emulator in self._emulators)


@contextlib.contextmanager
def run_bundle(
    parts: LambdaParts,
    bundle: Path,
    settings: Mapping[str, str],
    *,
    timeout_s: int = 120,
    memory_mb: int = 1024,
    concurrency: int = 1,
    handler: str = HANDLER,
) -> Iterator[LambdaRuntime]:
    """Run the function in `bundle` until the block ends; raises RuntimeError if it cannot start."""
    environ = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": str(parts.client),
        # /var/task is read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(bundle),
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "data-to-tablestore",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        **settings,
    }
    with tempfile.TemporaryDirectory(prefix="lambda-") as home, contextlib.ExitStack() as stack:
        emulators = [
            start(parts, bundle, environ, Path(home, f"emulator-{number}.log"), stack, handler)
            for number in range(concurrency)
        ]
        yield LambdaRuntime(emulators, timeout_s)


def _body(event: Any) -> bytes:
    try:
        return json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # an unpaired surrogate has no UTF-8 form, but JSON can escape it
        return json.dumps(event).encode()


def _post(port: int, body: bytes, timeout_s: float) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def _response(status: int, text: str) -> Any:
    """Return the response, or raise the error that the body describes.

    The emulator responds with status 200 to nearly everything.
    """
    if re.match(r"Task timed out after [0-9.]+ seconds", text):
        raise FunctionTimeoutError(text)
    response: Any = json.loads(text) if text else None
    if status == 200 and not (isinstance(response, dict) and "errorType" in response):
        return response
    kind, message = response["errorType"], response.get("errorMessage", "")
    if kind == "Function.ResponseSizeTooLarge":
        raise ResponseTooLargeError(message)
    if kind == "Runtime.ExitError":
        raise RuntimeExitedError(message)
    raise HandlerError(kind, message)

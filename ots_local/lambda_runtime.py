"""A bundle and settings go in; a callable that invokes the function in Lambda's runtime comes out.

AWS's emulator and Python client run it with nothing importable but the bundle, the client and
Python itself. Refuses an event that Lambda would not take, and raises what Lambda would report.
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

from ots_local.lambda_emulator import HANDLER, Emulator, start
from ots_local.lambda_parts import LambdaParts

# Bytes of a synchronous invocation's event.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
EVENT_BYTES_MAX = 6_291_456
PATH = "/2015-03-31/functions/function/invocations"
# How much longer than the function's own time-out an answer may take: a cold start, a busy machine.
ANSWER_MARGIN_S = 60.0


class FunctionError(Exception):
    """The invocation failed; Lambda would deliver the batch again."""


class HandlerRaised(FunctionError):  # noqa: N818
    """The handler, or the import of its module, raised."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type


class TimedOut(FunctionError):  # noqa: N818
    """The function did not answer within its time-out and was stopped."""


class RuntimeExited(FunctionError):  # noqa: N818
    """The function's process ended."""


class AnswerTooLarge(FunctionError):  # noqa: N818
    """The function answered more than Lambda passes on."""


class EventTooLarge(ValueError):  # noqa: N818
    """Lambda would not have invoked the function with this."""


class LambdaRuntime:
    """Invokes the function; as many at a time as there are lanes, more wait their turn."""

    def __init__(self, lanes: list[Emulator], timeout_s: int) -> None:
        self._free: queue.SimpleQueue[Emulator] = queue.SimpleQueue()
        self._lanes, self._timeout_s = lanes, timeout_s
        for lane in lanes:
            self._free.put(lane)

    def __call__(self, event: Any) -> Any:
        """What the handler answers to `event`. Raises FunctionError or EventTooLarge."""
        body = _body(event)
        if len(body) > EVENT_BYTES_MAX:
            raise EventTooLarge(f"{len(body)} bytes; Lambda takes at most {EVENT_BYTES_MAX}")
        # Two invocations at once would crash the emulator, so a lane has one user at a time.
        lane = self._free.get()
        try:
            return _answer(*_post(lane.port, body, self._timeout_s + ANSWER_MARGIN_S))
        finally:
            self._free.put(lane)

    def logs(self) -> str:
        """All that the function and the emulator have printed."""
        return "\n".join(lane.log.read_text("utf-8", "replace") for lane in self._lanes)


@contextlib.contextmanager
def running(
    parts: LambdaParts,
    bundle: Path,
    settings: Mapping[str, str],
    *,
    timeout_s: int = 120,
    memory_mb: int = 1024,
    lanes: int = 1,
    handler: str = HANDLER,
) -> Iterator[LambdaRuntime]:
    """Run the function in `bundle` for the length of the block. Raises RuntimeError."""
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
        started = [
            start(parts, bundle, environ, Path(home, f"lane-{number}.log"), stack, handler)
            for number in range(lanes)
        ]
        yield LambdaRuntime(started, timeout_s)


def _body(event: Any) -> bytes:
    try:
        return json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair has no UTF-8, but JSON can escape it
        return json.dumps(event).encode()


def _post(port: int, body: bytes, wait_s: float) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=wait_s)
    try:
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def _answer(status: int, text: str) -> Any:
    """The emulator answers 200 to nearly everything; what happened is in the body."""
    if re.match(r"Task timed out after [0-9.]+ seconds", text):
        raise TimedOut(text)
    answer: Any = json.loads(text) if text else None
    if status == 200 and not (isinstance(answer, dict) and "errorType" in answer):
        return answer
    kind, message = answer["errorType"], answer.get("errorMessage", "")
    if kind == "Function.ResponseSizeTooLarge":
        raise AnswerTooLarge(message)
    if kind == "Runtime.ExitError":
        raise RuntimeExited(message)
    raise HandlerRaised(kind, message)

"""Test that the local Lambda runtime reports errors as Lambda does, and isolates the bundle."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ots_local.lambda_runtime.parts import LambdaParts
from ots_local.lambda_runtime.runtime import (
    MAX_EVENT_BYTES,
    EventTooLargeError,
    FunctionTimeoutError,
    HandlerError,
    LambdaRuntime,
    ResponseTooLargeError,
    RuntimeExitedError,
    run_bundle,
)

pytestmark = pytest.mark.bundle

FUNCTION = """
import os, sys, time

invocations = 0

def lambda_handler(event, context):
    global invocations
    invocations += 1
    if event["do"] == "raise":
        raise ValueError("no")
    if event["do"] == "sleep":
        time.sleep(60)
    if event["do"] == "exit":
        os._exit(3)
    if event["do"] == "return":
        return event["value"]
    if event["do"] == "large":
        return "x" * 7_000_000
    return {
        "invocations": invocations,
        "pid": os.getpid(),
        "path": sys.path,
        "settings": os.environ.get("TABLE_NAME"),
        "inherited": os.environ.get("HOME"),
        "remaining_ms": context.get_remaining_time_in_millis(),
        "event_bytes": len(event.get("padding", "")),
    }
"""


@pytest.fixture(scope="module")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundle")
    (directory / "lambda_function.py").write_text(FUNCTION, "utf-8")
    return directory


@pytest.fixture(scope="module")
def invoke(lambda_parts: LambdaParts, small_bundle: Path) -> Iterator[LambdaRuntime]:
    settings = {"TABLE_NAME": "target"}
    with run_bundle(lambda_parts, small_bundle, settings, timeout_s=2, concurrency=2) as function:
        yield function


def test_only_bundle_client_and_standard_library_can_be_imported(
    invoke: LambdaRuntime, small_bundle: Path, lambda_parts: LambdaParts
) -> None:
    path = invoke({"do": "report"})["path"]
    assert path[:2] == [str(small_bundle), str(lambda_parts.client)]
    assert not [entry for entry in path if "site-packages" in entry]


def test_environment_has_only_the_settings_and_lambdas_variables(invoke: LambdaRuntime) -> None:
    report = invoke({"do": "report"})
    assert (report["settings"], report["inherited"]) == ("target", None)


def test_process_is_reused_for_the_next_invocation(
    lambda_parts: LambdaParts, small_bundle: Path
) -> None:
    with run_bundle(lambda_parts, small_bundle, {}) as function:
        first, second = function({"do": "report"}), function({"do": "report"})
    assert first["pid"] == second["pid"]
    assert (first["invocations"], second["invocations"]) == (1, 2)


@pytest.mark.parametrize("answer", [None, [], {"batchItemFailures": []}, "text", 0])
def test_answer_is_the_handlers(invoke: LambdaRuntime, answer: object) -> None:
    assert invoke({"do": "return", "value": answer}) == answer


def test_exception_has_the_type_and_message_of_the_handlers(invoke: LambdaRuntime) -> None:
    with pytest.raises(HandlerError, match=r"^ValueError: no$") as raised:
        invoke({"do": "raise"})
    assert raised.value.error_type == "ValueError"


def test_timeout_ends_the_process_and_the_next_call_gets_a_new_one(
    lambda_parts: LambdaParts, small_bundle: Path
) -> None:
    with run_bundle(lambda_parts, small_bundle, {}, timeout_s=1) as function:
        before = function({"do": "report"})
        with pytest.raises(FunctionTimeoutError, match=r"Task timed out after 1\.00 seconds"):
            function({"do": "sleep"})
        after = function({"do": "report"})
    assert after["pid"] != before["pid"]
    assert after["invocations"] == 1


def test_exited_process_is_reported_and_the_next_call_succeeds(invoke: LambdaRuntime) -> None:
    with pytest.raises(RuntimeExitedError, match="exit status 3"):
        invoke({"do": "exit"})
    assert invoke({"do": "report"})["invocations"] >= 1


def test_response_over_the_size_limit_is_an_error(invoke: LambdaRuntime) -> None:
    with pytest.raises(ResponseTooLargeError):
        invoke({"do": "large"})


def test_event_at_the_size_limit_is_accepted_and_a_larger_one_is_not(
    invoke: LambdaRuntime,
) -> None:
    """The emulator truncates a larger event, so that the function gets malformed JSON."""
    envelope = len('{"do": "report", "padding": ""}')
    padding = "x" * (MAX_EVENT_BYTES - envelope)
    assert invoke({"do": "report", "padding": padding})["event_bytes"] == len(padding)
    with pytest.raises(EventTooLargeError):
        invoke({"do": "report", "padding": padding + "x"})


def test_event_with_an_unpaired_surrogate_is_delivered(invoke: LambdaRuntime) -> None:
    assert invoke({"do": "return", "value": "\ud83d"}) is not None


def test_callers_wait_when_all_emulators_are_busy(invoke: LambdaRuntime) -> None:
    with ThreadPoolExecutor(8) as callers:
        responses = list(callers.map(invoke, [{"do": "return", "value": n} for n in range(40)]))
    assert responses == list(range(40))


def test_module_that_cannot_be_imported_is_an_error(
    lambda_parts: LambdaParts, tmp_path: Path
) -> None:
    (tmp_path / "lambda_function.py").write_text("import no_such_module\n", "utf-8")
    with run_bundle(lambda_parts, tmp_path, {}) as function, pytest.raises(HandlerError) as raised:
        function({})
    assert "no_such_module" in str(raised.value)
    assert sys.modules.get("no_such_module") is None

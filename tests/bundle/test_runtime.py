"""Lambda's runtime on this machine reports what Lambda reports, and hides this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ots_local.lambda_parts import LambdaParts
from ots_local.lambda_runtime import (
    EVENT_BYTES_MAX,
    AnswerTooLarge,
    EventTooLarge,
    HandlerRaised,
    LambdaRuntime,
    RuntimeExited,
    TimedOut,
    running,
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
    if event["do"] == "answer":
        return event["answer"]
    if event["do"] == "grow":
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
def bundle_of_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundle")
    (directory / "lambda_function.py").write_text(FUNCTION, "utf-8")
    return directory


@pytest.fixture(scope="module")
def invoke(lambda_parts: LambdaParts, bundle_of_one: Path) -> Iterator[LambdaRuntime]:
    settings = {"TABLE_NAME": "target"}
    with running(lambda_parts, bundle_of_one, settings, timeout_s=2, lanes=2) as function:
        yield function


def test_only_bundle_client_and_standard_library_are_importable(
    invoke: LambdaRuntime, bundle_of_one: Path, lambda_parts: LambdaParts
) -> None:
    path = invoke({"do": "tell"})["path"]
    assert path[:2] == [str(bundle_of_one), str(lambda_parts.client)]
    assert not [entry for entry in path if "site-packages" in entry]


def test_environment_is_the_settings_and_lambdas_own(invoke: LambdaRuntime) -> None:
    told = invoke({"do": "tell"})
    assert (told["settings"], told["inherited"]) == ("target", None)


def test_process_stays_between_invocations(lambda_parts: LambdaParts, bundle_of_one: Path) -> None:
    with running(lambda_parts, bundle_of_one, {}) as function:
        first, second = function({"do": "tell"}), function({"do": "tell"})
    assert first["pid"] == second["pid"]
    assert (first["invocations"], second["invocations"]) == (1, 2)


@pytest.mark.parametrize("answer", [None, [], {"batchItemFailures": []}, "text", 0])
def test_answer_is_the_handlers(invoke: LambdaRuntime, answer: object) -> None:
    assert invoke({"do": "answer", "answer": answer}) == answer


def test_exception_has_the_handlers_type_and_words(invoke: LambdaRuntime) -> None:
    with pytest.raises(HandlerRaised, match=r"^ValueError: no$") as raised:
        invoke({"do": "raise"})
    assert raised.value.error_type == "ValueError"


def test_time_out_ends_the_process_and_the_next_call_has_a_new_one(
    lambda_parts: LambdaParts, bundle_of_one: Path
) -> None:
    with running(lambda_parts, bundle_of_one, {}, timeout_s=1) as function:
        before = function({"do": "tell"})
        with pytest.raises(TimedOut, match=r"Task timed out after 1\.00 seconds"):
            function({"do": "sleep"})
        after = function({"do": "tell"})
    assert after["pid"] != before["pid"]
    assert after["invocations"] == 1


def test_process_that_exits_is_told_and_the_next_call_works(invoke: LambdaRuntime) -> None:
    with pytest.raises(RuntimeExited, match="exit status 3"):
        invoke({"do": "exit"})
    assert invoke({"do": "tell"})["invocations"] >= 1


def test_answer_over_the_limit_is_told(invoke: LambdaRuntime) -> None:
    with pytest.raises(AnswerTooLarge):
        invoke({"do": "grow"})


def test_event_at_the_limit_arrives_whole_and_one_byte_more_is_refused(
    invoke: LambdaRuntime,
) -> None:
    """The emulator would cut it short, and the function would see broken JSON."""
    frame = len('{"do": "tell", "padding": ""}')
    padding = "x" * (EVENT_BYTES_MAX - frame)
    assert invoke({"do": "tell", "padding": padding})["event_bytes"] == len(padding)
    with pytest.raises(EventTooLarge):
        invoke({"do": "tell", "padding": padding + "x"})


def test_event_with_half_a_character_arrives(invoke: LambdaRuntime) -> None:
    assert invoke({"do": "answer", "answer": "\ud83d"}) is not None


def test_more_callers_than_lanes_wait_their_turn(invoke: LambdaRuntime) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(invoke, [{"do": "answer", "answer": n} for n in range(40)]))
    assert answers == list(range(40))


def test_module_that_cannot_be_imported_is_told(lambda_parts: LambdaParts, tmp_path: Path) -> None:
    (tmp_path / "lambda_function.py").write_text("import no_such_module\n", "utf-8")
    with running(lambda_parts, tmp_path, {}) as function, pytest.raises(HandlerRaised) as raised:
        function({})
    assert "no_such_module" in str(raised.value)
    assert sys.modules.get("no_such_module") is None

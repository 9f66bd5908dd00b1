"""Test the frame of an invocation: its deadline, the failure log, and what it leaves behind."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import threading
import weakref
from typing import Any

import pytest

from ots_local.tablestore import TableStore
from ots_sync import invocation
from ots_sync.connection import max_call_s
from ots_sync.errors import ConfigurationError, UnprocessedRecordsError
from ots_sync.invocation import DEFAULT_TIMEOUT_S, RESPONSE_RESERVE_S
from ots_sync.pipeline import Context
from ots_sync.quarantine import MAX_STORE_S
from ots_sync.telemetry import Telemetry
from tests.support.builders import event, item, make_settings, record
from tests.support.fakes import FakeClock, InMemoryTable
from tests.support.handler import create_table, load_handler


def build_context(clock: FakeClock, remaining_s: float | None, **environ: str) -> Context:
    """Return the context of an invocation; `remaining_s` is None without Lambda's context."""
    return invocation.build_context(
        make_settings(**environ),
        send=InMemoryTable().send,
        remaining_ms=None if remaining_s is None else lambda: int(remaining_s * 1000),
        clock=clock,
        uniform=lambda low, _: low,
    )


WITH_QUARANTINE = {"QUARANTINE": "file:///quarantine"}


@pytest.mark.parametrize(
    ("environ", "needed_s"),
    [
        ({}, max_call_s(15) + RESPONSE_RESERVE_S),
        ({"OTS_TIMEOUT": "5"}, max_call_s(5) + RESPONSE_RESERVE_S),
        (WITH_QUARANTINE, max_call_s(15) + MAX_STORE_S + RESPONSE_RESERVE_S),
    ],
)
def test_invocation_needs_time_for_one_request_and_what_follows_it(
    environ: dict[str, str], needed_s: float
) -> None:
    clock = FakeClock(0.0)
    deadline = build_context(clock, needed_s, **environ).writer.deadline
    assert deadline.allows_call(0.0)
    assert not deadline.allows_call(0.001)
    with pytest.raises(ConfigurationError, match=f"can take {needed_s:.0f} s. Raise the timeout"):
        build_context(clock, needed_s - 0.001, **environ)


@pytest.mark.parametrize(
    ("at_s", "has_time"), [(60 - MAX_STORE_S - RESPONSE_RESERVE_S, True), (45.001, False)]
)
def test_record_is_quarantined_only_while_there_is_time(at_s: float, has_time: bool) -> None:
    clock = FakeClock(0.0)
    context = build_context(clock, 60, **WITH_QUARANTINE)
    clock.now_s = at_s
    assert context.has_time_to_store() is has_time


def test_invocation_without_lambdas_context_has_a_minute() -> None:
    deadline = build_context(FakeClock(0.0), None).writer.deadline
    assert deadline.at_s == DEFAULT_TIMEOUT_S - RESPONSE_RESERVE_S


def log_lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Return what was logged since the last call."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_sync_error_is_logged_and_raised_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry("test-invocation-sync-error", "namespace")
    error = ConfigurationError("no such table")
    with pytest.raises(ConfigurationError) as raised, invocation.log_failures(telemetry):
        raise error
    assert raised.value is error
    (line,) = log_lines(capsys)
    assert (line["level"], line["error"]) == ("ERROR", "ConfigurationError")
    assert line["reason"] == "no such table"


def test_unexpected_error_is_logged_by_type_and_location_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its message can contain a value."""
    telemetry = Telemetry("test-invocation-unexpected-error", "namespace")
    with pytest.raises(UnprocessedRecordsError) as raised, invocation.log_failures(telemetry):
        int("a secret value")
    assert "ValueError in test_invocation.py" in str(raised.value)
    (line,) = log_lines(capsys)
    assert line["reason"] == str(raised.value)
    assert "secret" not in str(raised.value) + json.dumps(line)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


class TrackedRecord(dict[str, Any]):
    """A record that a weak reference can refer to."""


@pytest.fixture
def handler(table_store: TableStore) -> Any:
    return load_handler({**create_table(table_store, "target"), "OTS_TIMEOUT": "1"})


def test_no_object_of_an_event_outlives_its_invocation(handler: Any) -> None:
    tracked = TrackedRecord(record(new=item("u", 1, v={"S": "a value"})))
    reference = weakref.ref(tracked)
    handler.lambda_handler({"Records": [tracked]}, None)
    del tracked
    gc.collect()
    assert reference() is None


def test_client_and_settings_are_created_once_and_threads_end(
    handler: Any, table_store: TableStore
) -> None:
    kept = [handler.client(), handler.settings()]
    threads = threading.active_count()
    for number in range(3):
        records = [record(new=item(f"u{n}", number)) for n in range(450)]
        handler.lambda_handler(event(*records), None)
        assert threading.active_count() == threads
    assert [handler.client(), handler.settings()] == kept
    assert len(table_store.rows("target")) == 1350


def test_unexpected_error_of_an_edited_function_raises_a_sync_error(handler: Any) -> None:
    def edited(*_: Any) -> Any:
        raise KeyError("a secret value")

    handler.batch_write_row = edited
    with pytest.raises(UnprocessedRecordsError, match="unexpected KeyError") as raised:
        handler.lambda_handler(event(record()), None)
    assert "secret" not in str(raised.value)


def test_gc_paused_restores_the_state_of_the_interpreter() -> None:
    """The collector and the switch interval belong to the process, which the tools share."""
    before = gc.isenabled(), sys.getswitchinterval()
    assert gc.isenabled()  # earlier invocations have restored it too
    assert sys.getswitchinterval() == pytest.approx(0.005)
    with contextlib.suppress(KeyError), invocation.gc_paused():
        assert not gc.isenabled()
        assert sys.getswitchinterval() == pytest.approx(invocation.SWITCH_INTERVAL_S)
        raise KeyError
    assert (gc.isenabled(), sys.getswitchinterval()) == before

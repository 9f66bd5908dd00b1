"""One invocation's frame: how its time is divided, what it says when it fails, what it leaves."""

from __future__ import annotations

import contextlib
import gc
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
from tests.support.builders import configuration, event, item, record
from tests.support.fakes import FakeClock, MemoryStore
from tests.support.handler import create_table, load_handler


def ports(clock: FakeClock, remaining_s: float | None, **environ: str) -> Context:
    """Of an invocation with so much time left; None: one that Lambda did not make."""
    return invocation.build_context(
        configuration(**environ),
        send=MemoryStore().send,
        remaining_ms=None if remaining_s is None else lambda: int(remaining_s * 1000),
        clock=clock,
        uniform=lambda least, _: least,
    )


KEPT = {"QUARANTINE": "file:///quarantine"}


@pytest.mark.parametrize(
    ("environ", "needed_s"),
    [
        ({}, max_call_s(15) + RESPONSE_RESERVE_S),
        ({"OTS_TIMEOUT": "5"}, max_call_s(5) + RESPONSE_RESERVE_S),
        (KEPT, max_call_s(15) + MAX_STORE_S + RESPONSE_RESERVE_S),
    ],
)
def test_it_begins_only_with_time_for_one_call_and_what_follows(
    environ: dict[str, str], needed_s: float
) -> None:
    clock = FakeClock(0.0)
    begun = ports(clock, needed_s, **environ).writer.deadline
    assert begun.allows_call(0.0)
    assert not begun.allows_call(0.001)
    with pytest.raises(ConfigurationError, match=f"can take {needed_s:.0f} s. Raise the timeout"):
        ports(clock, needed_s - 0.001, **environ)


@pytest.mark.parametrize(
    ("at_s", "may"), [(60 - MAX_STORE_S - RESPONSE_RESERVE_S, True), (45.001, False)]
)
def test_record_is_kept_only_while_there_is_time_for_it(at_s: float, may: bool) -> None:
    clock = FakeClock(0.0)
    made = ports(clock, 60, **KEPT)
    clock.now_s = at_s
    assert made.has_time_to_store() is may


def test_invocation_without_lambda_has_a_minute() -> None:
    deadline = ports(FakeClock(0.0), None).writer.deadline
    assert deadline.at_s == DEFAULT_TIMEOUT_S - RESPONSE_RESERVE_S


class Voice:
    """What is told, as text."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def log_failure(self, error: Exception) -> None:
        self.said.append(f"{type(error).__name__}: {error}")


def test_named_error_is_told_and_raised_as_it_is() -> None:
    voice = Voice()
    error = ConfigurationError("no such table")
    with pytest.raises(ConfigurationError) as raised, invocation.log_failures(voice):
        raise error
    assert raised.value is error
    assert voice.said == ["ConfigurationError: no such table"]


def test_unforeseen_error_is_told_by_kind_and_place_and_not_by_its_words() -> None:
    """They can hold a value."""
    voice = Voice()
    with pytest.raises(UnprocessedRecordsError) as raised, invocation.log_failures(voice):
        int("a secret value")
    assert "ValueError in test_invocation.py" in str(raised.value)
    assert "secret" not in str(raised.value) + voice.said[0]
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


class Remembered(dict[str, Any]):
    """A record that tells when it is gone."""


@pytest.fixture
def door(table_store: TableStore) -> Any:
    return load_handler({**create_table(table_store, "target"), "OTS_TIMEOUT": "1"})


def test_nothing_of_an_event_survives_it(door: Any) -> None:
    """What stays is the client and the settings."""
    told = Remembered(record(new=item("u", 1, v={"S": "a value"})))
    seen = weakref.ref(told)
    door.lambda_handler({"Records": [told]}, None)
    del told
    gc.collect()
    assert seen() is None


def test_client_and_settings_are_made_once_and_no_thread_is_left(
    door: Any, table_store: TableStore
) -> None:
    made = [door.client(), door.settings()]
    threads = threading.active_count()
    for number in range(3):
        whole = event(*[record(new=item(f"u{n}", number)) for n in range(450)])
        door.lambda_handler(whole, None)
        assert threading.active_count() == threads
    assert [door.client(), door.settings()] == made
    assert len(table_store.rows("target")) == 1350


def test_edited_door_that_fails_fails_the_invocation_by_a_named_error(door: Any) -> None:
    def wrong(*_: Any) -> Any:
        raise KeyError("a secret value")

    door.batch_write_row = wrong
    with pytest.raises(UnprocessedRecordsError, match="unexpected KeyError") as raised:
        door.lambda_handler(event(record()), None)
    assert "secret" not in str(raised.value)


def test_interpreter_is_as_it_was_when_an_invocation_ends_however_it_ends() -> None:
    """The garbage collector and the threads' turns are the process's, and tools share it."""
    before = gc.isenabled(), sys.getswitchinterval()
    assert before == (True, pytest.approx(0.005))  # nor has any invocation before left a trace
    with contextlib.suppress(KeyError), invocation.gc_paused():
        assert not gc.isenabled()
        assert sys.getswitchinterval() == pytest.approx(invocation.SWITCH_INTERVAL_S)
        raise KeyError
    assert (gc.isenabled(), sys.getswitchinterval()) == before

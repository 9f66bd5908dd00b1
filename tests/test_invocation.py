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
from ots_sync.errors import ConfigurationError, UndoneError
from ots_sync.invocation import ANSWER_S, NO_CONTEXT_S
from ots_sync.quarantine import LONGEST_S
from ots_sync.sync import Ports
from ots_sync.transport import call_s
from tests.builders import configuration, event, item, record
from tests.doors import create_table, open_door
from tests.fakes import FakeClock, MemoryStore


def ports(clock: FakeClock, remaining_s: float | None, **environ: str) -> Ports:
    """Of an invocation with so much time left; None: one that Lambda did not make."""
    return invocation.ports(
        configuration(**environ),
        send=MemoryStore().send,
        remaining_ms=None if remaining_s is None else lambda: int(remaining_s * 1000),
        clock=clock,
        sleep=clock.sleep,
        uniform=lambda least, _: least,
        wall_s=clock,
    )


KEPT = {"QUARANTINE": "file:///quarantine"}


@pytest.mark.parametrize(
    ("environ", "needed_s"),
    [
        ({}, call_s(15) + ANSWER_S),
        ({"OTS_TIMEOUT": "5"}, call_s(5) + ANSWER_S),
        (KEPT, call_s(15) + LONGEST_S + ANSWER_S),
    ],
)
def test_it_begins_only_with_time_for_one_call_and_what_follows(
    environ: dict[str, str], needed_s: float
) -> None:
    clock = FakeClock(0.0)
    begun = ports(clock, needed_s, **environ).means.deadline
    assert begun.allows_call(0.0)
    assert not begun.allows_call(0.001)
    with pytest.raises(ConfigurationError, match=f"can take {needed_s:.0f} s. Raise the time-out"):
        ports(clock, needed_s - 0.001, **environ)


@pytest.mark.parametrize(("at_s", "may"), [(60 - LONGEST_S - ANSWER_S, True), (45.001, False)])
def test_record_is_kept_only_while_there_is_time_for_it(at_s: float, may: bool) -> None:
    clock = FakeClock(0.0)
    made = ports(clock, 60, **KEPT)
    clock.now_s = at_s
    assert made.may_keep() is may


def test_invocation_without_lambda_has_a_minute() -> None:
    deadline = ports(FakeClock(0.0), None).means.deadline
    assert deadline.at_s == NO_CONTEXT_S - ANSWER_S


class Voice:
    """What is told, as text."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def failed(self, error: Exception) -> None:
        self.said.append(f"{type(error).__name__}: {error}")


def test_named_error_is_told_and_raised_as_it_is() -> None:
    voice = Voice()
    error = ConfigurationError("no such table")
    with pytest.raises(ConfigurationError) as raised, invocation.told(voice):
        raise error
    assert raised.value is error
    assert voice.said == ["ConfigurationError: no such table"]


def test_unforeseen_error_is_told_by_kind_and_place_and_not_by_its_words() -> None:
    """They can hold a value."""
    voice = Voice()
    with pytest.raises(UndoneError) as raised, invocation.told(voice):
        int("a secret value")
    assert "ValueError in test_invocation.py" in str(raised.value)
    assert "secret" not in str(raised.value) + voice.said[0]
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


class Remembered(dict[str, Any]):
    """A record that tells when it is gone."""


@pytest.fixture
def door(table_store: TableStore) -> Any:
    return open_door({**create_table(table_store, "target"), "OTS_TIMEOUT": "1"})


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
    with pytest.raises(UndoneError, match="unexpected KeyError") as raised:
        door.lambda_handler(event(record()), None)
    assert "secret" not in str(raised.value)


def test_interpreter_is_as_it_was_when_an_invocation_ends_however_it_ends() -> None:
    """The garbage collector and the threads' turns are the process's, and tools share it."""
    before = gc.isenabled(), sys.getswitchinterval()
    assert before == (True, pytest.approx(0.005))  # nor has any invocation before left a trace
    with contextlib.suppress(KeyError), invocation.undisturbed():
        assert not gc.isenabled()
        assert sys.getswitchinterval() == pytest.approx(invocation.TURN_S)
        raise KeyError
    assert (gc.isenabled(), sys.getswitchinterval()) == before

"""Test that a reconciled row equals its item, whatever happens between the steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ots_sync.model import Image
from ots_sync.rows import map_changes
from ots_sync.writer import WriterContext
from ots_tools.reconcile import MAX_ROUNDS, reconcile
from tests.support.builders import change, item
from tests.support.fakes import FakeClock, InMemoryTable
from tests.support.handler import load_handler
from tests.support.scripted_sender import MAX_CALL_S, THROTTLED, ScriptedSender, writer_context

KEYS = item("user", 7)
HANDLER = load_handler()


class Source:
    """One item, the stream of its changes, and its row; `events` happen between the steps.

    Before each step the next text of `events` is executed: "d" delivers the next change of the
    stream, "x" deletes the item, "-" does nothing, another letter becomes the item's value.
    """

    def __init__(self, value: str | None, row: str | None, events: Sequence[str]) -> None:
        self.value = value
        self.undelivered: list[tuple[Any, Any]] = []
        self.store = InMemoryTable({} if row is None else {("user", 7): {"v": row}})
        self.events = iter(events)

    def item(self) -> Any:
        """Return the item in DynamoDB's form."""
        return None if self.value is None else item("user", 7, v={"S": self.value})

    def execute_events(self) -> None:
        """Execute the events before the next step."""
        for event in next(self.events, "-"):
            if event == "d":
                self.deliver(1)
            elif event != "-":
                before = self.item()
                self.value = None if event == "x" else event
                if self.item() != before:
                    self.undelivered.append((before, self.item()))

    def deliver(self, count: int) -> None:
        """Write the next changes, as the function does."""
        changes, self.undelivered = self.undelivered[:count], self.undelivered[count:]
        for old, new in changes:
            rows, _ = map_changes([change(old, new)], HANDLER.row_mapper())
            self.store.send([row.writes[0] for row in rows])

    def read_items(self, keys: Sequence[Image]) -> list[Image | None]:
        """Read the item consistently."""
        self.execute_events()
        return [self.item() for _ in keys]

    def writer_context(self) -> WriterContext:
        """Return a context whose send executes events before and after the write."""

        def send(writes: Any) -> Any:
            self.execute_events()
            errors = self.store.send(writes)
            self.execute_events()
            return errors

        return writer_context(send, FakeClock(0.0))


VALUES = st.none() | st.sampled_from("ab")
EVENTS = st.lists(st.text("abxd-", max_size=3), max_size=12)


@example(value="a", row=None, events=["", "b", "d"])  # a stale value would win
@example(value="a", row=None, events=["", "b", "d", "x", "b", "dd"])  # one more read is too few
@given(value=VALUES, row=VALUES, events=EVENTS)
def test_reconciled_row_ends_equal_to_its_item(
    value: str | None, row: str | None, events: list[str]
) -> None:
    source = Source(value, row, events)
    (result,) = reconcile([KEYS], source.read_items, HANDLER.row_mapper(), source.writer_context)
    source.deliver(len(source.undelivered))
    row_columns = source.store.rows.get(("user", 7))
    if result.state == "unstable":
        assert len(events) >= MAX_ROUNDS
        return
    assert result.state == "written"
    assert row_columns == (None if source.value is None else {"v": source.value})


def test_item_that_keeps_changing_is_unstable() -> None:
    source = Source("a", None, [])
    source.events = cycle(["a", "-", "-", "b", "-", "-"])  # it changes between any two reads
    (result,) = reconcile([KEYS], source.read_items, HANDLER.row_mapper(), source.writer_context)
    assert result.state == "unstable"
    assert str(MAX_ROUNDS) in result.reason


@pytest.mark.parametrize(
    ("rounds", "state"), [(MAX_ROUNDS - 1, "written"), (MAX_ROUNDS, "unstable")]
)
def test_item_may_change_in_every_round_but_the_last(rounds: int, state: str) -> None:
    values = iter([str(min(number, rounds)) for number in range(MAX_ROUNDS + 1)])
    store = InMemoryTable()

    def read_items(keys: Sequence[Image]) -> list[Image | None]:
        return [item("user", 7, v={"S": next(values)}) for _ in keys]

    (result,) = reconcile(
        [KEYS], read_items, HANDLER.row_mapper(), lambda: writer_context(store.send, FakeClock(0.0))
    )
    assert result.state == state


def test_each_key_has_its_own_result() -> None:
    """A key that is rejected or unprocessed does not delay others, and is not read again."""
    keys = [item("user", number) for number in range(4)]
    reads: list[int] = []

    def read_items(batch: Sequence[Image]) -> list[Image | None]:
        reads.append(len(batch))
        invalid = {"n" * 256: {"S": "a column cannot have this name"}}
        return [item("user", 1, **invalid) if key == keys[1] else key for key in batch]

    def throttle_one(rows: list[int]) -> Any:
        return [THROTTLED if row == 2 else None for row in rows]

    send = ScriptedSender(throttle_one).send
    results = reconcile(
        keys,
        read_items,
        HANDLER.row_mapper(),
        lambda: writer_context(send, FakeClock(0.0), remaining_s=MAX_CALL_S + 0.05),
    )
    assert [result.state for result in results] == ["written", "rejected", "unprocessed", "written"]
    assert results[1].code == "ColumnName"
    assert results[2].code == "OTSServerBusy"
    assert reads == [4, 2]


def test_no_keys_need_no_call() -> None:
    results = reconcile(
        [],
        lambda _: [],
        HANDLER.row_mapper(),
        lambda: writer_context(ScriptedSender().send, FakeClock(0.0)),
    )
    assert results == []

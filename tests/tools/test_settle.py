"""Settling beside a live stream: whatever happens between its steps, the row ends as the item."""

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
from ots_tools.settle import ROUNDS, settle
from tests.support.builders import change, item
from tests.support.fakes import FakeClock, MemoryStore
from tests.support.handler import load_handler
from tests.support.scripted_sender import BUSY, CALL_S, Scripted, means

KEYS = item("user", 7)
DOOR = load_handler()


class World:
    """One item, the stream of its changes, its row; `happens` tells what goes on beside.

    At each step of whoever settles, before it: "-" nothing, "d" the stream writes its next change,
    "x" the item is deleted, any other letter becomes the item's value.
    """

    def __init__(self, value: str | None, row: str | None, happens: Sequence[str]) -> None:
        self.value = value
        self.unwritten: list[tuple[Any, Any]] = []
        self.store = MemoryStore({} if row is None else {("user", 7): {"v": row}})
        self.happens = iter(happens)

    def item(self) -> Any:
        """The item, in DynamoDB's form."""
        return None if self.value is None else item("user", 7, v={"S": self.value})

    def go_on(self) -> None:
        """What happens before the next step."""
        for what in next(self.happens, "-"):
            if what == "d":
                self.stream(1)
            elif what != "-":
                before = self.item()
                self.value = None if what == "x" else what
                if self.item() != before:
                    self.unwritten.append((before, self.item()))

    def stream(self, count: int) -> None:
        """The function writes the next changes, in order."""
        some, self.unwritten = self.unwritten[:count], self.unwritten[count:]
        for old, new in some:
            rows, _ = map_changes([change(old, new)], DOOR.row_mapper())
            self.store.send([row.writes[0] for row in rows])

    def read(self, keys: Sequence[Image]) -> list[Image | None]:
        """Reads the item by a consistent read."""
        self.go_on()
        return [self.item() for _ in keys]

    def means(self) -> WriterContext:
        """Writes the row; the stream goes on before and after."""

        def send(writes: Any) -> Any:
            self.go_on()
            answer = self.store.send(writes)
            self.go_on()
            return answer

        return means(send, FakeClock(0.0))


VALUES = st.none() | st.sampled_from("ab")
HAPPENS = st.lists(st.text("abxd-", max_size=3), max_size=12)


@example(value="a", row=None, happens=["", "b", "d"])  # a stale value would win
@example(value="a", row=None, happens=["", "b", "d", "x", "b", "dd"])  # one look more is not enough
@given(value=VALUES, row=VALUES, happens=HAPPENS)
def test_row_of_a_settled_key_ends_as_its_item(
    value: str | None, row: str | None, happens: list[str]
) -> None:
    world = World(value, row, happens)
    (ended,) = settle([KEYS], world.read, DOOR.row_mapper(), world.means)
    world.stream(len(world.unwritten))
    standing = world.store.rows.get(("user", 7))
    if ended.state == "unstable":
        assert len(happens) >= ROUNDS
        return
    assert ended.state == "written"
    assert standing == (None if world.value is None else {"v": world.value})


def test_item_that_never_stands_still_is_moving() -> None:
    world = World("a", None, ["-", "-", "-"])
    world.happens = cycle(["a", "-", "-", "b", "-", "-"])  # it changes between any two reads
    (ended,) = settle([KEYS], world.read, DOOR.row_mapper(), world.means)
    assert ended.state == "unstable"
    assert str(ROUNDS) in ended.reason


@pytest.mark.parametrize(("rounds", "state"), [(ROUNDS - 1, "written"), (ROUNDS, "unstable")])
def test_item_may_change_in_all_rounds_but_one(rounds: int, state: str) -> None:
    values = iter([str(min(number, rounds)) for number in range(ROUNDS + 1)])
    store = MemoryStore()

    def read(keys: Sequence[Image]) -> list[Image | None]:
        return [item("user", 7, v={"S": next(values)}) for _ in keys]

    (ended,) = settle([KEYS], read, DOOR.row_mapper(), lambda: means(store.send, FakeClock(0.0)))
    assert ended.state == state


def test_each_key_has_its_own_end() -> None:
    """One that is refused or late holds no other up, and is not read again."""
    keys = [item("user", number) for number in range(4)]
    asked: list[int] = []

    def read(some: Sequence[Image]) -> list[Image | None]:
        asked.append(len(some))
        bad = {"n" * 256: {"S": "a column cannot have this name"}}
        return [item("user", 1, **bad) if key == keys[1] else key for key in some]

    def late(rows: list[int]) -> Any:
        return [BUSY if row == 2 else None for row in rows]

    send = Scripted(late).send
    ends = settle(
        keys, read, DOOR.row_mapper(), lambda: means(send, FakeClock(0.0), left_s=CALL_S + 0.05)
    )
    assert [end.state for end in ends] == ["written", "rejected", "unprocessed", "written"]
    assert ends[1].code == "ColumnName"
    assert ends[2].code == "OTSServerBusy"
    assert asked == [4, 2]


def test_no_keys_are_settled_without_a_call() -> None:
    ends = settle(
        [], lambda _: [], DOOR.row_mapper(), lambda: means(Scripted().send, FakeClock(0.0))
    )
    assert ends == []

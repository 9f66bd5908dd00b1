"""Whatever befalls the calls, and however records are delivered again, rows end as the items."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ots_sync import pipeline
from ots_sync.connection import max_call_s
from ots_sync.outcome import first_unprocessed
from ots_sync.pipeline import Context
from ots_sync.retry import Deadline
from ots_sync.rows import row_id
from ots_sync.writer import WriterContext
from tests.support.bad_network import ANSWER_TIMEOUT_S, FAULTS, BadNetwork, Fault
from tests.support.builders import event, item, record
from tests.support.fakes import FakeClock, MemoryStore
from tests.support.handler import load_handler

KEYS = 3
WIDE: dict[str, Any] = {f"w{n}": {"N": "1"} for n in range(1024)}  # with one more: two steps
# Each change gives one of three items a value, or takes the item away.
HISTORY = st.lists(
    st.tuples(st.integers(0, KEYS - 1), st.none() | st.sampled_from("abcw")), min_size=1, max_size=9
)


@cache
def door() -> Any:
    """The article's functions, with the usual settings."""
    return load_handler()


def records_of(history: list[tuple[int, str | None]]) -> tuple[list[Any], dict[int, Any]]:
    """The stream that these changes make, and the items that they end in."""
    items: dict[int, Any] = {}
    records = []
    for key, value in history:
        old = items.get(key)
        # The attribute's name changes with its value: a column that stays behind is seen.
        new = None if value is None else item("user", key, **attributes(value))
        if old is None and new is None:
            continue
        records.append(record(old, new))
        items[key] = new
    return records, {key: new for key, new in items.items() if new is not None}


def attributes(value: str) -> dict[str, Any]:
    """One that has the value's name; or more than one write takes."""
    return {**(WIDE if value == "w" else {}), f"is_{value}": {"S": value}}


def deliver(
    records: list[Any], sizes: list[int], network: BadNetwork, left_s: float, again: list[int]
) -> None:
    """Invokes as a mapping does: batches in order, from the lowest that is not done; and some,
    though done, a second time.
    """
    clock, place, turn = network.clock, 0, 0
    while place < len(records):
        end_s = clock() + left_s
        batch = records[place : place + sizes[turn % len(sizes)]]
        means = WriterContext(
            network.send,
            Deadline(end_s, max_call_s(ANSWER_TIMEOUT_S), ANSWER_TIMEOUT_S),
            1,
            clock,
            lambda _, most: most,
        )
        ports = Context(means, lambda: None, lambda: True)
        outcome = pipeline.run(event(*batch), door().row_mapper(), ports)
        first = first_unprocessed(outcome.unprocessed)
        if clock() > end_s:  # Lambda would have ended it then, with its calls where they were
            clock.now_s, first = end_s, first_unprocessed(batch)
        numbers = [one["dynamodb"]["SequenceNumber"] for one in batch]
        place += len(batch) if first is None else numbers.index(first)
        place = max(0, place - again[turn % len(again)])
        turn += 1


@example(  # a second call begun after a silent one would outlast the invocation
    history=[(0, "a"), (1, "a"), (2, "a"), (0, "b")],
    faults=[Fault("broken", silent=True), Fault("broken", lands_s=14.9, silent=True)],
    sizes=[1],
    again=[0],
    left_s=28.5,
)
@example(  # a put that broke off would land behind the second step of its row
    history=[(0, "w")],
    faults=[Fault("broken", lands_s=14.9)],
    sizes=[1],
    again=[0],
    left_s=60.0,
)
@given(
    history=HISTORY,
    faults=st.lists(FAULTS, max_size=12),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    again=st.lists(st.integers(0, 2), min_size=1, max_size=6).filter(lambda steps: 0 in steps),
    left_s=st.sampled_from([28.5, 31.0, 60.0]),
)
def test_rows_end_as_the_items(
    history: list[tuple[int, str | None]],
    faults: list[Fault],
    sizes: list[int],
    again: list[int],
    left_s: float,
) -> None:
    """A call that breaks off may be carried out as late as the service's own time-out allows."""
    records, items = records_of(history)
    clock = FakeClock()
    network = BadNetwork(MemoryStore(), clock, faults)
    deliver(records, [size + 2 for size in sizes], network, left_s, again)
    clock.now_s += ANSWER_TIMEOUT_S
    network.land()
    rules = door().row_mapper()
    assert network.store.rows == {
        row_id(rules.get_primary_key(new_keys(new))): dict(
            rules.generate_attribute(new, rules.key_list)
        )
        for new in items.values()
    }


def new_keys(image: Any) -> Any:
    """The key attributes of an item."""
    return {name: image[name] for name in door().settings().key_list}

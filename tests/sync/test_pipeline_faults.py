"""Test that rows end as the items, for generated schedules of faults and redeliveries."""

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
from tests.support.bad_network import FAULTS, RESPONSE_TIMEOUT_S, BadNetwork, Fault
from tests.support.builders import event, item, record
from tests.support.fakes import FakeClock, InMemoryTable
from tests.support.handler import load_handler

KEYS = 3
# With one more attribute, the row takes two writes.
WIDE: dict[str, Any] = {f"w{n}": {"N": "1"} for n in range(1024)}
# Each change gives one of three items a value, or removes the item. "w" is a wide item.
HISTORIES = st.lists(
    st.tuples(st.integers(0, KEYS - 1), st.none() | st.sampled_from("abcw")), min_size=1, max_size=9
)


@cache
def handler() -> Any:
    """Return the handler module with the default settings."""
    return load_handler()


def stream_records(history: list[tuple[int, str | None]]) -> tuple[list[Any], dict[int, Any]]:
    """Return the stream records of these changes, and the final items by number."""
    items: dict[int, Any] = {}
    records = []
    for key, value in history:
        old = items.get(key)
        # The attribute's name changes with its value, so a column that is left over is detected.
        new = None if value is None else item("user", key, **attributes(value))
        if old is None and new is None:
            continue
        records.append(record(old, new))
        items[key] = new
    return records, {key: new for key, new in items.items() if new is not None}


def attributes(value: str) -> dict[str, Any]:
    """Return an attribute named after the value; for "w" also more than one write can have."""
    return {**(WIDE if value == "w" else {}), f"is_{value}": {"S": value}}


def deliver(
    records: list[Any],
    sizes: list[int],
    network: BadNetwork,
    timeout_s: float,
    repeated: list[int],
) -> None:
    """Deliver the records as an event source mapping does, in order, from the lowest unprocessed.

    `sizes` are those of the batches, `repeated` how many processed records each delivery repeats.
    """
    clock, place, turn = network.clock, 0, 0
    while place < len(records):
        end_s = clock.monotonic() + timeout_s
        batch = records[place : place + sizes[turn % len(sizes)]]
        writer_context = WriterContext(
            network.send,
            Deadline(end_s, max_call_s(RESPONSE_TIMEOUT_S), RESPONSE_TIMEOUT_S),
            1,
            clock,
            lambda _, high: high,
        )
        context = Context(writer_context, lambda: None, lambda: True)
        outcome = pipeline.run(event(*batch), handler().row_mapper(), context)
        first = first_unprocessed(outcome.unprocessed)
        if clock.monotonic() > end_s:  # Lambda would have ended it, with requests in flight
            clock.now_s, first = end_s, first_unprocessed(batch)
        numbers = [one["dynamodb"]["SequenceNumber"] for one in batch]
        place += len(batch) if first is None else numbers.index(first)
        place = max(0, place - repeated[turn % len(repeated)])
        turn += 1


@example(  # a second request after the silent one would outlast the invocation
    history=[(0, "a"), (1, "a"), (2, "a"), (0, "b")],
    faults=[Fault("broken", silent=True), Fault("broken", executed_after_s=14.9, silent=True)],
    sizes=[1],
    repeated=[0],
    timeout_s=28.5,
)
@example(  # the interrupted put would be executed after the second write of its row
    history=[(0, "w")],
    faults=[Fault("broken", executed_after_s=14.9)],
    sizes=[1],
    repeated=[0],
    timeout_s=60.0,
)
@given(
    history=HISTORIES,
    faults=st.lists(FAULTS, max_size=12),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    repeated=st.lists(st.integers(0, 2), min_size=1, max_size=6).filter(lambda counts: 0 in counts),
    timeout_s=st.sampled_from([28.5, 31.0, 60.0]),
)
def test_rows_end_as_the_items_whatever_fails(
    history: list[tuple[int, str | None]],
    faults: list[Fault],
    sizes: list[int],
    repeated: list[int],
    timeout_s: float,
) -> None:
    """The service may execute an interrupted request until its own timeout."""
    records, items = stream_records(history)
    clock = FakeClock()
    network = BadNetwork(InMemoryTable(), clock, faults)
    deliver(records, [size + 2 for size in sizes], network, timeout_s, repeated)
    clock.now_s += RESPONSE_TIMEOUT_S
    network.execute_delayed()
    row_mapper = handler().row_mapper()
    assert network.table.rows == {
        row_id(row_mapper.get_primary_key(keys_of(new))): dict(
            row_mapper.generate_attribute(new, row_mapper.key_list)
        )
        for new in items.values()
    }


def keys_of(image: Any) -> Any:
    """Return the key attributes of an item."""
    return {name: image[name] for name in handler().settings().key_list}

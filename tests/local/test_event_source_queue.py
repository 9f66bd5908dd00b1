"""Test how records become batches: size, batching window, concurrency, and lag."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from ots_local.event_source.mapping import MAX_PAYLOAD_BYTES
from tests.support.event_source_rig import Rig, StopAfter


@pytest.mark.parametrize("extra", [0, 1])
def test_event_has_at_most_six_megabytes(extra: int) -> None:
    """Two records that just fit are one event; with one byte more they are two."""
    rig = Rig()
    sizes: list[int] = []
    rig.handler = lambda event: sizes.append(
        len(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode())
    )
    rig.stream.put("one", letter={"S": "a"}, filler={"S": ""})
    rig.stream.put("one", letter={"S": "b"}, filler={"S": ""})
    rig.new_poller().drain()
    space = MAX_PAYLOAD_BYTES - sizes[0]
    sizes.clear()
    fresh = Rig(rig.handler)
    fresh.stream.put("one", letter={"S": "a"}, filler={"S": "é" * (space // 4)})
    rest = space - 2 * (space // 4) + extra
    fresh.stream.put("one", letter={"S": "b"}, filler={"S": "x" * rest})
    fresh.new_poller().drain()
    assert fresh.trace == (["a", "b"] if extra else ["ab"])
    assert extra or sizes == [MAX_PAYLOAD_BYTES]


def test_record_over_the_size_limit_is_sent_alone() -> None:
    rig = Rig()
    rig.write("a", user="one")
    rig.stream.put("one", letter={"S": "b"}, filler={"S": "x" * MAX_PAYLOAD_BYTES})
    rig.write("c", user="one")
    rig.new_poller().drain()
    assert rig.trace == ["a", "b", "c"]


def test_batch_waits_for_the_window_to_end_or_to_be_full() -> None:
    rig = Rig()
    sent_at: list[float] = []
    start_s = rig.clock()
    rig.handler = lambda event: sent_at.append(rig.clock() - start_s)
    poller = rig.new_poller(maximum_batching_window_s=10, batch_size=4)
    for letter in "abcdef":
        rig.write(letter, user="one")
        poller.run(StopAfter(5))  # a poll without work sleeps for a quarter of a second
    assert rig.trace == ["abcd"]
    poller.run(StopAfter(60))
    assert rig.trace == ["abcd", "ef"]
    assert sent_at[0] < 10 <= sent_at[1] - sent_at[0] <= 12


def test_next_window_starts_when_the_previous_batch_is_complete() -> None:
    rig = Rig()
    poller = rig.new_poller(maximum_batching_window_s=10, batch_size=2)
    sent_at: list[float] = []

    def handler(event: dict[str, Any]) -> None:
        sent_at.append(rig.clock())
        rig.clock.sleep(60)

    rig.handler = handler
    rig.write("abc", user="one")
    poller.run(StopAfter(100))
    assert rig.trace == ["ab", "c"]
    assert 70 <= sent_at[1] - sent_at[0] <= 71


def test_last_batch_of_a_closed_shard_does_not_wait_for_the_window() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    rig.write("cd", user="one")
    rig.new_poller(maximum_batching_window_s=300).run(StopAfter(10))
    assert rig.trace == ["ab"]


def test_drain_does_not_wait_for_the_window_at_the_end_of_the_stream() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    start_s = rig.clock()
    rig.new_poller(maximum_batching_window_s=300).drain()
    assert rig.trace == ["ab"]
    assert rig.clock() - start_s < 2


def test_disabled_mapping_delivers_nothing() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    poller = rig.new_poller(enabled=False)
    poller.drain()
    poller.run(StopAfter(10))
    assert rig.trace == []
    assert rig.stream.calls == []


def test_lag_is_the_age_of_the_sent_record_and_zero_without_backlog() -> None:
    lags: list[float] = []
    rig = Rig(lambda event: lags.append(rig.progress.lag_s))
    rig.write("a", user="one")
    rig.clock.sleep(30)
    rig.write("b", user="one")
    rig.clock.sleep(5)
    rig.new_poller(batch_size=1).drain()
    assert lags == [35, 5]
    assert (rig.progress.lag_s, rig.progress.max_lag_s) == (0, 35)


def test_batches_of_one_item_never_overlap_but_those_of_others_do() -> None:
    """Threads send the queues of a shard concurrently; the records of an item stay in order."""
    both = threading.Barrier(2, timeout=30)
    inside: set[str] = set()
    lock = threading.Lock()

    def handler(event: dict[str, Any]) -> None:
        (user,) = {record["dynamodb"]["Keys"]["user_id"]["S"] for record in event["Records"]}
        with lock:
            assert user not in inside
            inside.add(user)
        both.wait()  # passes only if the other item's batch is in flight too
        with lock:
            inside.remove(user)

    rig = Rig(handler)
    rig.write("abcdef", user="one")
    rig.write("ABCDEF", user="two")
    rig.new_poller(parallelization_factor=10, batch_size=2, threads=2).drain()
    assert [word for word in rig.trace if word.islower()] == ["ab", "cd", "ef"]
    assert [word for word in rig.trace if word.isupper()] == ["AB", "CD", "EF"]


def test_reading_stops_while_a_queue_is_blocked_to_bound_memory() -> None:
    rig = Rig(lambda event: 1 / 0)
    rig.write("a" * 5000, user="one")
    rig.new_poller(batch_size=10).drain(until=StopAfter(200))
    assert 1000 < rig.progress.records_read <= 2010

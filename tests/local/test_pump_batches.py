"""How records become events: size, batching window, lanes side by side, lag."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from ots_local.stream_pump.mapping import PAYLOAD_BYTES_MAX
from tests.local.pump_rig import Rig, StopAfter


@pytest.mark.parametrize("extra", [0, 1])
def test_an_event_is_at_most_six_megabytes(extra: int) -> None:
    """Two records that just fit are one event; a byte more, and they are two."""
    rig = Rig()
    sizes: list[int] = []
    rig.handler = lambda event: sizes.append(
        len(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode())
    )
    rig.stream.put("one", letter={"S": "a"}, filler={"S": ""})
    rig.stream.put("one", letter={"S": "b"}, filler={"S": ""})
    rig.new_pump().drain()
    room = PAYLOAD_BYTES_MAX - sizes[0]
    sizes.clear()
    fresh = Rig(rig.handler)
    fresh.stream.put("one", letter={"S": "a"}, filler={"S": "é" * (room // 4)})
    rest = room - 2 * (room // 4) + extra
    fresh.stream.put("one", letter={"S": "b"}, filler={"S": "x" * rest})
    fresh.new_pump().drain()
    assert fresh.trace == (["a", "b"] if extra else ["ab"])
    assert extra or sizes == [PAYLOAD_BYTES_MAX]


def test_a_record_over_the_limit_is_sent_alone() -> None:
    rig = Rig()
    rig.write("a", user="one")
    rig.stream.put("one", letter={"S": "b"}, filler={"S": "x" * PAYLOAD_BYTES_MAX})
    rig.write("c", user="one")
    rig.new_pump().drain()
    assert rig.trace == ["a", "b", "c"]


def test_a_batching_window_gathers_until_it_ends_or_the_batch_is_full() -> None:
    rig = Rig()
    sent_at: list[float] = []
    begun = rig.clock()
    rig.handler = lambda event: sent_at.append(rig.clock() - begun)
    pump = rig.new_pump(maximum_batching_window_s=10, batch_size=4)
    for letter in "abcdef":
        rig.write(letter, user="one")
        pump.run(
            StopAfter(5)
        )  # of which each sleeps a quarter of a second, but for those that work
    assert rig.trace == ["abcd"]
    pump.run(StopAfter(60))
    assert rig.trace == ["abcd", "ef"]
    assert sent_at[0] < 10 <= sent_at[1] - sent_at[0] <= 12


def test_the_next_window_begins_when_the_last_batch_is_settled() -> None:
    rig = Rig()
    pump = rig.new_pump(maximum_batching_window_s=10, batch_size=2)
    sent_at: list[float] = []

    def handler(event: dict[str, Any]) -> None:
        sent_at.append(rig.clock())
        rig.clock.sleep(60)

    rig.handler = handler
    rig.write("abc", user="one")
    pump.run(StopAfter(100))
    assert rig.trace == ["ab", "c"]
    assert 70 <= sent_at[1] - sent_at[0] <= 71


def test_a_closed_shard_fills_no_batch_and_waits_for_none() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    rig.write("cd", user="one")
    rig.new_pump(maximum_batching_window_s=300).run(StopAfter(10))
    assert rig.trace == ["ab"]


def test_a_drain_does_not_wait_for_a_window_that_nothing_will_fill() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    begun = rig.clock()
    rig.new_pump(maximum_batching_window_s=300).drain()
    assert rig.trace == ["ab"]
    assert rig.clock() - begun < 2


def test_a_mapping_that_is_not_enabled_delivers_nothing() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    pump = rig.new_pump(enabled=False)
    pump.drain()
    pump.run(StopAfter(10))
    assert rig.trace == []
    assert rig.stream.calls == []


def test_lag_is_the_age_of_what_is_sent_and_ends_with_the_backlog() -> None:
    lags: list[float] = []
    rig = Rig(lambda event: lags.append(rig.progress.lag_s))
    rig.write("a", user="one")
    rig.clock.sleep(30)
    rig.write("b", user="one")
    rig.clock.sleep(5)
    rig.new_pump(batch_size=1).drain()
    assert lags == [35, 5]
    assert (rig.progress.lag_s, rig.progress.lag_max_s) == (0, 35)


def test_a_lane_is_never_side_by_side_with_itself_but_others_are() -> None:
    """Threads run the lanes of a shard side by side; an item's records stay in order."""
    both = threading.Barrier(2, timeout=30)
    inside: set[str] = set()
    lock = threading.Lock()

    def handler(event: dict[str, Any]) -> None:
        (user,) = {record["dynamodb"]["Keys"]["user_id"]["S"] for record in event["Records"]}
        with lock:
            assert user not in inside
            inside.add(user)
        both.wait()  # passes only when the other item's batch is under way as well
        with lock:
            inside.remove(user)

    rig = Rig(handler)
    rig.write("abcdef", user="one")
    rig.write("ABCDEF", user="two")
    rig.new_pump(parallelization_factor=10, batch_size=2, threads=2).drain()
    assert [word for word in rig.trace if word.islower()] == ["ab", "cd", "ef"]
    assert [word for word in rig.trace if word.isupper()] == ["AB", "CD", "EF"]


def test_reading_stops_while_a_lane_is_stuck_and_memory_stays_bounded() -> None:
    rig = Rig(lambda event: 1 / 0)
    rig.write("a" * 5000, user="one")
    rig.new_pump(batch_size=10).drain(until=StopAfter(200))
    assert 1000 < rig.progress.records_read <= 2010

"""How a stream is read: shards in order, iterators, trimming, checkpoints, lanes, batches."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ots_local.stream_pump import CheckpointError, StreamError
from ots_local.stream_pump.mapping import PAYLOAD_BYTES_MAX
from tests.local.pump_rig import Rig, StopAfter, failed, letters


def test_a_child_waits_until_its_parent_is_done_not_only_read() -> None:
    def handler(event: dict[str, Any]) -> None:
        if len(rig.trace) < 5:
            raise ValueError

    rig = Rig(handler)
    rig.write("ab", user="one")
    rig.stream.split("one")
    rig.write("cd", user="one")
    rig.stream.split("one", into=1)
    rig.write("ef", user="one")
    rig.new_pump().drain()
    assert rig.trace == ["ab"] * 5 + ["cd", "ef"]


def test_a_shard_that_splits_while_it_is_read_is_followed() -> None:
    """Every item's records stay in order through generations of shards, one drain or many."""
    rig = Rig()
    pump = rig.new_pump()
    for word in ("ab", "cd", "ef"):
        for user in ("one", "two", "three"):
            rig.write(word, user=user)
        pump.drain()
        for user in ("one", "two", "three"):
            rig.stream.split(user)
    pump.drain()
    assert sorted("".join(rig.trace)) == sorted("abcdef" * 3)
    assert rig.progress.records_delivered == 18


def test_an_orphan_whose_parent_left_the_stream_is_read() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    rig.clock.sleep(86_401)
    rig.write("cd", user="one")
    rig.new_pump().drain()
    assert rig.trace == ["cd"]
    assert rig.progress.gaps == 0


def test_an_expired_iterator_is_renewed_where_reading_stopped() -> None:
    rig = Rig()
    pump = rig.new_pump()
    rig.write("ab", user="one")
    pump.drain()
    rig.write("cd", user="one")
    rig.clock.sleep(16 * 60)
    pump.drain()
    assert rig.trace == ["ab", "cd"]
    assert rig.stream.calls.count("AFTER_SEQUENCE_NUMBER") == 1


def test_trimmed_records_are_a_gap_that_is_counted_and_reading_goes_on() -> None:
    """What the pump slept through is lost; it says so, and misses nothing that is left."""
    rig = Rig()
    pump = rig.new_pump()
    rig.write("ab", user="one")
    pump.drain()
    rig.write("cd", user="one")
    rig.clock.sleep(86_401)
    rig.write("ef", user="one")
    pump.drain()
    assert rig.trace == ["ab", "ef"]
    assert rig.progress.gaps == 1


def test_a_checkpoint_older_than_the_stream_is_a_gap(tmp_path: Path) -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.new_pump(checkpoint=tmp_path / "c").drain()
    rig.write("cd", user="one")
    rig.clock.sleep(86_401)
    rig.write("ef", user="one")
    rig.new_pump(checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab", "ef"]
    assert rig.progress.gaps == 1


def test_a_shard_that_is_trimmed_away_before_it_is_read_out_is_a_gap() -> None:
    rig = Rig()
    rig.stream.page_records = 1
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    pump = rig.new_pump()
    pump.drain(until=StopAfter(1))
    rig.clock.sleep(86_401)
    rig.write("cd", user="one")
    pump.drain()
    assert rig.trace == ["a", "c", "d"]
    assert rig.progress.gaps == 1


def test_passing_errors_are_waited_out() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.failures = ["InternalServerError", "ProvisionedThroughputExceededException"] * 10
    rig.new_pump().drain()
    assert rig.trace == ["ab"]
    assert rig.progress.read_errors == 20


def test_errors_count_in_a_row_only() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.failures = [*["InternalServerError"] * 20, "", *["InternalServerError"] * 20]
    rig.new_pump().drain()
    assert rig.trace == ["ab"]


def test_an_error_that_lasts_is_raised_with_its_name() -> None:
    rig = Rig()
    rig.stream.failures = ["InternalServerError"] * 30
    with pytest.raises(StreamError, match="21 times in a row, last because of InternalServerError"):
        rig.new_pump().drain()


def test_an_error_that_cannot_pass_is_raised_at_once() -> None:
    rig = Rig()
    rig.stream.failures = ["AccessDeniedException"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        rig.new_pump().drain()


def test_a_stream_that_is_deleted_meanwhile_is_named() -> None:
    rig = Rig()
    pump = rig.new_pump()
    pump.drain()
    rig.stream.gone = True
    with pytest.raises(StreamError, match="no stream arn:aws:dynamodb"):
        pump.drain()


def test_empty_pages_are_not_the_end_for_a_patient_drain() -> None:
    rig = Rig()
    rig.stream.empty_pages = 8
    rig.stream.page_records = 2
    rig.write("abcdef", user="one")
    rig.new_pump().drain(quiet_s=5)
    assert rig.trace == ["ab", "cd", "ef"]


def test_latest_skips_closed_shards_and_what_is_written_before() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    rig.write("cd", user="one")
    pump = rig.new_pump(starting_position="LATEST")
    pump.drain()
    rig.write("ef", user="one")
    rig.stream.split("one", into=1)
    rig.write("gh", user="one")
    pump.drain()
    assert rig.trace == ["ef", "gh"]
    assert rig.stream.calls.count("LATEST") == 1  # a closed shard has no latest end


def test_after_a_gap_latest_means_what_is_left() -> None:
    rig = Rig()
    pump = rig.new_pump(starting_position="LATEST")
    pump.drain()
    rig.write("ab", user="one")
    pump.drain()
    rig.write("cd", user="one")
    rig.clock.sleep(86_401)
    rig.write("ef", user="one")
    pump.drain()
    assert rig.trace == ["ab", "ef"]


def test_children_of_latest_are_read_from_their_beginning_by_a_later_pump(tmp_path: Path) -> None:
    """LATEST is where the mapping began, not where each pump begins."""
    rig = Rig()
    settings: dict[str, Any] = {"starting_position": "LATEST", "checkpoint": tmp_path / "c"}
    rig.new_pump(**settings).drain()
    rig.write("ab", user="one")
    rig.pump.drain()
    rig.write("cd", user="one")
    rig.stream.split("one", into=1)
    rig.write("ef", user="one")
    rig.new_pump(**settings).drain()
    assert rig.trace == ["ab", "cd", "ef"]


def test_a_latest_iterator_that_expires_unread_may_have_missed_something() -> None:
    rig = Rig()
    pump = rig.new_pump(starting_position="LATEST")
    pump.drain()
    rig.clock.sleep(16 * 60)
    pump.drain()
    assert rig.progress.gaps == 1


def test_a_killed_pump_redelivers_from_the_first_that_was_not_done(tmp_path: Path) -> None:
    """A record is behind the checkpoint only when it and all before it are done."""

    def handler(event: dict[str, Any]) -> None:
        if "c" in letters(event):
            raise KeyboardInterrupt

    rig = Rig(handler)
    rig.write("abcdef", user="one")
    with pytest.raises(KeyboardInterrupt):
        rig.new_pump(batch_size=2, checkpoint=tmp_path / "c").drain()
    rig.handler = lambda event: None
    rig.new_pump(batch_size=3, checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab", "cd", "cde", "f"]


def test_a_partly_done_batch_is_resumed_at_its_checkpoint(tmp_path: Path) -> None:
    rig = Rig(lambda event: failed(event, "c") if "c" in letters(event) else None)
    rig.write("abcd", user="one")
    settings: dict[str, Any] = {
        "report_batch_item_failures": True,
        "checkpoint": tmp_path / "c",
    }
    rig.new_pump(**settings).drain(until=StopAfter(1))
    rig.handler = lambda event: None
    rig.new_pump(**settings).drain()
    assert rig.trace == ["abcd", "cd"]


def test_records_done_behind_a_hole_are_redelivered_by_a_later_pump(tmp_path: Path) -> None:
    """With several lanes the fast ones run ahead; the checkpoint waits for the slow one."""
    rig = Rig(lambda event: 1 / 0 if "a" in letters(event) else None)
    rig.write("abcdefgh")
    settings: dict[str, Any] = {"parallelization_factor": 10, "checkpoint": tmp_path / "c"}
    rig.new_pump(**settings).drain(until=StopAfter(5))
    assert rig.progress.records_delivered > 0
    rig.handler = lambda event: None
    rig.trace.clear()
    rig.new_pump(**settings).drain()
    assert sorted("".join(rig.trace)) == list("abcdefgh")


def test_the_checkpoint_forgets_shards_that_left_the_stream(tmp_path: Path) -> None:
    rig = Rig()
    pump = rig.new_pump(checkpoint=tmp_path / "c")
    for _ in range(5):
        rig.write("ab", user="one")
        rig.stream.split("one", into=1)
        pump.drain()
        rig.clock.sleep(86_401)
    pump.drain()
    assert list(json.loads((tmp_path / "c").read_text())["shards"]) == ["shard-5"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"stream": "x"}', '{"stream": "x", "shards": {"s": {"odd": 1}}}']
)
def test_a_file_that_is_no_checkpoint_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=r"notes.txt is no checkpoint"):
        Rig().new_pump(checkpoint=path)
    assert path.read_text() == text


def test_a_checkpoint_of_another_stream_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    Rig().new_pump(checkpoint=path).drain()
    path.write_text(json.dumps({**json.loads(path.read_text()), "stream": "arn:other"}))
    with pytest.raises(CheckpointError, match="belongs to the stream arn:other"):
        Rig().new_pump(checkpoint=path)


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


def test_what_is_in_flight_when_the_pump_is_stopped_is_settled(tmp_path: Path) -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.new_pump(threads=2, checkpoint=tmp_path / "c").drain(until=StopAfter(1))
    assert rig.progress.records_delivered == 2
    rig.new_pump(checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab"]


def test_reading_stops_while_a_lane_is_stuck_and_memory_stays_bounded() -> None:
    rig = Rig(lambda event: 1 / 0)
    rig.write("a" * 5000, user="one")
    rig.new_pump(batch_size=10).drain(until=StopAfter(200))
    assert 1000 < rig.progress.records_read <= 2010

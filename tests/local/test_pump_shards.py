"""How a stream is read: shards in order, iterators, trimming, errors, where LATEST is."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ots_local.stream_pump import StreamError
from tests.local.pump_rig import Rig, StopAfter


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


def test_a_latest_iterator_that_expires_unread_may_have_missed_something() -> None:
    rig = Rig()
    pump = rig.new_pump(starting_position="LATEST")
    pump.drain()
    rig.clock.sleep(16 * 60)
    pump.drain()
    assert rig.progress.gaps == 1

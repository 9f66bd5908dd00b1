"""Test how a stream is read: order of shards, iterators, trimming, errors, and LATEST."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ots_local.event_source import StreamError
from tests.support.event_source_rig import Rig, StopAfter


def test_child_shard_waits_until_its_parent_is_done_not_only_read() -> None:
    def handler(event: dict[str, Any]) -> None:
        if len(rig.trace) < 5:
            raise ValueError

    rig = Rig(handler)
    rig.write("ab", user="one")
    rig.stream.split("one")
    rig.write("cd", user="one")
    rig.stream.split("one", into=1)
    rig.write("ef", user="one")
    rig.new_poller().drain()
    assert rig.trace == ["ab"] * 5 + ["cd", "ef"]


def test_children_of_a_shard_that_splits_while_it_is_read_are_read() -> None:
    """The records of an item stay in order across generations of shards."""
    rig = Rig()
    poller = rig.new_poller()
    for word in ("ab", "cd", "ef"):
        for user in ("one", "two", "three"):
            rig.write(word, user=user)
        poller.drain()
        for user in ("one", "two", "three"):
            rig.stream.split(user)
    poller.drain()
    assert sorted("".join(rig.trace)) == sorted("abcdef" * 3)
    assert rig.progress.records_delivered == 18


def test_shard_whose_parent_left_the_stream_is_read() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    rig.clock.sleep(86_401)
    rig.write("cd", user="one")
    rig.new_poller().drain()
    assert rig.trace == ["cd"]
    assert rig.progress.gaps == 0


def test_expired_iterator_is_renewed_at_the_same_position() -> None:
    rig = Rig()
    poller = rig.new_poller()
    rig.write("ab", user="one")
    poller.drain()
    rig.write("cd", user="one")
    rig.clock.sleep(16 * 60)
    poller.drain()
    assert rig.trace == ["ab", "cd"]
    assert rig.stream.calls.count("AFTER_SEQUENCE_NUMBER") == 1


def test_trimmed_records_are_counted_as_a_gap_and_reading_continues() -> None:
    """The trimmed records are lost; the poller counts the gap and delivers all that remain."""
    rig = Rig()
    poller = rig.new_poller()
    rig.write("ab", user="one")
    poller.drain()
    rig.write("cd", user="one")
    rig.clock.sleep(86_401)
    rig.write("ef", user="one")
    poller.drain()
    assert rig.trace == ["ab", "ef"]
    assert rig.progress.gaps == 1


def test_shard_that_leaves_the_stream_half_read_is_a_gap() -> None:
    rig = Rig()
    rig.stream.page_records = 1
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    poller = rig.new_poller()
    poller.drain(until=StopAfter(1))
    rig.clock.sleep(86_401)
    rig.write("cd", user="one")
    poller.drain()
    assert rig.trace == ["a", "c", "d"]
    assert rig.progress.gaps == 1


def test_transient_errors_are_retried() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.failures = ["InternalServerError", "ProvisionedThroughputExceededException"] * 10
    rig.new_poller().drain()
    assert rig.trace == ["ab"]
    assert rig.progress.read_errors == 20


def test_only_consecutive_errors_are_counted() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.failures = [*["InternalServerError"] * 20, "", *["InternalServerError"] * 20]
    rig.new_poller().drain()
    assert rig.trace == ["ab"]


def test_persistent_error_is_raised_with_its_code() -> None:
    rig = Rig()
    rig.stream.failures = ["InternalServerError"] * 30
    with pytest.raises(
        StreamError, match="21 times in a row; the last error is InternalServerError"
    ):
        rig.new_poller().drain()


def test_permanent_error_is_raised_at_once() -> None:
    rig = Rig()
    rig.stream.failures = ["AccessDeniedException"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        rig.new_poller().drain()


def test_stream_that_is_deleted_while_polling_is_named_in_the_error() -> None:
    rig = Rig()
    poller = rig.new_poller()
    poller.drain()
    rig.stream.deleted = True
    with pytest.raises(StreamError, match=r"stream arn:aws:dynamodb.* does not exist"):
        poller.drain()


def test_drain_with_idle_time_continues_after_empty_pages() -> None:
    rig = Rig()
    rig.stream.empty_pages = 8
    rig.stream.page_records = 2
    rig.write("abcdef", user="one")
    rig.new_poller().drain(idle_s=5)
    assert rig.trace == ["ab", "cd", "ef"]


def test_latest_skips_closed_shards_and_older_records() -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.stream.split("one", into=1)
    rig.write("cd", user="one")
    poller = rig.new_poller(starting_position="LATEST")
    poller.drain()
    rig.write("ef", user="one")
    rig.stream.split("one", into=1)
    rig.write("gh", user="one")
    poller.drain()
    assert rig.trace == ["ef", "gh"]
    assert rig.stream.calls.count("LATEST") == 1  # no iterator for the closed shard


def test_latest_continues_with_the_remaining_records_after_a_gap() -> None:
    rig = Rig()
    poller = rig.new_poller(starting_position="LATEST")
    poller.drain()
    rig.write("ab", user="one")
    poller.drain()
    rig.write("cd", user="one")
    rig.clock.sleep(86_401)
    rig.write("ef", user="one")
    poller.drain()
    assert rig.trace == ["ab", "ef"]


def test_latest_iterator_that_expires_unread_is_a_gap() -> None:
    rig = Rig()
    poller = rig.new_poller(starting_position="LATEST")
    poller.drain()
    rig.clock.sleep(16 * 60)
    poller.drain()
    assert rig.progress.gaps == 1

"""Test that a later poller continues at the first unfinished record of a valid checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ots_local.event_source import CheckpointError
from tests.support.event_source_rig import Rig, StopAfter, failed, letters


def test_checkpoint_older_than_the_stream_is_a_gap(tmp_path: Path) -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.new_poller(checkpoint=tmp_path / "c").drain()
    rig.write("cd", user="one")
    rig.clock.sleep(86_401)
    rig.write("ef", user="one")
    rig.new_poller(checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab", "ef"]
    assert rig.progress.gaps == 1


def test_later_poller_reads_child_shards_of_latest_from_their_start(tmp_path: Path) -> None:
    """LATEST is the position where the mapping started, not where each poller starts."""
    rig = Rig()
    settings: dict[str, Any] = {"starting_position": "LATEST", "checkpoint": tmp_path / "c"}
    poller = rig.new_poller(**settings)
    poller.drain()
    rig.write("ab", user="one")
    poller.drain()
    rig.write("cd", user="one")
    rig.stream.split("one", into=1)
    rig.write("ef", user="one")
    rig.new_poller(**settings).drain()
    assert rig.trace == ["ab", "cd", "ef"]


def test_poller_after_a_kill_starts_at_the_first_unfinished_record(tmp_path: Path) -> None:
    """The checkpoint moves past a record only when it and all earlier ones are done."""

    def handler(event: dict[str, Any]) -> None:
        if "c" in letters(event):
            raise KeyboardInterrupt

    rig = Rig(handler)
    rig.write("abcdef", user="one")
    with pytest.raises(KeyboardInterrupt):
        rig.new_poller(batch_size=2, checkpoint=tmp_path / "c").drain()
    rig.handler = lambda event: None
    rig.new_poller(batch_size=3, checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab", "cd", "cde", "f"]


def test_partly_processed_batch_is_resumed_at_its_first_failed_record(tmp_path: Path) -> None:
    rig = Rig(lambda event: failed(event, "c") if "c" in letters(event) else None)
    rig.write("abcd", user="one")
    settings: dict[str, Any] = {
        "report_batch_item_failures": True,
        "checkpoint": tmp_path / "c",
    }
    rig.new_poller(**settings).drain(until=StopAfter(1))
    rig.handler = lambda event: None
    rig.new_poller(**settings).drain()
    assert rig.trace == ["abcd", "cd"]


def test_records_done_behind_an_unfinished_one_are_redelivered(tmp_path: Path) -> None:
    """With several queues some are faster; the checkpoint waits for the slowest one."""
    rig = Rig(lambda event: 1 / 0 if "a" in letters(event) else None)
    rig.write("abcdefgh")
    settings: dict[str, Any] = {"parallelization_factor": 10, "checkpoint": tmp_path / "c"}
    rig.new_poller(**settings).drain(until=StopAfter(5))
    assert rig.progress.records_delivered > 0
    rig.handler = lambda event: None
    rig.trace.clear()
    rig.new_poller(**settings).drain()
    assert sorted("".join(rig.trace)) == list("abcdefgh")


def test_checkpoint_has_no_shards_that_left_the_stream(tmp_path: Path) -> None:
    rig = Rig()
    poller = rig.new_poller(checkpoint=tmp_path / "c")
    for _ in range(5):
        rig.write("ab", user="one")
        rig.stream.split("one", into=1)
        poller.drain()
        rig.clock.sleep(86_401)
    poller.drain()
    assert list(json.loads((tmp_path / "c").read_text())["shards"]) == ["shard-5"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"stream": "x"}', '{"stream": "x", "shards": {"s": {"odd": 1}}}']
)
def test_file_that_is_not_a_checkpoint_is_rejected_and_not_changed(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=r"notes.txt is not a checkpoint"):
        Rig().new_poller(checkpoint=path)
    assert path.read_text() == text


def test_checkpoint_of_another_stream_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "c"
    Rig().new_poller(checkpoint=path).drain()
    path.write_text(json.dumps({**json.loads(path.read_text()), "stream": "arn:other"}))
    with pytest.raises(CheckpointError, match="belongs to the stream arn:other"):
        Rig().new_poller(checkpoint=path)


def test_invocation_in_flight_is_completed_when_the_poller_stops(tmp_path: Path) -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.new_poller(threads=2, checkpoint=tmp_path / "c").drain(until=StopAfter(1))
    assert rig.progress.records_delivered == 2
    rig.new_poller(checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab"]

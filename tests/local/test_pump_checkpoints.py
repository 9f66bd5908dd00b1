"""Where a later pump goes on: at the first record that was not done, from a file that fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ots_local.stream_pump import CheckpointError
from tests.local.pump_rig import Rig, StopAfter, failed, letters


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


def test_what_is_in_flight_when_the_pump_is_stopped_is_settled(tmp_path: Path) -> None:
    rig = Rig()
    rig.write("ab", user="one")
    rig.new_pump(threads=2, checkpoint=tmp_path / "c").drain(until=StopAfter(1))
    assert rig.progress.records_delivered == 2
    rig.new_pump(checkpoint=tmp_path / "c").drain()
    assert rig.trace == ["ab"]

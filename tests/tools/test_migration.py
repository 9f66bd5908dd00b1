"""Whole migrations: the table changes all the while, the load is killed and goes on, faults are on.

`MIGRATION_ITEMS` says how many items (`make test-migration` takes 100,000).
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ots_local.stream_pump import EventSourceMapping, StreamPump
from tests.builders import item
from tests.tools.stage import Stage

ITEMS = int(os.environ.get("MIGRATION_ITEMS", "800"))
KILLS = 2
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("row_error", {"rate": 0.02, "codes": ["OTSServerBusy"]}),
    ("row_error", {"rate": 0.0005, "codes": ["OTSTimeout"], "written": True}),
    ("request_error", {"rate": 0.03, "codes": ["OTSServerUnavailable", "OTSServerBusy"]}),
    ("drop_before", {"rate": 0.02}),
    ("drop_after", {"rate": 0.02}),
    ("truncated", {"rate": 0.02}),
)
pytestmark = pytest.mark.timeout(120 + ITEMS // 50)


def an_item(number: int, chance: random.Random) -> dict[str, Any]:
    """About 1 KB, of many types; each time another."""
    body: dict[str, Any] = {
        "text": {"S": chance.choice("äxyz") * chance.randint(300, 800)},
        "amount": {"N": str(chance.choice([2, 2.5, 10**30, -7]))},
        "flag": {"BOOL": chance.random() < 0.5},
        "deep": {"M": {"a": {"L": [{"N": "1"}, {"NULL": True}]}, "b": {"SS": ["x", "y"]}}},
        "odd name!": {"B": bytes(chance.randbytes(8))},
    }
    return item(f"u{number:06}", number, **dict(chance.sample(list(body.items()), 4)))


@contextmanager
def changing(stage: Stage) -> Iterator[None]:
    """Puts, replaces and deletes items of the source while the block runs."""
    stop = threading.Event()
    chance = random.Random(7)

    def work() -> None:
        while not stop.is_set():
            number = chance.randrange(ITEMS + ITEMS // 5)
            if chance.random() < 0.3:
                stage.delete(item(f"u{number:06}", number))
            else:
                stage.put(an_item(number, chance))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def pumping(stage: Stage) -> Iterator[StreamPump]:
    """Delivers the stream to the function while the block runs, and to its end after it."""
    door = stage.door(PARTIAL_RESPONSE="1")
    mapping = EventSourceMapping(batch_size=500, report_batch_item_failures=True)
    pump = StreamPump(
        stage.source.streams,
        stage.source.stream_arn,
        lambda event: door.lambda_handler(event, None),
        mapping,
        clock=time.time,
        sleep=time.sleep,
        checkpoint=stage.home / "checkpoint",
    )
    stop = threading.Event()
    thread = threading.Thread(target=pump.run, args=(stop,))
    thread.start()
    try:
        yield pump
    finally:
        stop.set()
        thread.join()
        pump.drain()


def load_with_kills(stage: Stage, *options: str) -> None:
    """Backfills; the process is killed in the middle several times, and started again."""
    for kill in range(1, KILLS + 1):
        process = stage.start("backfill", "--rate-write", str(ITEMS / 2), *options)
        rows = ITEMS * kill // (KILLS + 2)
        while process.poll() is None and stage.loaded() < rows:
            time.sleep(0.01)
        assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.communicate()
    process = stage.start("backfill", *options)
    said, _ = process.communicate()
    assert process.returncode == 0, said


def test_scan_then_replay_ends_equal(stage: Stage) -> None:
    """The mapping is off during the load; then the stream is replayed from its beginning."""
    chance = random.Random(1)
    stage.fill([an_item(number, chance) for number in range(ITEMS)])
    for kind, options in FAULTS:
        stage.store.faults.add(kind, **options)
    with changing(stage):
        load_with_kills(stage)
    with pumping(stage):
        pass
    stage.store.faults.clear()
    stage.run("verify", "--settle", "0.1")
    assert stage.wrong() == []
    stage.run("watch", "--once", "--checkpoint", str(stage.home / "checkpoint"))


def test_load_beside_the_live_stream_ends_equal_after_verify_and_repair(stage: Stage) -> None:
    """Rows that the load brought back to life, or wrote stale, are what verify is for."""
    chance = random.Random(2)
    stage.fill([an_item(number, chance) for number in range(ITEMS)])
    for kind, options in FAULTS:
        stage.store.faults.add(kind, **options)
    with pumping(stage), changing(stage):
        load_with_kills(stage, "--live", "--eventual")
    stage.store.faults.clear()
    # What a load leaves that read an item just before it was deleted:
    stage.write_row(an_item(ITEMS * 2, chance))
    watched = ("watch", "--once", "--checkpoint", str(stage.home / "checkpoint"))
    assert "is done after a verify begun after" in _flat(stage.run(*watched, code=1).output)
    stage.run("verify", "--settle", "0.1", code=1)
    kinds = json.loads((stage.home / "report.json").read_text())["summary"]["kinds"]
    assert kinds["extra"] >= 1  # more where the load met such a race by itself
    assert kinds.keys() <= {"extra", "different"}
    stage.run("repair", str(stage.home / "report.json"))
    assert stage.wrong() == []
    stage.run("verify", "--settle", "0.1")


def test_load_by_several_processes_ends_equal(stage: Stage) -> None:
    chance = random.Random(3)
    stage.fill([an_item(number, chance) for number in range(500)])
    stage.run("backfill", "--workers", "2", "--threads", "2", "--segments", "7")
    assert stage.wrong() == []


def _flat(text: str) -> str:
    return " ".join(text.split())

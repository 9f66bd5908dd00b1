"""Whole migrations: the table changes all the while, load and stream are killed and go on, faults
are on.

`MIGRATION_ITEMS` says how many items (`make test-migration` takes 100,000, and kills more often).
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ots_local.event_source import EventSourceMapping, EventSourcePoller
from tests.support.builders import item
from tests.tools.stage import Stage

ITEMS = int(os.environ.get("MIGRATION_ITEMS", "800"))
LARGE = ITEMS >= 10_000
KILLS = 5 if LARGE else 2
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("row_error", {"rate": 0.02, "codes": ["OTSServerBusy"]}),
    ("row_error", {"rate": 0.0005, "codes": ["OTSTimeout"], "written": True}),
    ("request_error", {"rate": 0.03, "codes": ["OTSServerUnavailable", "OTSServerBusy"]}),
    ("drop_before", {"rate": 0.02}),
    ("drop_after", {"rate": 0.02}),
    ("truncated", {"rate": 0.02}),
)
pytestmark = pytest.mark.timeout(120 + ITEMS // 50)


FIGURES: list[str] = []


@pytest.fixture(autouse=True)
def _shown(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Shows what a large migration met."""
    FIGURES.clear()
    yield
    if LARGE:
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(FIGURES) + "\n")


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
    """Puts, replaces and deletes items of the source while the block runs; says how many."""
    stop = threading.Event()
    chance = random.Random(7)
    changes = 0

    def work() -> None:
        nonlocal changes
        while not stop.is_set():
            changes += 1
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
    FIGURES.append(
        f"{ITEMS:,} items, {changes:,} changes meanwhile, load and stream killed {KILLS} times"
    )


class Killed(BaseException):
    """Who delivers the stream is gone, between the function's answer and the note of it."""


@contextmanager
def pumping(stage: Stage) -> Iterator[None]:
    """Delivers the stream to the function while the block runs, and to its end after it.

    It is killed again and again where that is worst, and another goes on from its checkpoint.
    """
    door = stage.door(PARTIAL_RESPONSE="1")
    mapping = EventSourceMapping(batch_size=500, report_batch_item_failures=True)
    deaths = {3**number for number in range(KILLS)}
    invocations = 0

    def handler(event: Any) -> Any:
        nonlocal invocations
        invocations += 1
        answer = door.lambda_handler(event, None)
        if invocations in deaths:
            raise Killed
        return answer

    def deliver(how: Callable[[EventSourcePoller], None]) -> None:
        while True:
            poller = EventSourcePoller(
                stage.source.streams,
                stage.source.stream_arn,
                handler,
                mapping,
                clock=time.time,
                sleep=time.sleep,
                checkpoint=stage.home / "checkpoint",
            )
            try:
                return how(poller)
            except Killed:
                continue

    stop = threading.Event()
    thread = threading.Thread(target=deliver, args=(lambda poller: poller.run(stop),))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        deliver(lambda poller: poller.drain())
    assert invocations > max(deaths)
    FIGURES.append(f"{invocations:,} invocations of the function")


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
    FIGURES.append(f"faults: {stage.store.counters()['faults']}")
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
    FIGURES.append(f"faults: {stage.store.counters()['faults']}")
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

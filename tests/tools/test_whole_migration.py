"""Test whole migrations of a table in use, with kills of load and delivery and with faults.

`MIGRATION_ITEMS` is the number of items (`make test-migration`: 100,000, with more kills).
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
from tests.tools.support.migration_environment import MigrationEnvironment

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
    """Print the numbers of a large migration."""
    FIGURES.clear()
    yield
    if LARGE:
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(FIGURES) + "\n")


def random_item(number: int, rng: random.Random) -> dict[str, Any]:
    """Return a random item of about 1 KB with many types."""
    body: dict[str, Any] = {
        "text": {"S": rng.choice("äxyz") * rng.randint(300, 800)},
        "amount": {"N": str(rng.choice([2, 2.5, 10**30, -7]))},
        "flag": {"BOOL": rng.random() < 0.5},
        "deep": {"M": {"a": {"L": [{"N": "1"}, {"NULL": True}]}, "b": {"SS": ["x", "y"]}}},
        "odd name!": {"B": bytes(rng.randbytes(8))},
    }
    return item(f"u{number:06}", number, **dict(rng.sample(list(body.items()), 4)))


@contextmanager
def changing(env: MigrationEnvironment) -> Iterator[None]:
    """Put, replace and delete items of the source during the block."""
    stop = threading.Event()
    rng = random.Random(7)
    changes = 0

    def work() -> None:
        nonlocal changes
        while not stop.is_set():
            changes += 1
            number = rng.randrange(ITEMS + ITEMS // 5)
            if rng.random() < 0.3:
                env.delete(item(f"u{number:06}", number))
            else:
                env.put(random_item(number, rng))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    FIGURES.append(f"{ITEMS:,} items, {changes:,} changes, load and delivery killed {KILLS} times")


class Killed(BaseException):
    """The delivery is killed between the function's response and its checkpoint."""


@contextmanager
def delivering(env: MigrationEnvironment) -> Iterator[None]:
    """Deliver the stream to the function during the block, and to its end after it.

    The delivery is killed repeatedly at the worst point; the next one uses its checkpoint.
    """
    function = env.handler(PARTIAL_RESPONSE="1")
    mapping = EventSourceMapping(batch_size=500, report_batch_item_failures=True)
    kills = {3**number for number in range(KILLS)}
    invocations = 0

    def handler(event: Any) -> Any:
        nonlocal invocations
        invocations += 1
        response = function.lambda_handler(event, None)
        if invocations in kills:
            raise Killed
        return response

    def deliver(how: Callable[[EventSourcePoller], None]) -> None:
        while True:
            poller = EventSourcePoller(
                env.source.streams,
                env.source.stream_arn,
                handler,
                mapping,
                clock=time.time,
                sleep=time.sleep,
                checkpoint=env.folder / "checkpoint",
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
    assert invocations > max(kills)
    FIGURES.append(f"{invocations:,} invocations of the function")


def load_with_kills(env: MigrationEnvironment, *options: str) -> None:
    """Run backfill; kill its process several times and start it again."""
    for kill in range(1, KILLS + 1):
        process = env.start("backfill", "--rate-write", str(ITEMS / 2), *options)
        rows = ITEMS * kill // (KILLS + 2)
        while process.poll() is None and env.loaded() < rows:
            time.sleep(0.01)
        assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.communicate()
    process = env.start("backfill", *options)
    output, _ = process.communicate()
    assert process.returncode == 0, output


def test_scan_then_replay_ends_equal(env: MigrationEnvironment) -> None:
    """The mapping is disabled during the load; then the stream is replayed completely."""
    rng = random.Random(1)
    env.put_many([random_item(number, rng) for number in range(ITEMS)])
    for kind, options in FAULTS:
        env.store.faults.add(kind, **options)
    with changing(env):
        load_with_kills(env)
    with delivering(env):
        pass
    FIGURES.append(f"faults: {env.store.counters()['faults']}")
    env.store.faults.clear()
    env.run("verify", "--recheck-after", "0.1")
    assert env.wrong_rows() == []
    env.run("watch", "--once", "--checkpoint", str(env.folder / "checkpoint"))


def test_live_load_ends_equal_after_verify_and_repair(env: MigrationEnvironment) -> None:
    """Verify finds rows that the load restored after a deletion, or wrote with an old value."""
    rng = random.Random(2)
    env.put_many([random_item(number, rng) for number in range(ITEMS)])
    for kind, options in FAULTS:
        env.store.faults.add(kind, **options)
    with delivering(env), changing(env):
        load_with_kills(env, "--live", "--no-consistent-read")
    FIGURES.append(f"faults: {env.store.counters()['faults']}")
    env.store.faults.clear()
    # The row of an item that was deleted just after the load read it:
    env.write_row(random_item(ITEMS * 2, rng))
    watched = ("watch", "--once", "--checkpoint", str(env.folder / "checkpoint"))
    assert "needs a verify that begins after" in _flat(env.run(*watched, code=1).output)
    env.run("verify", "--recheck-after", "0.1", code=1)
    kinds = json.loads((env.folder / "report.json").read_text())["summary"]["kinds"]
    assert kinds["extra"] >= 1  # more if the load caused such a race itself
    assert kinds.keys() <= {"extra", "different"}
    env.run("repair", str(env.folder / "report.json"))
    assert env.wrong_rows() == []
    env.run("verify", "--recheck-after", "0.1")


def test_load_by_several_workers_ends_equal(env: MigrationEnvironment) -> None:
    rng = random.Random(3)
    env.put_many([random_item(number, rng) for number in range(500)])
    env.run("backfill", "--workers", "2", "--threads", "2", "--segments", "7")
    assert env.wrong_rows() == []


def _flat(text: str) -> str:
    return " ".join(text.split())

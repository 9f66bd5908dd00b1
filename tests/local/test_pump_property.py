"""Whatever the handler answers, wherever the pump is stopped: all records, in order, none lost."""

from __future__ import annotations

import json
import random
import tempfile
import threading
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ots_local.stream_pump import (
    EventSourceMapping,
    NotInvokedError,
    StreamPump,
    TimedOutError,
)
from tests.local.memory_stream import ARN, Clock, MemoryStream
from tests.local.pump_rig import StopAfter

USERS = "abcde"

mappings = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 7),
        "parallelization_factor": st.integers(1, 10),
        "maximum_retry_attempts": st.sampled_from([-1, -1, 0, 2]),
        "bisect_batch_on_function_error": st.booleans(),
        "report_batch_item_failures": st.booleans(),
        "maximum_batching_window_s": st.sampled_from([0, 3]),
    }
)
# What happens to the stream: a write of an item, the split of its shard, or time enough to expire
# every iterator.
happenings = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "split", "pause"]), st.sampled_from(USERS)),
    max_size=40,
)


class Sink:
    """A handler that fails as a seed has it, and keeps what it took for good, and in which run."""

    def __init__(self, seed: int, reports: bool) -> None:
        self.seed, self.reports, self.run = seed, reports, 0
        self.settled: dict[str, list[tuple[int, int]]] = {user: [] for user in USERS}
        self._asked: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, event: dict[str, Any]) -> object:
        records = event["Records"]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        with self._lock:
            times = self._asked[numbers[0]] = self._asked.get(numbers[0], 0) + 1
        # By what is sent and how often, so that threads do not change what happens to it.
        chance = random.Random(f"{self.seed} {numbers} {times}")
        fate = chance.choice(["ok", "ok", "raise", "late", "throttle", "part", "part", "lie"])
        if fate == "part":
            first = chance.randrange(len(records))
            self._settle(records[:first] if self.reports else records)
            named = [numbers[first], *chance.choices(numbers[first:], k=2)]
            chance.shuffle(named)
            return {"batchItemFailures": [{"itemIdentifier": name} for name in named]}
        if fate == "lie":
            self._settle([] if self.reports else records)
            return {"batchItemFailures": [{"itemIdentifier": numbers[-1] + "0"}]}
        if fate == "ok":
            self._settle(records)
            return chance.choice([None, {}, {"batchItemFailures": []}])
        errors = {"raise": ValueError, "late": TimedOutError, "throttle": NotInvokedError}
        raise errors[fate]

    def give_up(self, document: dict[str, Any]) -> None:
        self._settle(json.loads(document["payload"])["Records"])

    def _settle(self, records: list[dict[str, Any]]) -> None:
        with self._lock:
            for record in records:
                change = record["dynamodb"]
                user = change["Keys"]["user_id"]["S"]
                self.settled[user].append((self.run, int(change["SequenceNumber"])))


@settings(max_examples=150, deadline=None)
@given(
    mapping=mappings,
    before=happenings,
    during=happenings,
    stops=st.lists(st.integers(1, 12), max_size=3),
    pages=st.tuples(st.integers(1, 6), st.integers(0, 2)),
    threads=st.sampled_from([1, 1, 3]),
    seed=st.integers(0, 2**16),
)
def test_every_record_is_settled_in_order_and_none_is_skipped(
    mapping: dict[str, Any],
    before: list[tuple[str, str]],
    during: list[tuple[str, str]],
    stops: list[int],
    pages: tuple[int, int],
    threads: int,
    seed: int,
) -> None:
    """Each item's changes are taken (or given up) one after the other, exactly once while a pump
    lives; a pump that takes over from a stopped one may repeat, but never leaves one out."""
    clock = Clock()
    stream = MemoryStream(clock, page_records=pages[0], empty_pages=pages[1])
    sink = Sink(seed, reports=mapping["report_batch_item_failures"])
    written: dict[str, list[int]] = {user: [] for user in USERS}

    def happen(happenings: list[tuple[str, str]]) -> None:
        for kind, user in happenings:
            if kind == "put":
                written[user].append(int(stream.put(user)))
            elif kind == "split":
                stream.split(user)
            else:
                clock.sleep(16 * 60)

    with tempfile.TemporaryDirectory() as home:
        happen(before)
        for run, turns in enumerate([*stops, None]):
            sink.run = run
            pump = StreamPump(
                stream,
                ARN,
                sink,
                EventSourceMapping(**mapping, on_failure=sink.give_up),
                clock=clock,
                sleep=clock.sleep,
                checkpoint=Path(home) / "checkpoint.json",
                threads=threads,
            )
            pump.drain(until=None if turns is None else StopAfter(turns), quiet_s=2)
            happen(during[run::4])
        pump.drain(quiet_s=2)

    assert pump.progress.gaps == 0
    for user, numbers in written.items():
        _assert_in_order(sink.settled[user], numbers)


def _assert_in_order(settled: list[tuple[int, int]], written: list[int]) -> None:
    """Within a run each is the next after the one before; a run begins at or before the first
    that was not settled; in the end all are."""
    reached = -1
    last_run, last = -1, -1
    for run, number in settled:
        position = written.index(number)
        if run == last_run:
            assert position == last + 1
        else:
            assert position <= reached + 1
        last_run, last, reached = run, position, max(reached, position)
    assert reached == len(written) - 1
    assert not settled or last == len(written) - 1

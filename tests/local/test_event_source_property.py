"""Test with random failures and stops that every record is delivered in order."""

from __future__ import annotations

import json
import random
import tempfile
import threading
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ots_local.event_source import (
    EventSourceMapping,
    EventSourcePoller,
    FunctionTimeoutError,
    NotInvokedError,
)
from tests.support.event_source_rig import StopAfter
from tests.support.memory_stream import ARN, Clock, MemoryStream

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
# Actions on the stream: write an item, split its shard, or wait until every iterator has expired.
actions = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "split", "pause"]), st.sampled_from(USERS)),
    max_size=40,
)


class Sink:
    """A handler that fails at random, and records what it processed and in which run."""

    def __init__(self, seed: int, reports: bool) -> None:
        self.seed, self.reports, self.run = seed, reports, 0
        self.processed: dict[str, list[tuple[int, int]]] = {user: [] for user in USERS}
        self._invocations: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, event: dict[str, Any]) -> object:
        records = event["Records"]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        with self._lock:
            count = self._invocations[numbers[0]] = self._invocations.get(numbers[0], 0) + 1
        # The result depends on the batch and its number, so that threads do not change it.
        rng = random.Random(f"{self.seed} {numbers} {count}")
        result = rng.choice(
            ["ok", "ok", "raise", "timeout", "throttle", "partial", "partial", "malformed"]
        )
        if result == "partial":
            first = rng.randrange(len(records))
            self._record(records[:first] if self.reports else records)
            reported = [numbers[first], *rng.choices(numbers[first:], k=2)]
            rng.shuffle(reported)
            return {"batchItemFailures": [{"itemIdentifier": name} for name in reported]}
        if result == "malformed":
            self._record([] if self.reports else records)
            return {"batchItemFailures": [{"itemIdentifier": numbers[-1] + "0"}]}
        if result == "ok":
            self._record(records)
            return rng.choice([None, {}, {"batchItemFailures": []}])
        errors = {
            "raise": ValueError,
            "timeout": FunctionTimeoutError,
            "throttle": NotInvokedError,
        }
        raise errors[result]

    def on_failure(self, document: dict[str, Any]) -> None:
        self._record(json.loads(document["payload"])["Records"])

    def _record(self, records: list[dict[str, Any]]) -> None:
        with self._lock:
            for record in records:
                change = record["dynamodb"]
                user = change["Keys"]["user_id"]["S"]
                self.processed[user].append((self.run, int(change["SequenceNumber"])))


@settings(max_examples=150, deadline=None)
@given(
    mapping=mappings,
    before=actions,
    during=actions,
    stops=st.lists(st.integers(1, 12), max_size=3),
    pages=st.tuples(st.integers(1, 6), st.integers(0, 2)),
    threads=st.sampled_from([1, 1, 3]),
    seed=st.integers(0, 2**16),
)
def test_every_record_is_delivered_in_order_and_none_is_skipped(
    mapping: dict[str, Any],
    before: list[tuple[str, str]],
    during: list[tuple[str, str]],
    stops: list[int],
    pages: tuple[int, int],
    threads: int,
    seed: int,
) -> None:
    """The records of an item are processed or discarded in order, each exactly once per poller.

    A poller that continues from a checkpoint may repeat records but never skips one.
    """
    clock = Clock()
    stream = MemoryStream(clock, page_records=pages[0], empty_pages=pages[1])
    sink = Sink(seed, reports=mapping["report_batch_item_failures"])
    written: dict[str, list[int]] = {user: [] for user in USERS}

    def run_actions(actions: list[tuple[str, str]]) -> None:
        for kind, user in actions:
            if kind == "put":
                written[user].append(int(stream.put(user)))
            elif kind == "split":
                stream.split(user)
            else:
                clock.sleep(16 * 60)

    with tempfile.TemporaryDirectory() as home:
        run_actions(before)
        for run, reads in enumerate([*stops, None]):
            sink.run = run
            poller = EventSourcePoller(
                stream,
                ARN,
                sink,
                EventSourceMapping(**mapping, on_failure=sink.on_failure),
                clock=clock,
                sleep=clock.sleep,
                checkpoint=Path(home) / "checkpoint.json",
                threads=threads,
            )
            poller.drain(until=None if reads is None else StopAfter(reads), idle_s=2)
            run_actions(during[run::4])
        poller.drain(idle_s=2)

    assert poller.progress.gaps == 0
    for user, numbers in written.items():
        _assert_in_order(sink.processed[user], numbers)


def _assert_in_order(processed: list[tuple[int, int]], written: list[int]) -> None:
    """Within a run the records are consecutive; a run starts at or before the first unfinished one.

    At the end every record is processed.
    """
    reached = -1
    last_run, last = -1, -1
    for run, number in processed:
        position = written.index(number)
        if run == last_run:
            assert position == last + 1
        else:
            assert position <= reached + 1
        last_run, last, reached = run, position, max(reached, position)
    assert reached == len(written) - 1
    assert not processed or last == len(written) - 1

"""Seconds that pass while calls take a while: distinct keys, hot keys, a shard through the pump.

The ideal: the calls in as many rounds as the concurrency leaves, each as long as one call.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from ots_local.stream_pump import EventSourceMapping, StreamPump
from tests.benchmarks import floor
from tests.benchmarks.answering import Answering
from tests.benchmarks.cpu import EVENT_RECORDS
from tests.benchmarks.subject import Context, handler, open_subject
from tests.benchmarks.workloads import ARTICLE, HOT, events
from tests.local.memory_stream import ARN, MemoryStream

LATENCY_S = 0.1


class RealClock:
    """The machine's own, as the stream in memory asks it."""

    def __call__(self) -> float:
        return time.time()


def distinct_keys(server: Answering, records: int, turns: int) -> dict[str, Any]:
    """An event of distinct keys against the SDK, one call after the other."""
    door, client = open_subject(server.endpoint), floor.connect(server.endpoint)
    (text,) = events(ARTICLE, records, records)
    requests = floor.requests_of(floor.writes_of(json.loads(text), door.row_mapper()))
    serial_s = _seconds(lambda: floor.send(client, requests))
    server.calls()
    function = handler(door)
    ours_s = min(_seconds_of(function, text) for _ in range(turns))
    calls = server.calls() // turns
    concurrency = door.settings().max_concurrency
    ideal_s = -(-calls // concurrency) * LATENCY_S
    return {
        "records": records,
        "calls": calls,
        "concurrency": concurrency,
        "seconds": ours_s,
        "one_after_the_other_s": serial_s,
        "ideal_s": ideal_s,
        "times_faster": serial_s / ours_s,
        "times_the_ideal": ours_s / ideal_s,
    }


def hot_keys(server: Answering, records: int) -> dict[str, Any]:
    """An event of changes of 100 items."""
    (text,) = events(HOT, records, records)
    server.calls()
    seconds = _seconds_of(handler(open_subject(server.endpoint)), text)
    return {"records": records, "calls": server.calls(), "seconds": seconds}


def one_shard(server: Answering, records: int) -> dict[str, Any]:
    """A shard of the stream in memory through the pump, in batches of the template's size."""
    door = open_subject(server.endpoint, PRIMARY_KEY="user_id", PARTIAL_RESPONSE="1")
    stream = MemoryStream(RealClock())  # type: ignore[arg-type]
    (text,) = events(ARTICLE, records, records)
    for i, record in enumerate(json.loads(text)["Records"]):
        image = record["dynamodb"]["NewImage"]
        del image["user_id"], image["action_time"]
        image["binary"] = {"B": base64.b64decode(image["binary"]["B"])}  # as GetRecords has it
        stream.put(f"user-{i}", **image)
    pump = StreamPump(
        stream,
        ARN,
        lambda event: door.lambda_handler(event, Context()),
        EventSourceMapping(batch_size=EVENT_RECORDS, report_batch_item_failures=True),
        clock=time.time,
        sleep=time.sleep,
    )
    server.calls()
    seconds = _seconds(pump.drain)
    return {
        "records": records,
        "calls": server.calls(),
        "seconds": seconds,
        "records_per_second": records / seconds,
    }


def _seconds(run: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    run()
    return time.perf_counter() - began_s


def _seconds_of(function: Callable[[Any], object], text: str) -> float:
    event = json.loads(text)
    return _seconds(lambda: function(event))

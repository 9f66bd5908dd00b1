"""Measure elapsed time when calls take a while: distinct keys, hot keys, and one shard.

The ideal time is that of the calls in as few rounds as the concurrency limit allows, each round as
long as one call.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from ots_local.event_source import EventSourceMapping, EventSourcePoller
from tests.benchmarks import sdk_alone
from tests.benchmarks.acknowledging_server import AcknowledgingServer
from tests.benchmarks.cpu import EVENT_RECORDS
from tests.benchmarks.function import CONTEXT, invoker, open_handler
from tests.benchmarks.workloads import ARTICLE, HOT, events
from tests.support.memory_stream import ARN, MemoryStream

LATENCY_S = 0.1


class RealClock:
    """The time of the machine, for the stream in memory."""

    def __call__(self) -> float:
        return time.time()


def measure_distinct_keys(server: AcknowledgingServer, records: int, rounds: int) -> dict[str, Any]:
    """Measure an event of distinct keys, and the SDK alone with one call at a time."""
    handler, client = open_handler(server.endpoint), sdk_alone.connect(server.endpoint)
    (text,) = events(ARTICLE, records, records)
    writes = sdk_alone.build_writes(json.loads(text), handler.row_mapper())
    requests = sdk_alone.build_requests(writes)
    sequential_s = _elapsed_s(lambda: sdk_alone.send(client, requests))
    server.calls()
    invoke = invoker(handler)
    function_s = min(_invocation_s(invoke, text) for _ in range(rounds))
    calls = server.calls() // rounds
    concurrency = handler.settings().max_concurrency
    ideal_s = -(-calls // concurrency) * LATENCY_S
    return {
        "records": records,
        "calls": calls,
        "concurrency": concurrency,
        "seconds": function_s,
        "sequential_s": sequential_s,
        "ideal_s": ideal_s,
        "speedup": sequential_s / function_s,
        "ratio_to_ideal": function_s / ideal_s,
    }


def measure_hot_keys(server: AcknowledgingServer, records: int) -> dict[str, Any]:
    """Measure an event with changes of 100 items."""
    (text,) = events(HOT, records, records)
    server.calls()
    seconds = _invocation_s(invoker(open_handler(server.endpoint)), text)
    return {"records": records, "calls": server.calls(), "seconds": seconds}


def measure_one_shard(server: AcknowledgingServer, records: int) -> dict[str, Any]:
    """Measure the delivery of one shard, in batches of the template's size."""
    handler = open_handler(server.endpoint, PRIMARY_KEY="user_id", PARTIAL_RESPONSE="1")
    stream = MemoryStream(RealClock())  # type: ignore[arg-type]
    (text,) = events(ARTICLE, records, records)
    for number, record in enumerate(json.loads(text)["Records"]):
        image = record["dynamodb"]["NewImage"]
        del image["user_id"], image["action_time"]
        image["binary"] = {"B": base64.b64decode(image["binary"]["B"])}  # as from GetRecords
        stream.put(f"user-{number}", **image)
    poller = EventSourcePoller(
        stream,
        ARN,
        lambda event: handler.lambda_handler(event, CONTEXT),
        EventSourceMapping(batch_size=EVENT_RECORDS, report_batch_item_failures=True),
        clock=time.time,
        sleep=time.sleep,
    )
    server.calls()
    seconds = _elapsed_s(poller.drain)
    return {
        "records": records,
        "calls": server.calls(),
        "seconds": seconds,
        "records_per_second": records / seconds,
    }


def _elapsed_s(run: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    run()
    return time.perf_counter() - start_s


def _invocation_s(invoke: Callable[[Any], object], text: str) -> float:
    event = json.loads(text)
    return _elapsed_s(lambda: invoke(event))

"""The storm: changes, stream, function, faults and redrive all at once; a Verdict comes out.

Changes, weather and redrive each run in a thread, the pump where this is called. When the time is
over everything is calmed, what is left is delivered, and the verdict is found.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Event
from types import ModuleType
from typing import Any

from ots_local import function as on_this_machine
from ots_local.demo.stream import MAPPING
from ots_local.soak import traffic, weather
from ots_local.soak.stage import Stage
from ots_local.soak.verdict import Verdict, judge, summaries
from ots_local.stream_pump import EventSourceMapping, StreamPump
from ots_local.tablestore import FaultControl

REDRIVE_EVERY_S = 3.0


def blow(stage: Stage, seconds: float, tell: Callable[[Mapping[str, Any]], None]) -> Verdict:
    """The storm for so long, then the calm, and the verdict; `tell` hears how far it is."""
    verdict, over, ended = Verdict(), Event(), Event()
    began_s = time.monotonic()
    door = on_this_machine.load(stage.settings)
    pump = StreamPump(
        stage.origin.dynamodb.streams,
        stage.origin.stream_arn,
        stage.workers.invoke,
        _mapping(),
        clock=time.time,
        sleep=time.sleep,
        threads=4,
        on_progress=lambda now: tell({"pump": now, "seconds": time.monotonic() - began_s}),
    )
    verdict.pump = pump.progress
    with _threads(over, ended) as threads:
        chances = [Random(f"{stage.seed} {what}") for what in ("changes", "weather")]
        making = threads.submit(
            traffic.make, stage.tables, stage.origin.table, chances[0], over.wait, over.is_set
        )
        blowing = threads.submit(weather.blow, stage.faults, chances[1], over.wait, over.is_set)
        redriving = threads.submit(_redrive_beside, verdict, stage, door, ended)
        clock = threads.submit(_ring, over, seconds)
        pump.run(over)
        for one in (making, blowing, clock):
            one.result()
        verdict.changes = making.result()
        stage.workers.calm()
        pump.drain()
        ended.set()
        redriving.result()
    _wait_for_late(stage.faults)
    judge(verdict, stage, door, pump)
    verdict.seconds = time.monotonic() - began_s
    verdict.processes = stage.workers.counts
    verdict.faults = Counter(stage.faults.counters()["faults"])
    verdict.function = summaries(stage.log)
    return verdict


def _mapping() -> EventSourceMapping:
    """As template.yaml's, in small batches side by side."""
    return EventSourceMapping(
        batch_size=60,
        parallelization_factor=4,
        maximum_retry_attempts=MAPPING.maximum_retry_attempts,
        maximum_record_age_s=MAPPING.maximum_record_age_s,
        bisect_batch_on_function_error=MAPPING.bisect_batch_on_function_error,
        report_batch_item_failures=MAPPING.report_batch_item_failures,
    )


def _redrive_beside(verdict: Verdict, stage: Stage, door: ModuleType, ended: Event) -> None:
    while not ended.wait(REDRIVE_EVERY_S):
        verdict.redrive(stage, door)


def _wait_for_late(faults: FaultControl) -> None:
    while faults.counters()["late_writes_pending"] or faults.counters()["in_flight"]:
        time.sleep(0.05)


def _ring(over: Event, seconds: float) -> None:
    over.wait(seconds)
    over.set()


@contextmanager
def _threads(over: Event, ended: Event) -> Iterator[ThreadPoolExecutor]:
    """However the block ends, the threads end with it."""
    with ThreadPoolExecutor(4, thread_name_prefix="storm") as threads:
        try:
            yield threads
        finally:
            over.set()
            ended.set()

"""Run changes, stream delivery, faults and redrive at the same time, then check the result.

Changes, faults and redrive each run in a thread; the poller runs in the calling thread. At the end
the faults stop and the rest of the stream is delivered.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from threading import Event
from types import ModuleType

from ots_local.chaos import faults
from ots_local.chaos.environment import Environment
from ots_local.chaos.verdict import Verdict, check, sum_summaries
from ots_local.chaos.workload import make_changes
from ots_local.demo.replication import MAPPING
from ots_local.event_source import EventSourcePoller, Progress
from ots_local.handler import load_handler
from ots_local.tablestore import FaultControl

REDRIVE_INTERVAL_S = 3.0
# As in template.yaml, but with small batches in parallel.
SMALL_BATCHES = replace(
    MAPPING, batch_size=60, maximum_batching_window_s=0, parallelization_factor=4
)

OnProgress = Callable[[Progress, float], None]
"""Called with the progress of the poller and the seconds since the start."""


def run(environment: Environment, seconds: float, on_progress: OnProgress) -> Verdict:
    """Inject faults for this many seconds, deliver the rest without faults, and check."""
    verdict, faults_ended, ended = Verdict(), Event(), Event()
    start_s = time.monotonic()
    handler = load_handler(environment.settings)
    poller = EventSourcePoller(
        environment.source.dynamodb.streams,
        environment.source.stream_arn,
        environment.functions.invoke,
        SMALL_BATCHES,
        clock=time.time,
        sleep=time.sleep,
        threads=4,
        on_progress=lambda progress: on_progress(progress, time.monotonic() - start_s),
    )
    verdict.progress = poller.progress
    with _threads(faults_ended, ended) as threads:
        making = threads.submit(
            make_changes,
            environment.tables,
            environment.source.name,
            Random(f"{environment.seed} changes"),
            faults_ended.wait,
            faults_ended.is_set,
        )
        injecting = threads.submit(
            faults.inject,
            environment.faults,
            Random(f"{environment.seed} faults"),
            faults_ended.wait,
            faults_ended.is_set,
        )
        redriving = threads.submit(_redrive_repeatedly, verdict, environment, handler, ended)
        timer = threads.submit(_set_after, faults_ended, seconds)
        poller.run(faults_ended)
        for future in (injecting, timer):
            future.result()
        verdict.changes = making.result()
        environment.functions.stop_faults()
        poller.drain()
        ended.set()
        redriving.result()
    _wait_for_late_writes(environment.faults)
    check(verdict, environment, handler, poller)
    verdict.total_s = time.monotonic() - start_s
    verdict.processes = environment.functions.counts
    verdict.faults = Counter(environment.faults.counters()["faults"])
    verdict.function = sum_summaries(environment.log)
    return verdict


def _redrive_repeatedly(
    verdict: Verdict, environment: Environment, handler: ModuleType, ended: Event
) -> None:
    while not ended.wait(REDRIVE_INTERVAL_S):
        verdict.redrive(environment, handler)


def _wait_for_late_writes(control: FaultControl) -> None:
    while control.counters()["late_writes_pending"] or control.counters()["in_flight"]:
        time.sleep(0.05)


def _set_after(event: Event, seconds: float) -> None:
    event.wait(seconds)
    event.set()


@contextmanager
def _threads(*events: Event) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool; set the events at the end of the block, so that its threads end."""
    with ThreadPoolExecutor(4, thread_name_prefix="soak") as threads:
        try:
            yield threads
        finally:
            for event in events:
                event.set()

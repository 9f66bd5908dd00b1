"""Changes are made in DynamoDB while its stream is pumped through the function; a Report comes out.

The pump runs where this is called, the changes are made in a thread beside it. However it ends,
that thread has ended too.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from types import ModuleType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ots_local.demo import compare, source
from ots_local.demo.changes import Change
from ots_local.demo.clocked import Clocked
from ots_local.demo.report import Report
from ots_local.dynamodb import DynamoDB, is_loopback
from ots_local.stream_pump import EventSourceMapping, StreamPump
from ots_local.tablestore import TableStore

# As template.yaml's mapping; a test compares.
MAPPING = EventSourceMapping(
    batch_size=1000,
    maximum_batching_window_s=1,
    maximum_retry_attempts=-1,
    maximum_record_age_s=82_800,
    bisect_batch_on_function_error=True,
    report_batch_item_failures=True,
)
QUIET_ELSEWHERE_S = 5.0
"""The real service's streams give empty pages in the middle; a while without records is the end."""


@dataclass(frozen=True, slots=True)
class Source:
    """The demo's table in DynamoDB."""

    dynamodb: DynamoDB
    table: str
    stream_arn: str


def run(
    origin: Source,
    function: ModuleType,
    store: TableStore,
    todo: Iterable[Change],
    count: int,
    console: Console,
) -> Report:
    """Make the changes, deliver them, compare."""
    clocked = Clocked(function, time.monotonic)
    kinds: Counter[str] = Counter()
    calls_before = store.counters()["requests"].get("BatchWriteRow", 0)
    began_s = time.monotonic()
    with _bars(console) as bars:
        made, delivered = (
            bars.add_task(name, total=count) for name in ("changes made", "records delivered")
        )
        pump = StreamPump(
            origin.dynamodb.streams,
            origin.stream_arn,
            clocked,
            MAPPING,
            clock=time.time,
            sleep=time.sleep,
            on_progress=lambda now: bars.update(delivered, completed=now.records_delivered),
        )
        written, stop = Event(), Event()

        def write() -> None:
            client = origin.dynamodb.tables
            try:
                for change in todo:
                    if stop.is_set():
                        return
                    source.make(client, origin.table, change)
                    clocked.made(change)
                    kinds[change.kind] += 1
                    bars.advance(made)
            finally:
                written.set()

        with ThreadPoolExecutor(1, thread_name_prefix="changes") as executor:
            writing = executor.submit(write)
            try:
                pump.run(written)
                writing.result()
            finally:
                stop.set()
        pump.drain(quiet_s=0.0 if is_loopback(origin.dynamodb.endpoint) else QUIET_ELSEWHERE_S)
    items = source.items(origin.dynamodb.tables, origin.table)
    rows = store.rows(function.settings().table_name)
    return Report(
        kinds=kinds,
        records=pump.progress.records_delivered,
        invocations=pump.progress.invocations,
        retries=pump.progress.retries,
        calls=store.counters()["requests"].get("BatchWriteRow", 0) - calls_before,
        rows=len(rows),
        seconds=clocked.last_s - began_s,
        function_s=clocked.function_s,
        lags_s=clocked.lags_s,
        given_up=pump.progress.dropped,
        differences=compare.differences(compare.wanted(items, function.row_mapper()), rows),
    )


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<17}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        redirect_stdout=False,
        redirect_stderr=False,
    )

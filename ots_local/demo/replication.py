"""Change a DynamoDB table, deliver its stream to the function, and compare both tables."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from types import ModuleType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ots_local.demo.changes import ItemChange
from ots_local.demo.compare import expected_rows, find_differences
from ots_local.demo.report import Report
from ots_local.demo.source_table import SourceTable, apply_change, scan_items
from ots_local.demo.timed_handler import TimedHandler
from ots_local.dynamodb import is_loopback
from ots_local.event_source import EventSourceMapping, EventSourcePoller
from ots_local.tablestore import TableStore

# The mapping in template.yaml; a test compares them.
MAPPING = EventSourceMapping(
    batch_size=1000,
    maximum_batching_window_s=1,
    maximum_retry_attempts=-1,
    maximum_record_age_s=82_800,
    bisect_batch_on_function_error=True,
    report_batch_item_failures=True,
)
REMOTE_IDLE_S = 5.0
"""How long a remote stream must be empty; the real service returns empty pages within a stream."""


def replicate(
    source: SourceTable,
    handler: ModuleType,
    store: TableStore,
    changes: Iterable[ItemChange],
    count: int,
    console: Console,
) -> Report:
    """Make the changes, deliver their records to the handler, and compare both tables.

    `count` is the number of changes. A thread makes the changes; it ends before this returns or
    raises.
    """
    timed = TimedHandler(handler, time.monotonic)
    calls_before = _write_calls(store)
    start_s = time.monotonic()
    with _progress_bars(console) as bars:
        made = bars.add_task("changes made", total=count)
        delivered = bars.add_task("records delivered", total=count)
        poller = EventSourcePoller(
            source.dynamodb.streams,
            source.stream_arn,
            timed,
            MAPPING,
            clock=time.time,
            sleep=time.sleep,
            on_progress=lambda now: bars.update(delivered, completed=now.records_delivered),
        )
        writer = _ChangeWriter(source, changes, timed, lambda: bars.advance(made))
        with ThreadPoolExecutor(1, thread_name_prefix="changes") as executor:
            writing = executor.submit(writer.run)
            try:
                poller.run(writer.ended)
                writing.result()
            finally:
                writer.stop.set()
        poller.drain(idle_s=0.0 if is_loopback(source.dynamodb.endpoint) else REMOTE_IDLE_S)
    items = scan_items(source.dynamodb.tables, source.name)
    rows = store.rows(handler.settings().table_name)
    return Report(
        kinds=writer.kinds,
        records=poller.progress.records_delivered,
        invocations=poller.progress.invocations,
        retries=poller.progress.retries,
        calls=_write_calls(store) - calls_before,
        rows=len(rows),
        total_s=timed.last_end_s - start_s,
        function_s=timed.duration_s,
        lags_s=timed.lags_s,
        discarded=poller.progress.discarded,
        differences=find_differences(expected_rows(items, handler.row_mapper()), rows),
    )


@dataclass(slots=True)
class _ChangeWriter:
    """Makes the changes in order until all are made, or `stop` is set; then sets `ended`."""

    source: SourceTable
    changes: Iterable[ItemChange]
    timed: TimedHandler
    on_change: Callable[[], object]
    kinds: Counter[str] = field(default_factory=Counter)
    ended: Event = field(default_factory=Event)
    stop: Event = field(default_factory=Event)

    def run(self) -> None:
        """Make the changes."""
        client = self.source.dynamodb.tables
        try:
            for change in self.changes:
                if self.stop.is_set():
                    return
                apply_change(client, self.source.name, change)
                self.timed.record_change(change)
                self.kinds[change.kind] += 1
                self.on_change()
        finally:
            self.ended.set()


def _write_calls(store: TableStore) -> int:
    return int(store.counters()["requests"].get("BatchWriteRow", 0))


def _progress_bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<17}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        redirect_stdout=False,
        redirect_stderr=False,
    )

"""Read both tables and compute the key and digest of every row.

Each side is read once, both in parallel, within their rate limits. A sample reads some segments of
the source and the rows of their items, so it cannot find extra rows.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ots_sync.model import Change, Image
from ots_tools import function, target
from ots_tools.compare.buckets import SOURCE, TARGET, Buckets, Difference, Entry
from ots_tools.compare.digests import (
    REJECTED,
    decode_key,
    encode_key,
    expected_rows,
    row_digest,
)
from ots_tools.items import item_change, key_attributes, key_to_text
from ots_tools.sources.table import SourceTable, scan_pages, segment_count
from ots_tools.token_bucket import TokenBucket

ITEMS_PER_SAMPLED_SEGMENT = 1_000

OnProgress = Callable[[int, int], None]
"""Is called with a side and the number of rows that were read of it since the last call."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Both tables and how to read them. The rates are read units per second."""

    dynamodb: Any
    source: SourceTable
    tablestore: Any
    target: str
    key_list: Sequence[str]
    threads: int
    consistent: bool
    rate_read: float | None
    rate_target: float | None


class ThreadGroup:
    """Threads that end together: the first error stops the others, and `join` raises it."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    @property
    def failed(self) -> bool:
        """Whether a thread failed, so that the others should stop."""
        return bool(self._errors)

    def start(self, run: Callable[[], None]) -> None:
        """Run a function in a thread."""

        def run_and_keep_error() -> None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001 - `join` raises it
                self._errors.append(error)

        self._threads.append(threading.Thread(target=run_and_keep_error, daemon=True))
        self._threads[-1].start()

    def join(self) -> None:
        """Wait for all threads, and raise the first error. Ctrl-C stops them without waiting."""
        try:
            for thread in self._threads:
                thread.join()
        except KeyboardInterrupt as interrupt:
            self._errors.append(interrupt)
            raise
        if self._errors:
            raise self._errors[0]


def read_tables(tables: Tables, buckets: Buckets, on_progress: OnProgress) -> None:
    """Add every row of both sides to the buckets."""
    threads = ThreadGroup()

    def add(items: Sequence[Image]) -> None:
        buckets.add(SOURCE, source_entries(items, tables.key_list))
        on_progress(SOURCE, len(items))

    _start_scan(threads, tables, segment_count(tables.source, tables.threads), None, add)
    threads.start(lambda: _read_target(tables, buckets, on_progress, threads))
    threads.join()


def read_sample(
    tables: Tables,
    share: float,
    on_difference: Callable[[Difference], None],
    on_progress: OnProgress,
) -> None:
    """Call `on_difference` with each difference among a share (0 to 1) of the items."""
    threads = ThreadGroup()
    total = max(tables.threads, round(tables.source.items / ITEMS_PER_SAMPLED_SEGMENT), 100)
    segments = random.sample(range(total), max(1, round(total * share)))
    lock = threading.Lock()

    def compare(items: Sequence[Image]) -> None:
        entries = source_entries(items, tables.key_list)
        expected = [entry for entry in entries if entry.digest != REJECTED]
        keys = [decode_key(entry.key, tables.key_list) for entry in expected]
        rows = target.read_rows(tables.tablestore, tables.target, keys)
        with lock:
            for entry in entries:
                if entry.digest == REJECTED:
                    on_difference(Difference("rejected", entry.key, entry.item_key))
            for entry, row in zip(expected, rows, strict=True):
                if row is None:
                    on_difference(Difference("missing", entry.key, entry.item_key))
                elif row_digest(row.columns) != entry.digest:
                    on_difference(Difference("different", entry.key, entry.item_key))
        on_progress(SOURCE, len(items))

    _start_scan(threads, tables, total, segments, compare)
    threads.join()


def source_entries(items: Sequence[Image], key_list: Sequence[str]) -> list[Entry]:
    """Return the entries of the rows that these items should become."""
    changes = [item_change(key_attributes(item, key_list), item) for item in items]
    expected, invalid = expected_rows(changes, function.row_mapper())
    entries = [
        Entry(key, row_digest(columns), _item_key(change)) for key, columns, change in expected
    ]
    return entries + [
        Entry(_item_key(change) if key is None else key, REJECTED, _item_key(change))
        for key, change in invalid
    ]


def _item_key(change: Change) -> bytes:
    return key_to_text(change.keys).encode()


def _start_scan(
    threads: ThreadGroup,
    tables: Tables,
    total: int,
    sample: Sequence[int] | None,
    on_items: Callable[[Sequence[Image]], None],
) -> None:
    limit = TokenBucket(tables.rate_read, time.monotonic, time.sleep)
    segments: queue.SimpleQueue[int] = queue.SimpleQueue()
    for segment in range(total) if sample is None else sample:
        segments.put(segment)

    def run() -> None:
        while not threads.failed:
            try:
                segment = segments.get_nowait()
            except queue.Empty:
                return
            for page in scan_pages(
                tables.dynamodb,
                tables.source.name,
                segment,
                total,
                "",
                consistent=tables.consistent,
            ):
                limit.spend(page.read_units)
                on_items(page.items)
                if threads.failed:
                    return

    for _ in range(tables.threads):
        threads.start(run)


def _read_target(
    tables: Tables, buckets: Buckets, on_progress: OnProgress, threads: ThreadGroup
) -> None:
    limit = TokenBucket(tables.rate_target, time.monotonic, time.sleep)
    next_key: Any = target.start_key(tables.key_list)
    while next_key is not None and not threads.failed:
        rows, next_key, read_units = target.read_page(
            tables.tablestore, tables.target, tables.key_list, next_key
        )
        limit.spend(read_units)
        entries = [Entry(encode_key(row.primary_key), row_digest(row.columns)) for row in rows]
        buckets.add(TARGET, entries)
        on_progress(TARGET, len(rows))

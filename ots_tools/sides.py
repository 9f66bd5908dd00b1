"""Two tables go in, every row's key and digest in buckets come out.

Each side is read once, both at the same time, within their rates. A sample reads some segments and
looks their rows up by key, so it cannot see rows that are too many.
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
from ots_tools import door, scan, target_rows
from ots_tools.buckets import SOURCE, TARGET, Buckets, Difference, Entry
from ots_tools.digests import REFUSED, digest, key_bytes, primary_key, wanted
from ots_tools.items import change_of, key_text, keys_of
from ots_tools.rates import Rate

ITEMS_PER_SAMPLED_SEGMENT = 1_000

Tell = Callable[[int, int], None]
"""Called with a side and the number of rows read more of it."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Both tables and how to read them. Rates are read units a second."""

    dynamodb: Any
    table: scan.Table
    store: Any
    target: str
    key_list: Sequence[str]
    threads: int
    consistent: bool
    rate_read: float | None
    rate_target: float | None


class Job:
    """Threads that end together: the first error stops the others and is raised here."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    @property
    def failed(self) -> bool:
        """Whether to stop."""
        return bool(self._errors)

    def start(self, run: Callable[[], None]) -> None:
        """Runs it in a thread."""

        def kept() -> None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001 - raised again by join
                self._errors.append(error)

        self._threads.append(threading.Thread(target=kept, daemon=True))
        self._threads[-1].start()

    def join(self) -> None:
        """Waits for all; raises the first error. Ctrl-C waits for none, and they end soon."""
        try:
            for thread in self._threads:
                thread.join()
        except KeyboardInterrupt as stopped:
            self._errors.append(stopped)
            raise
        if self._errors:
            raise self._errors[0]


def read_both(ends: Ends, buckets: Buckets, tell: Tell) -> None:
    """Puts every row of both sides into the buckets."""
    job = Job()

    def keep(items: Sequence[Image]) -> None:
        buckets.add(SOURCE, source_entries(items, ends.key_list))
        tell(SOURCE, len(items))

    _start_scan(job, ends, scan.segments(ends.table, ends.threads), None, keep)
    job.start(lambda: _read_target(ends, buckets, tell, job))
    job.join()


def read_sample(ends: Ends, share: float, found: Callable[[Difference], None], tell: Tell) -> None:
    """Calls `found` with what differs among a share (0 to 1) of the items."""
    job = Job()
    total = max(ends.threads, round(ends.table.items / ITEMS_PER_SAMPLED_SEGMENT), 100)
    chosen = random.sample(range(total), max(1, round(total * share)))
    lock = threading.Lock()

    def compare(items: Sequence[Image]) -> None:
        entries = source_entries(items, ends.key_list)
        good = [entry for entry in entries if entry.digest != REFUSED]
        keys = [primary_key(entry.key, ends.key_list) for entry in good]
        rows = target_rows.rows_of(ends.store, ends.target, keys)
        with lock:
            for entry in entries:
                if entry.digest == REFUSED:
                    found(Difference("rejected", entry.key, entry.item_key))
            for entry, row in zip(good, rows, strict=True):
                if row is None:
                    found(Difference("missing", entry.key, entry.item_key))
                elif digest(row.columns) != entry.digest:
                    found(Difference("different", entry.key, entry.item_key))
        tell(SOURCE, len(items))

    _start_scan(job, ends, total, chosen, compare)
    job.join()


def source_entries(items: Sequence[Image], key_list: Sequence[str]) -> list[Entry]:
    """What the rows of these items should be."""
    changes = [change_of(keys_of(item, key_list), item) for item in items]
    good, bad = wanted(changes, door.rules())
    entries = [Entry(key, digest(columns), _text(change)) for key, columns, change in good]
    return entries + [
        Entry(_text(change) if key is None else key, REFUSED, _text(change)) for key, change in bad
    ]


def _text(change: Change) -> bytes:
    return key_text(change.keys).encode()


def _start_scan(
    job: Job,
    ends: Ends,
    total: int,
    chosen: Sequence[int] | None,
    take: Callable[[Sequence[Image]], None],
) -> None:
    rate = Rate(ends.rate_read, time.monotonic, time.sleep)
    segments: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(total) if chosen is None else chosen:
        segments.put(number)

    def run() -> None:
        while not job.failed:
            try:
                number = segments.get_nowait()
            except queue.Empty:
                return
            for page in scan.pages(
                ends.dynamodb, ends.table.name, number, total, "", consistent=ends.consistent
            ):
                rate.spend(page.read_units)
                take(page.items)
                if job.failed:
                    return

    for _ in range(ends.threads):
        job.start(run)


def _read_target(ends: Ends, buckets: Buckets, tell: Tell, job: Job) -> None:
    rate = Rate(ends.rate_target, time.monotonic, time.sleep)
    following = target_rows.first_key(ends.key_list)
    while following is not None and not job.failed:
        rows, following, units = target_rows.page(ends.store, ends.target, ends.key_list, following)
        rate.spend(units)
        buckets.add(
            TARGET, [Entry(key_bytes(row.primary_key), digest(row.columns)) for row in rows]
        )
        tell(TARGET, len(rows))

"""Write the parts of a source in one worker, with several threads, and report each chunk.

A chunk is reported only when all of its rows are acknowledged or in quarantine. A worker stops
between chunks on request, and at the first chunk that cannot be written.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from ots_sync import pipeline
from ots_sync.errors import SyncError, TableStoreError, describe_unexpected
from ots_sync.limits import ROWS_PER_BATCH
from ots_sync.model import Change, RowWrite
from ots_sync.outcome import Outcome
from ots_sync.rows import row_id
from ots_sync.writer import Send
from ots_tools import function
from ots_tools.gc_tuning import infrequent_gc
from ots_tools.sources import ChunkReader, Source
from ots_tools.state_file import Cursor, LoadCounts
from ots_tools.token_bucket import TokenBucket

ROW_EXISTS = "OTSConditionCheckFail"
"""Table Store's error code for a put with `only_if_absent` of a row that exists."""


class Part(NamedTuple):
    """A part to load, after a position."""

    name: str
    position: str


class Progress(NamedTuple):
    """A message from a worker: a chunk is done, or (`part` is '') the worker has ended.

    `error_codes` counts rows by the error codes of attempts that were retried. `error` says why a
    worker ended early.
    """

    part: str
    cursor: Cursor = Cursor("", False)
    counts: LoadCounts = LoadCounts(0, 0, 0)
    read_units: float = 0.0
    error_codes: Counter[str] | None = None
    error: str = ""


class Queue(Protocol):
    """The methods that queue.Queue and multiprocessing.Queue share."""

    def put(self, thing: Any) -> None: ...
    def get(self, *, timeout: float) -> Any: ...
    def get_nowait(self) -> Any: ...


class StopFlag(Protocol):
    """The methods that threading.Event and multiprocessing.Event share."""

    def is_set(self) -> bool: ...
    def set(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LoadJob:
    """The task of a worker; it can be pickled. The rates are this worker's share, per second."""

    source: Source
    live: bool
    threads: int
    rate_read: float | None
    rate_write: float | None


class LoadError(SyncError):
    """Rows could not be written now. Completed chunks are kept, and the load can continue later."""


class InsertOnly:
    """A `Send` that only inserts absent rows, for a load while the stream writes.

    A row that exists counts as acknowledged, because what the stream wrote is newer. The later
    writes of a wide row are sent only if its first write inserted the row.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._existing: set[object] = set()

    @property
    def already_present(self) -> int:
        """The number of rows that existed."""
        return len(self._existing)

    def __call__(self, rows: Sequence[RowWrite]) -> Sequence[TableStoreError | None]:
        """Send one request."""
        to_send = [
            i
            for i, row in enumerate(rows)
            if row.kind == "put" or row_id(row.primary_key) not in self._existing
        ]
        errors: list[TableStoreError | None] = [None] * len(rows)
        if not to_send:
            return errors
        writes = [
            replace(rows[i], only_if_absent=True) if rows[i].kind == "put" else rows[i]
            for i in to_send
        ]
        for i, error in zip(to_send, self._send(writes), strict=True):
            if error is not None and error.code == ROW_EXISTS:
                self._existing.add(row_id(rows[i].primary_key))
            else:
                errors[i] = error
        return errors


def run_worker(job: LoadJob, parts: Queue, progress: Queue, stop: StopFlag) -> None:
    """Load parts until none is left or `stop` is set; the last message says that it has ended."""
    errors: list[str] = []

    def run_thread() -> None:
        try:
            reader = job.source.open()
            while not stop.is_set():
                _load_part(job, parts.get_nowait(), reader, limits, progress, stop)
        except queue.Empty:
            return
        except SyncError as error:
            errors.append(str(error))
        except Exception as error:  # noqa: BLE001 - its message could contain a value
            errors.append(describe_unexpected(error))
        stop.set()

    limits = (
        TokenBucket(job.rate_read, time.monotonic, time.sleep),
        TokenBucket(job.rate_write, time.monotonic, time.sleep),
    )
    threads = [threading.Thread(target=run_thread) for _ in range(job.threads)]
    with infrequent_gc():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    progress.put(Progress("", error=errors[0] if errors else ""))


def _load_part(
    job: LoadJob,
    part: Part,
    reader: ChunkReader,
    limits: tuple[TokenBucket, TokenBucket],
    progress: Queue,
    stop: StopFlag,
) -> None:
    read_limit, write_limit = limits
    for changes, cursor, read_units in reader(part.name, part.position):
        read_limit.spend(read_units)
        counts, error_codes = LoadCounts(0, 0, 0), Counter[str]()
        size = ROWS_PER_BATCH if job.rate_write else len(changes) or 1
        for start in range(0, len(changes), size):
            batch = changes[start : start + size]
            write_limit.spend(len(batch))
            batch_counts, batch_codes = write_changes(batch, live=job.live, writers=job.threads)
            counts = LoadCounts(*map(sum, zip(counts, batch_counts, strict=True)))
            error_codes += batch_codes
        progress.put(Progress(part.name, cursor, counts, read_units, error_codes))
        if stop.is_set():
            return


def write_changes(
    changes: Sequence[Change],
    *,
    live: bool,
    writers: int,
    timeout_s: float = function.CHUNK_TIMEOUT_S,
) -> tuple[LoadCounts, Counter[str]]:
    """Write the rows of some changes through the pipeline of the function.

    `writers` is the number of threads that write at the same time. Raises LoadError if a row is
    neither written nor in quarantine within the timeout.
    """
    insert_only: list[InsertOnly] = []

    def wrap_send(send: Send) -> Send:
        if not live:
            return send
        insert_only.append(InsertOnly(send))
        return insert_only[0]

    context = function.build_context(wrap_send, writers=writers, timeout_s=timeout_s)
    outcome = pipeline.apply_changes(changes, (), function.row_mapper(), context)
    if outcome.unprocessed:
        raise LoadError(_describe_failure(outcome))
    present = insert_only[0].already_present if insert_only else 0
    rows = sum(outcome.rows.values()) - present
    return LoadCounts(rows, present, outcome.rejected), outcome.error_codes


def _describe_failure(outcome: Outcome) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in outcome.unprocessed_codes.most_common(5))
    text = f"{len(outcome.unprocessed)} rows could not be written ({codes})."
    if outcome.rejections and outcome.quarantined < outcome.rejected:
        return (
            f"{text} Rejected: {outcome.rejections[0]['reason']}. Set QUARANTINE to a writable "
            "location, such as file:///path, and run again: rejected items are stored there."
        )
    return f"{text} Run again when Table Store accepts writes; the load continues where it stopped."

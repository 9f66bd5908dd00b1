"""Parts of a table or an export go in, their rows are written, news of each chunk comes out.

One worker: threads that take parts, write chunk after chunk through the pipeline of the function,
and tell of a chunk only when all of its rows are acknowledged or in quarantine. Stops between
chunks when it is told to, and at the first chunk that cannot be done.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from traceback import extract_tb
from typing import Any, NamedTuple, Protocol

from ots_sync import pipeline
from ots_sync.errors import SyncError
from ots_sync.model import Change
from ots_sync.outcome import Outcome
from ots_sync.writer import Send
from ots_tools import door, garbage
from ots_tools.absent import AbsentOnly
from ots_tools.rates import Rate
from ots_tools.reading import Origin, Reader
from ots_tools.state import Counts, Cursor

SLICE_ROWS = 200
"""Rows that are written at once under a write rate: one call's."""


class Part(NamedTuple):
    """A part to load, from a cursor on."""

    name: str
    at: str


class News(NamedTuple):
    """What a worker tells: a chunk that is done, or (`part` is '') that it ends, and why if badly.

    `codes` counts rows by the error code of a try that was made again.
    """

    part: str
    cursor: Cursor = Cursor("", False)
    counts: Counts = Counts(0, 0, 0)
    read_units: float = 0.0
    codes: Counter[str] | None = None
    failed: str = ""


class Queue(Protocol):
    """What queue.Queue and multiprocessing's have in common."""

    def put(self, thing: Any) -> None: ...
    def get(self, *, timeout: float) -> Any: ...
    def get_nowait(self) -> Any: ...


class Flag(Protocol):
    """What threading.Event and multiprocessing's have in common."""

    def is_set(self) -> bool: ...
    def set(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is given; it can be pickled. Rates are this worker's share, a second."""

    origin: Origin
    live: bool
    threads: int
    rate_read: float | None
    rate_write: float | None


class LoadError(SyncError):
    """Rows could not be written now; what is done is kept, and the load goes on another time."""


def work(what: Work, parts: Queue, news: Queue, stop: Flag) -> None:
    """Loads parts until there are none or `stop` is set; always ends with one last word."""
    words: list[str] = []

    def run() -> None:
        try:
            reader = what.origin.open()
            while not stop.is_set():
                _load(what, parts.get_nowait(), reader, (reads, writes), news, stop)
        except queue.Empty:
            return
        except SyncError as error:
            words.append(str(error))
        except Exception as error:  # noqa: BLE001 - told by kind and place: words can hold values
            place = extract_tb(error.__traceback__)[-1]
            words.append(
                f"an unexpected {type(error).__name__} in {place.filename.rpartition('/')[2]}, "
                f"line {place.lineno}"
            )
        stop.set()

    reads = Rate(what.rate_read, time.monotonic, time.sleep)
    writes = Rate(what.rate_write, time.monotonic, time.sleep)
    threads = [threading.Thread(target=run) for _ in range(what.threads)]
    with garbage.seldom():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    news.put(News("", failed=words[0] if words else ""))


def _load(
    what: Work,
    part: Part,
    reader: Reader,
    rates: tuple[Rate, Rate],
    news: Queue,
    stop: Flag,
) -> None:
    reads, writes = rates
    for changes, cursor, read_units in reader(part.name, part.at):
        reads.spend(read_units)
        counts, codes = Counts(0, 0, 0), Counter[str]()
        size = SLICE_ROWS if what.rate_write else len(changes) or 1
        for start in range(0, len(changes), size):
            piece = changes[start : start + size]
            writes.spend(len(piece))
            some, tried = write(piece, live=what.live, share=what.threads)
            counts = Counts(*map(sum, zip(counts, some, strict=True)))
            codes += tried
        news.put(News(part.name, cursor, counts, read_units, codes))
        if stop.is_set():
            return


def write(
    changes: Sequence[Change], *, live: bool, share: int, patience_s: float = door.PATIENCE_S
) -> tuple[Counts, Counter[str]]:
    """Writes the rows of some changes; raises LoadError when any could not be done in time."""
    absent: list[AbsentOnly] = []

    def wrap(send: Send) -> Send:
        if not live:
            return send
        absent.append(AbsentOnly(send))
        return absent[0]

    ports = door.ports(wrap, share=share, patience_s=patience_s)
    outcome = pipeline.apply_changes(changes, (), door.rules(), ports)
    if outcome.unprocessed:
        raise LoadError(_why(outcome))
    present = absent[0].present if absent else 0
    return Counts(
        sum(outcome.rows.values()) - present, present, outcome.rejected
    ), outcome.error_codes


def _why(outcome: Outcome) -> str:
    reasons = ", ".join(
        f"{code} {count}" for code, count in outcome.unprocessed_codes.most_common(5)
    )
    text = f"{len(outcome.unprocessed)} rows could not be written ({reasons})."
    if outcome.rejections and outcome.quarantined < outcome.rejected:
        return (
            f"{text} Rejected: {outcome.rejections[0]['reason']}. Set QUARANTINE to a writable "
            "location, such as file:///path, and run again: rejected items are stored there."
        )
    return f"{text} Run again when Table Store takes writes: the load goes on where it is."

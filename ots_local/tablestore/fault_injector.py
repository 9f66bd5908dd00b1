"""Decide which faults affect a request or a row.

The decisions are reproducible: they depend on the seed, the fault, the content of the request or
the key of the row, and how often it occurred before. They do not depend on the order in which
concurrent requests arrive.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.fault import Fault, check_kind
from ots_local.tablestore.model import Key
from ots_local.tablestore.token_bucket import TokenBucket

_ROW_KINDS = ("row_error", "capacity")


@dataclass(slots=True)
class _ActiveFault:
    """A fault that is set, and its state."""

    fault: Fault
    number: int
    remaining: int | None
    keys: frozenset[tuple[tuple[bytes, bytes], ...]]
    occurrences: Counter[bytes] = field(default_factory=Counter)
    bucket: TokenBucket | None = None  # of the kind `capacity`


@dataclass(frozen=True, slots=True)
class RequestFaults:
    """The faults of one request."""

    delay: float = 0.0  # seconds before the request is executed
    error: ServiceError | None = None
    error_after: bool = False  # execute the request, then return the error
    drop: str | None = None  # "before", "after" or "late"
    late_by: float = 0.0  # seconds
    truncated: bool = False
    unsigned: bool = False
    missing_row: bool = False


@dataclass(frozen=True, slots=True)
class RowFault:
    """The fault of one row."""

    error: ServiceError
    written: bool


class FaultInjector:
    """The faults that are set, and the decisions about them."""

    def __init__(self, seed: int) -> None:
        """Begin without faults."""
        self._seed = seed
        self._active: list[_ActiveFault] = []
        self._created = 0
        self.counts: Counter[str] = Counter()  # by kind

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._created += 1
        active = _ActiveFault(fault, self._created, fault.times, fault.encoded_keys())
        if fault.kind == "capacity":
            active.bucket = TokenBucket(fault.rows_per_second, fault.burst)
        self._active.append(active)

    def clear(self, kind: str | None = None) -> None:
        """Remove the faults of a kind, or all.

        Raises:
            ValueError: the kind is unknown.
        """
        if kind is not None:
            check_kind(kind)
        self._active = [active for active in self._active if kind and active.fault.kind != kind]

    def reseed(self, seed: int) -> None:
        """Restart the decisions from a seed."""
        self._seed = seed
        for number, active in enumerate(self._active):
            active.number = number
            active.occurrences.clear()
        self._created = len(self._active)

    def active(self) -> list[Fault]:
        """Return the faults that are set and not exhausted."""
        return [active.fault for active in self._active if active.remaining != 0]

    def for_request(self, api: str, body: bytes, rows: Iterable[tuple[str, Key]]) -> RequestFaults:
        """Decide the faults of a request from its body and its rows (table name, key)."""
        if not self._active:
            return RequestFaults()
        digest = blake2b(body, digest_size=16).digest()
        fired: dict[str, _ActiveFault] = {}
        delay = 0.0
        for active in self._fire_for_request(api, digest, list(rows)):
            fired.setdefault(active.fault.kind, active)
            delay += self._delay(active, digest)
        error = fired.get("request_error")
        late = fired.get("late_write")
        drop = None
        if "drop_before" in fired:
            drop = "before"
        elif late is not None:
            drop = "late"
        elif "drop_after" in fired:
            drop = "after"
        return RequestFaults(
            delay=delay,
            error=None if error is None else self._error(error, digest),
            error_after=error is not None and error.fault.written,
            drop=drop,
            late_by=0.0
            if late is None
            else late.fault.max_seconds * self._draw(late, digest, b"when"),
            truncated="truncated" in fired,
            unsigned="unsigned" in fired,
            missing_row="missing_row" in fired,
        )

    def for_row(self, api: str, table: str, key: Key, now: float) -> RowFault | None:
        """Decide the fault of a row; `now` (seconds) is the time for the kind `capacity`."""
        if not self._active:
            return None
        for active in self._active:
            fault = active.fault
            if fault.kind not in _ROW_KINDS or not fault.applies_to(api):
                continue
            if fault.tables and table not in fault.tables:
                continue
            if active.bucket is not None:
                if active.bucket.take(now):
                    continue
                self.counts[fault.kind] += 1
                return RowFault(self._error(active, b""), written=False)
            identity = _identity(key)
            if (not active.keys or _encoded(key) in active.keys) and self._fires(active, identity):
                return RowFault(self._error(active, identity), fault.written)
        return None

    def _fire_for_request(
        self, api: str, digest: bytes, rows: list[tuple[str, Key]]
    ) -> Iterator[_ActiveFault]:
        for active in self._active:
            fault = active.fault
            if fault.kind in _ROW_KINDS or not fault.applies_to(api):
                continue
            if (fault.tables or active.keys) and not any(
                (not fault.tables or table in fault.tables)
                and (not active.keys or _encoded(key) in active.keys)
                for table, key in rows
            ):
                continue
            if self._fires(active, digest):
                yield active

    def _fires(self, active: _ActiveFault, identity: bytes) -> bool:
        if active.remaining == 0:
            return False
        active.occurrences[identity] += 1
        rate = active.fault.rate
        if rate < 1.0 and self._draw(active, identity, b"fires") >= rate:
            return False
        if active.remaining is not None:
            active.remaining -= 1
        self.counts[active.fault.kind] += 1
        return True

    def _draw(self, active: _ActiveFault, identity: bytes, purpose: bytes) -> float:
        """Return a number from 0 to 1 for this fault, identity, occurrence and purpose."""
        occurrence = active.occurrences[identity]
        text = b"%d %d %d %b " % (self._seed, active.number, occurrence, purpose)
        digest = blake2b(text + identity, digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def _error(self, active: _ActiveFault, identity: bytes) -> ServiceError:
        codes = active.fault.codes
        drawn = 0 if len(codes) == 1 else int(self._draw(active, identity, b"code") * len(codes))
        return ServiceError(codes[drawn], active.fault.message)

    def _delay(self, active: _ActiveFault, identity: bytes) -> float:
        fault = active.fault
        if fault.kind != "latency" or fault.spread == "fixed":
            return fault.seconds if fault.kind == "latency" else 0.0
        rng = random.Random(self._draw(active, identity, b"delay"))
        if fault.spread == "uniform":
            return rng.uniform(0.0, 2 * fault.seconds)
        if fault.spread == "exponential":
            return rng.expovariate(1 / fault.seconds) if fault.seconds else 0.0
        return fault.seconds * rng.lognormvariate(0.0, fault.sigma)


def _encoded(key: Key) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((cell.name, cell.value or b"") for cell in key)


def _identity(key: Key) -> bytes:
    return b"\0".join(cell.value or b"" for cell in key)

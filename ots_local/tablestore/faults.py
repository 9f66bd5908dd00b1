"""Which faults a request and a row meet: decides from a seed, so that a run can be had again.

What is decided depends on the seed, the fault, the request's or row's own content and how often it
came before, not on the order in which requests arrive side by side.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from ots_local.tablestore.errors import ServiceError
from ots_local.tablestore.fault import Fault, check_kind
from ots_local.tablestore.pace import Pace
from ots_local.tablestore.rows import Key


@dataclass(slots=True)
class _Active:
    """A fault that is set, and what it has done so far."""

    fault: Fault
    number: int
    left: int | None
    keys: frozenset[tuple[tuple[bytes, bytes], ...]]
    seen: Counter[bytes] = field(default_factory=Counter)
    pace: Pace | None = None  # of a capacity


@dataclass(frozen=True, slots=True)
class RequestFaults:
    """What befalls one request."""

    delay: float = 0.0  # seconds before it is carried out
    error: ServiceError | None = None
    error_after: bool = False  # carried out although refused
    drop: str | None = None  # "before", "after" or "late"
    late_by: float = 0.0  # seconds
    truncated: bool = False
    unsigned: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class RowFault:
    """What befalls one row."""

    error: ServiceError
    written: bool


class Faults:
    """The faults that are set."""

    def __init__(self, seed: int) -> None:
        """Begin without any."""
        self._seed = seed
        self._active: list[_Active] = []
        self._made = 0
        self.counts: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Set one more."""
        self._made += 1
        active = _Active(fault, self._made, fault.times, fault.encoded_keys())
        if fault.kind == "capacity":
            active.pace = Pace(fault.rows_per_second, fault.burst)
        self._active.append(active)

    def clear(self, kind: str | None = None) -> None:
        """Take away those of a kind, or all.

        Raises:
            ValueError: there is no such kind.
        """
        if kind is not None:
            check_kind(kind)
        self._active = [one for one in self._active if kind and one.fault.kind != kind]

    def reseed(self, seed: int) -> None:
        """Begin the decisions again from a seed."""
        self._seed = seed
        for number, active in enumerate(self._active):
            active.number = number
            active.seen.clear()
        self._made = len(self._active)

    def listing(self) -> list[Fault]:
        """Tell which are set and not yet at their end."""
        return [one.fault for one in self._active if one.left != 0]

    def of_request(self, api: str, body: bytes, rows: Iterable[tuple[str, Key]]) -> RequestFaults:
        """Decide what befalls a request, given its content and the rows that it names."""
        if not self._active:
            return RequestFaults()
        digest = blake2b(body, digest_size=16).digest()
        met: dict[str, _Active] = {}
        delay = 0.0
        for one in self._meet(api, digest, list(rows)):
            met.setdefault(one.fault.kind, one)
            delay += self._delay(one, digest)
        error = met.get("request_error")
        drop = next((kind for kind in ("drop_before", "late", "drop_after") if kind in met), None)
        late = met.get("late")
        return RequestFaults(
            delay=delay,
            error=None if error is None else self._error(error, digest),
            error_after=error is not None and error.fault.written,
            drop=None if drop is None else drop.removeprefix("drop_"),
            late_by=0.0 if late is None else late.fault.within * self._draw(late, digest, b"when"),
            truncated="truncated" in met,
            unsigned="unsigned" in met,
            short="short" in met,
        )

    def of_row(self, api: str, table: str, key: Key, now: float) -> RowFault | None:
        """Decide whether a row fails; `now` is in seconds, for capacity."""
        if not self._active:
            return None
        for one in self._active:
            fault = one.fault
            if fault.kind not in ("row_error", "capacity") or not fault.befalls(api):
                continue
            if fault.tables and table not in fault.tables:
                continue
            if one.pace is not None:
                if one.pace.admits(now):
                    continue
                self.counts[fault.kind] += 1
                return RowFault(self._error(one, b""), written=False)
            place = _place(key)
            if (not one.keys or _plain(key) in one.keys) and self._fires(one, place):
                return RowFault(self._error(one, place), fault.written)
        return None

    def _meet(self, api: str, digest: bytes, rows: list[tuple[str, Key]]) -> Iterator[_Active]:
        for one in self._active:
            fault = one.fault
            if fault.kind in ("row_error", "capacity") or not fault.befalls(api):
                continue
            if (fault.tables or one.keys) and not any(
                (not fault.tables or table in fault.tables)
                and (not one.keys or _plain(key) in one.keys)
                for table, key in rows
            ):
                continue
            if self._fires(one, digest):
                yield one

    def _fires(self, one: _Active, place: bytes) -> bool:
        if one.left == 0:
            return False
        one.seen[place] += 1
        if one.fault.rate < 1.0 and self._draw(one, place, b"fires") >= one.fault.rate:
            return False
        if one.left is not None:
            one.left -= 1
        self.counts[one.fault.kind] += 1
        return True

    def _draw(self, one: _Active, place: bytes, purpose: bytes) -> float:
        """Draw a number from 0 to 1 that belongs to this fault, place and visit."""
        text = b"%d %d %d %b " % (self._seed, one.number, one.seen[place], purpose)
        found = blake2b(text + place, digest_size=8).digest()
        return int.from_bytes(found, "big") / 2**64

    def _error(self, one: _Active, place: bytes) -> ServiceError:
        codes = one.fault.codes
        drawn = 0 if len(codes) == 1 else int(self._draw(one, place, b"code") * len(codes))
        return ServiceError(codes[drawn], one.fault.message)

    def _delay(self, one: _Active, place: bytes) -> float:
        fault = one.fault
        if fault.kind != "latency" or fault.spread == "fixed":
            return fault.seconds if fault.kind == "latency" else 0.0
        source = random.Random(self._draw(one, place, b"delay"))
        if fault.spread == "uniform":
            return source.uniform(0.0, 2 * fault.seconds)
        if fault.spread == "exponential":
            return source.expovariate(1 / fault.seconds) if fault.seconds else 0.0
        return fault.seconds * source.lognormvariate(0.0, fault.sigma)


def _plain(key: Key) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((cell.name, cell.value or b"") for cell in key)


def _place(key: Key) -> bytes:
    return b"\0".join(cell.value or b"" for cell in key)

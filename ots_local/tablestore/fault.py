"""One fault as data: what goes wrong, how often and to whom; to JSON and back; refuses nonsense."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

from ots_local.tablestore.errors import CODES
from ots_local.tablestore.values import encode

WRITES = ("PutRow", "UpdateRow", "DeleteRow", "BatchWriteRow")
READS = ("GetRow", "BatchGetRow", "GetRange")
TABLES = ("CreateTable", "ListTable", "DescribeTable", "UpdateTable", "DeleteTable")

_WHOM = ("kind", "rate", "times", "apis", "tables", "keys")
_ERROR = ("codes", "message", "written")
# kind -> the operations that it befalls unless `apis` names others, and the options that it has
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "latency": (READS + WRITES, (*_WHOM, "seconds", "spread", "sigma")),
    "row_error": (WRITES, (*_WHOM, *_ERROR)),
    "request_error": (READS + WRITES, (*_WHOM, *_ERROR)),
    "drop_before": (WRITES, _WHOM),
    "drop_after": (WRITES, _WHOM),
    "late": (WRITES, (*_WHOM, "within")),
    "truncated": (READS + WRITES, _WHOM),
    "unsigned": (READS + WRITES, _WHOM),
    "short": (("BatchWriteRow",), _WHOM),
    "capacity": (
        WRITES,
        ("kind", "apis", "tables", "codes", "message", "rows_per_second", "burst"),
    ),
}
SPREADS = ("fixed", "uniform", "exponential", "lognormal")

KeyValue = int | float | bool | str | bytes
_NUMBER = (int, float)
_TYPES = {
    "rate": _NUMBER,
    "seconds": _NUMBER,
    "sigma": _NUMBER,
    "within": _NUMBER,
    "rows_per_second": _NUMBER,
    "burst": (*_NUMBER, type(None)),
    "times": (int, type(None)),
    "message": (str, type(None)),
    "written": (bool,),
}
PlainKey = tuple[tuple[str, KeyValue], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; README "Faults" explains each kind and option."""

    kind: str
    rate: float = 1.0  # share of the requests or rows that it befalls
    times: int | None = None  # it ends after this many
    apis: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    keys: tuple[PlainKey, ...] = ()  # rows; none: every row
    codes: tuple[str, ...] = ("OTSServerBusy",)  # one is drawn
    message: str | None = None  # instead of the usual one
    written: bool = False  # the row is written although an error is told
    seconds: float = 0.0  # latency: fixed, mean or median
    spread: str = "fixed"
    sigma: float = 0.5  # of a lognormal latency
    within: float = 1.0  # seconds after which a late write has happened
    rows_per_second: float = 0.0  # capacity
    burst: float | None = None  # rows that capacity saves up; None is one second's

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name, kind in _TYPES.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or (isinstance(value, float) and not isfinite(value)):
                raise ValueError(f"{name} cannot be {value!r}")
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate must be between 0 and 1, not {self.rate}")
        strange = sorted(set(self.apis) - set(READS + WRITES + TABLES + ("ListSearchIndex",)))
        if strange:
            raise ValueError(f"unknown operation {strange[0]!r}")
        if self.spread not in SPREADS:
            raise ValueError(f"unknown spread {self.spread!r}; there are: {', '.join(SPREADS)}")
        if not self.codes or not set(self.codes) <= set(CODES):
            unknown = ", ".join(sorted(set(self.codes) - set(CODES)))
            raise ValueError(f"unknown error code {unknown!r}; there are: {', '.join(CODES)}")
        if self.kind == "capacity" and self.rows_per_second <= 0:
            raise ValueError("capacity needs rows_per_second greater than 0")
        if min(self.seconds, self.within, self.sigma, self.times or 0, self.burst or 0) < 0:
            raise ValueError("seconds, within, sigma, times and burst must not be negative")

    def befalls(self, api: str) -> bool:
        """Tell whether an operation can meet it."""
        return api in (self.apis or KINDS[self.kind][0])

    def encoded_keys(self) -> frozenset[tuple[tuple[bytes, bytes], ...]]:
        """Write the keys as names and values of rows are kept."""
        return frozenset(
            tuple((name.encode(), encode(value)) for name, value in key) for key in self.keys
        )


def to_json(fault: Fault) -> dict[str, Any]:
    """Write a fault as JSON can carry it; a binary key value becomes {"base64": "..."}."""
    found = {
        field.name: getattr(fault, field.name)
        for field in fields(Fault)
        if field.name == "kind" or getattr(fault, field.name) != field.default
    }
    if "keys" in found:
        found["keys"] = [[[name, _out(value)] for name, value in key] for key in fault.keys]
    return found


def from_json(found: Mapping[str, Any]) -> Fault:
    """Read a fault from JSON or from keyword arguments; lists become tuples.

    Raises:
        ValueError: an option is unknown or cannot be meant.
    """
    kind = found.get("kind") if isinstance(found, Mapping) else found
    kind = check_kind(kind)
    unknown = sorted(set(found) - set(KINDS[kind][1]))
    if unknown:
        known = ", ".join(KINDS[kind][1][1:])
        raise ValueError(f"unknown option {unknown[0]!r} of {kind}; there are: {known}")
    options = dict(found)
    for name in ("apis", "tables", "codes"):
        if name in options:
            value = options[name]
            options[name] = (value,) if isinstance(value, str) else tuple(value)
    if "keys" in options:
        options["keys"] = tuple(plain_key(key) for key in options["keys"])
    return Fault(**options)


def check_kind(kind: object) -> str:
    """Refuse a kind of fault that there is not."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; there are: {', '.join(KINDS)}")
    return kind


def plain_key(key: Iterable[Iterable[Any]]) -> PlainKey:
    """Read a key given as (name, value) pairs, as the SDK takes it."""
    return tuple((name, _in(value)) for name, value in key)


def _in(value: Any) -> KeyValue:
    if isinstance(value, Mapping):
        return base64.b64decode(value["base64"])
    if isinstance(value, bytearray):
        return bytes(value)
    if not isinstance(value, KeyValue):
        raise ValueError(f"a key has no value {value!r}")
    try:
        encode(value)
    except struct.error:
        raise ValueError(f"{value!r} is beyond 64 bits") from None
    return value


def _out(value: KeyValue) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value

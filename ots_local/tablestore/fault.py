"""The definition of one fault: kind, options, validation and JSON form."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

from ots_local.tablestore.errors import CODES
from ots_local.tablestore.storage.values import encode

WRITES = ("PutRow", "UpdateRow", "DeleteRow", "BatchWriteRow")
READS = ("GetRow", "BatchGetRow", "GetRange")
TABLES = ("CreateTable", "ListTable", "DescribeTable", "UpdateTable", "DeleteTable")

_SELECTION = ("kind", "rate", "times", "apis", "tables", "keys")
_ERROR = ("codes", "message", "written")
# kind -> the operations that it applies to unless `apis` names others, and its options
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "latency": (READS + WRITES, (*_SELECTION, "seconds", "spread", "sigma")),
    "row_error": (WRITES, (*_SELECTION, *_ERROR)),
    "request_error": (READS + WRITES, (*_SELECTION, *_ERROR)),
    "drop_before": (WRITES, _SELECTION),
    "drop_after": (WRITES, _SELECTION),
    "late_write": (WRITES, (*_SELECTION, "max_seconds")),
    "truncated": (READS + WRITES, _SELECTION),
    "unsigned": (READS + WRITES, _SELECTION),
    "missing_row": (("BatchWriteRow",), _SELECTION),
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
    "max_seconds": _NUMBER,
    "rows_per_second": _NUMBER,
    "burst": (*_NUMBER, type(None)),
    "times": (int, type(None)),
    "message": (str, type(None)),
    "written": (bool,),
}
PlainKey = tuple[tuple[str, KeyValue], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; the section "Faults" of README.md explains each kind and option."""

    kind: str
    rate: float = 1.0  # share of the matching requests or rows that are affected
    times: int | None = None  # the number of times after which the fault ends
    apis: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    keys: tuple[PlainKey, ...] = ()  # empty: every row
    codes: tuple[str, ...] = ("OTSServerBusy",)  # one is drawn
    message: str | None = None  # None: the default message of the code
    written: bool = False  # return the error although the row is written
    seconds: float = 0.0  # latency: fixed, mean or median
    spread: str = "fixed"
    sigma: float = 0.5  # of a lognormal latency
    max_seconds: float = 1.0  # the longest delay of a late write
    rows_per_second: float = 0.0  # capacity
    burst: float | None = None  # rows of capacity that can accumulate; None: those of one second

    def __post_init__(self) -> None:
        """Validate the options.

        Raises:
            ValueError: an option has a wrong type or value.
        """
        for name, types in _TYPES.items():
            value = getattr(self, name)
            if not isinstance(value, types) or (isinstance(value, float) and not isfinite(value)):
                raise ValueError(f"{name} cannot be {value!r}")
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate must be between 0 and 1, not {self.rate}")
        unknown = sorted(set(self.apis) - set(READS + WRITES + TABLES + ("ListSearchIndex",)))
        if unknown:
            raise ValueError(f"unknown operation {unknown[0]!r}")
        if self.spread not in SPREADS:
            raise ValueError(f"unknown spread {self.spread!r}; valid: {', '.join(SPREADS)}")
        if not self.codes or not set(self.codes) <= set(CODES):
            codes = ", ".join(sorted(set(self.codes) - set(CODES)))
            raise ValueError(f"unknown error code {codes!r}; valid: {', '.join(CODES)}")
        if self.kind == "capacity" and self.rows_per_second <= 0:
            raise ValueError("capacity needs rows_per_second greater than 0")
        if min(self.seconds, self.max_seconds, self.sigma, self.times or 0, self.burst or 0) < 0:
            raise ValueError("seconds, max_seconds, sigma, times and burst must not be negative")

    def applies_to(self, api: str) -> bool:
        """Return whether the fault can affect an operation."""
        return api in (self.apis or KINDS[self.kind][0])

    def encoded_keys(self) -> frozenset[tuple[tuple[bytes, bytes], ...]]:
        """Return the keys with names and values in encoded form."""
        return frozenset(
            tuple((name.encode(), encode(value)) for name, value in key) for key in self.keys
        )


def to_json(fault: Fault) -> dict[str, Any]:
    """Return a fault as a JSON object; a binary key value becomes {"base64": "..."}."""
    found = {
        field.name: getattr(fault, field.name)
        for field in fields(Fault)
        if field.name == "kind" or getattr(fault, field.name) != field.default
    }
    if "keys" in found:
        found["keys"] = [
            [[name, _value_to_json(value)] for name, value in key] for key in fault.keys
        ]
    return found


def from_json(found: Mapping[str, Any]) -> Fault:
    """Create a fault from a JSON object or from keyword arguments; lists become tuples.

    Raises:
        ValueError: an option is unknown, or has a wrong type or value.
    """
    kind = found.get("kind") if isinstance(found, Mapping) else found
    kind = check_kind(kind)
    unknown = sorted(set(found) - set(KINDS[kind][1]))
    if unknown:
        valid = ", ".join(KINDS[kind][1][1:])
        raise ValueError(f"unknown option {unknown[0]!r} of {kind}; valid: {valid}")
    options = dict(found)
    for name in ("apis", "tables", "codes"):
        if name in options:
            value = options[name]
            options[name] = (value,) if isinstance(value, str) else tuple(value)
    if "keys" in options:
        options["keys"] = tuple(_key_from_json(key) for key in options["keys"])
    return Fault(**options)


def check_kind(kind: object) -> str:
    """Return a valid kind of fault.

    Raises:
        ValueError: the kind is unknown.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; valid: {', '.join(KINDS)}")
    return kind


def _key_from_json(key: Iterable[Iterable[Any]]) -> PlainKey:
    return tuple((name, _value_from_json(value)) for name, value in key)


def _value_from_json(value: Any) -> KeyValue:
    if isinstance(value, Mapping):
        return base64.b64decode(value["base64"])
    if isinstance(value, bytearray):
        return bytes(value)
    if not isinstance(value, KeyValue):
        raise ValueError(f"a key cannot have the value {value!r}")
    try:
        encode(value)
    except struct.error:
        raise ValueError(f"{value!r} does not fit in 64 bits") from None
    return value


def _value_to_json(value: KeyValue) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value

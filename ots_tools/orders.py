"""What was loaded goes in, and what is wanted; whether it may be done next comes out.

The rules of the three orders of a migration, as docs/migration.md tells them; nothing is read or
written here. Refuses, with the reason, what would end in wrong rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ots_sync.errors import ConfigurationError

FUZZY_S = 60.0
"""An export holds writes up to a minute around its time.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html"""

STREAM_S = 23 * 3600.0
"""What of the stream's 24 hours a replay may count on."""


class OrderError(ConfigurationError):
    """The step would break the order; the message says why and what is right."""


@dataclass(frozen=True, slots=True)
class Step:
    """One load: `kind` is scan, full or increment; `live` puts absent rows only.

    `from_s` and `to_s`: the times that it reaches from and to (a scan: its start). `overlapped`:
    the mapping may have been enabled during a load that overwrites. `onto_rows`: the target was not
    empty when a scan that overwrites began. Seconds since 1970.
    """

    kind: str
    name: str
    live: bool
    from_s: float | None
    to_s: float
    began_s: float
    ended_s: float | None = None
    last_write_s: float | None = None
    overlapped: bool = False
    onto_rows: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One verify: `differences` it found; `whole`: not a sample; `repaired`: each was settled.

    `mapping_enabled` is None where it was not looked at.
    """

    began_s: float
    differences: int
    whole: bool
    repaired: bool
    mapping_enabled: bool | None


def resumed(history: Sequence[Step], wanted: Step) -> int | None:
    """The position of the step to go on with, or None for a new one that may begin.

    Raises OrderError when the step may neither begin nor go on.
    """
    for position, step in enumerate(history):
        if (step.kind, step.name) != (wanted.kind, wanted.name):
            continue
        if step.live != wanted.live:
            raise OrderError(
                f"The {called(step)} began {'with' if step.live else 'without'} --live and has to "
                "go on so."
            )
        if step.ended_s is not None:
            again = "For a new migration, name another --state file."
            if position < len(history) - 1:
                newer = called(history[-1])
                again = f"The {newer} has begun since: to load it again would bring old data back."
            raise OrderError(f"The {called(step)} was loaded to its end already. {again}")
        return position
    if not history:
        if wanted.kind == "increment":
            raise OrderError(
                "An incremental export continues a full one: load the full export first, with the "
                "same --state."
            )
        return None
    _may_follow(history[-1], wanted)
    return None


def _may_follow(last: Step, wanted: Step) -> None:
    if last.ended_s is None:
        raise OrderError(
            f"The {called(last)} is not loaded to its end yet: run it again, it goes on where it "
            "was."
        )
    if wanted.kind != "increment" or last.kind == "scan":
        raise OrderError(
            f"This state holds the {called(last)} already, and only an incremental export can "
            "follow a full one. For a new migration, name another --state file."
        )
    if last.live or wanted.live:
        raise OrderError("Incremental exports overwrite rows: --live does not go with them.")
    latest_s = last.to_s - (FUZZY_S if last.kind == "full" else 0.0)
    if wanted.from_s is None or wanted.from_s > latest_s:
        raise OrderError(
            f"The {called(wanted)} does not chain: it must begin at or before {when(latest_s)}"
            + (", a minute before the full export's time." if last.kind == "full" else ".")
        )
    if wanted.to_s <= last.to_s:
        raise OrderError(
            f"The {called(wanted)} ends before the {called(last)}, which has begun: to load it "
            "now would bring old data back."
        )


def may_load(wanted: Step, mapping_enabled: bool | None) -> None:
    """Raises OrderError when a load that overwrites rows would run beside the live stream."""
    if mapping_enabled and not wanted.live:
        raise OrderError(
            "The function's event source mapping is enabled: this load would overwrite newer rows "
            "with older ones. Disable the mapping (the stream keeps 24 hours), or load a table "
            "with --live, which puts absent rows only."
        )


def overlaps(step: Step, mapping_enabled: bool, changed_s: float) -> bool:
    """Whether the stream may have been written during a load that overwrites: the mapping is
    enabled, or it was altered (at `changed_s`, seconds since 1970) after the load began.
    """
    return not step.live and (mapping_enabled or changed_s > step.began_s)


def enable_before(history: Sequence[Step]) -> float | None:
    """When the mapping must be enabled at the latest, so that the stream still reaches back to
    what was loaded; None before a load, and beside a live stream.
    """
    if not history or history[-1].live:
        return None
    last = history[-1]
    since_s = last.began_s if last.kind == "scan" else last.to_s
    return since_s + STREAM_S


def when(at_s: float) -> str:
    """A time as people and `date` read it, in UTC."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def called(step: Step) -> str:
    """A step as people call it."""
    names = {"scan": "scan", "full": "full export", "increment": "incremental export"}
    return names[step.kind] + (f" {step.name}" if step.name else "")

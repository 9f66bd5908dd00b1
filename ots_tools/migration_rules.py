"""Decide which load may start next, and whether readers may be switched to the target.

These are the rules of docs/migration.md. This module reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

from ots_sync.errors import ConfigurationError

EXPORT_TOLERANCE_S = 60.0
"""A full export can contain writes from up to a minute before or after its time.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html"""

REPLAY_WINDOW_S = 23 * 3600.0
"""How far back a replay may rely on the stream, which keeps records for 24 hours."""

LATE_WRITE_S = 60.0
"""How long after the last write of a live load a verify must begin to detect its late effects."""

MAPPING_START_S = 600.0
"""How long after its creation or update a mapping may not read yet: some minutes.
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html"""


KIND_NAMES = {"scan": "scan", "full": "full export", "increment": "incremental export"}


class StepOrderError(ConfigurationError):
    """The load step is not allowed now; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class LoadStep:
    """One load: `kind` is scan, full or increment; a `live` load only inserts absent rows.

    `from_s` and `to_s`: the time range of an export; for a scan `to_s` is its start. Times are in
    seconds since 1970. `mapping_was_enabled`: the mapping may have been enabled during a load that
    overwrites rows. `target_not_empty`: the target contained rows when a scan that overwrites rows
    began.
    """

    kind: str
    name: str
    live: bool
    from_s: float | None
    to_s: float
    started_s: float
    ended_s: float | None = None
    last_write_s: float | None = None
    mapping_was_enabled: bool = False
    target_not_empty: bool = False


@dataclass(frozen=True, slots=True)
class VerifyRun:
    """One run of verify. `complete`: it was not a sample. `repaired`: every difference was.

    `mapping_enabled` is None if it is not known.
    """

    started_s: float
    differences: int
    complete: bool
    repaired: bool
    mapping_enabled: bool | None


class MappingState(NamedTuple):
    """What is known of the mapping. `enabled` is None if it is not known.

    `changed_s`: its last update, in seconds since 1970; None if there is no mapping.
    `skips_old_records`: it starts with the newest record and never delivers earlier changes.
    """

    enabled: bool | None
    changed_s: float | None
    skips_old_records: bool


def find_resumable(history: Sequence[LoadStep], wanted: LoadStep) -> int | None:
    """Return the position of the unfinished step to continue, or None if a new one may begin.

    Raises StepOrderError if the step may neither begin nor continue.
    """
    for position, step in enumerate(history):
        if (step.kind, step.name) != (wanted.kind, wanted.name):
            continue
        if step.live != wanted.live:
            raise StepOrderError(
                f"The {describe_step(step)} began {'with' if step.live else 'without'} --live. "
                "Continue it in the same way."
            )
        if step.ended_s is not None:
            advice = "For a new migration, use another --state file."
            if position < len(history) - 1:
                newer = describe_step(history[-1])
                advice = f"The {newer} began later, so loading it again would restore old data."
            raise StepOrderError(f"The {describe_step(step)} is already complete. {advice}")
        return position
    if not history:
        if wanted.kind == "increment":
            raise StepOrderError(
                "An incremental export continues a full one. Load the full export first, with the "
                "same --state file."
            )
        return None
    _ensure_may_follow(history[-1], wanted)
    return None


def _ensure_may_follow(last: LoadStep, wanted: LoadStep) -> None:
    if last.ended_s is None:
        raise StepOrderError(
            f"The {describe_step(last)} is not complete. Run it again; it continues where it "
            "stopped."
        )
    if wanted.kind != "increment" or last.kind == "scan":
        raise StepOrderError(
            f"The {describe_step(last)} was already loaded, and only an incremental export can "
            "follow a full one. For a new migration, use another --state file."
        )
    if last.live or wanted.live:
        raise StepOrderError(
            "An incremental export overwrites rows, so it cannot be loaded with --live or after a "
            "load with --live."
        )
    latest_s = last.to_s - (EXPORT_TOLERANCE_S if last.kind == "full" else 0.0)
    if wanted.from_s is None or wanted.from_s > latest_s:
        raise StepOrderError(
            f"The {describe_step(wanted)} leaves a gap after the {describe_step(last)}. It must "
            f"begin at or before {format_time(latest_s)}"
            + (", one minute before the time of the full export." if last.kind == "full" else ".")
        )
    if wanted.to_s <= last.to_s:
        raise StepOrderError(
            f"The {describe_step(wanted)} ends before the {describe_step(last)}, which was loaded "
            "already, so loading it would restore old data."
        )


def ensure_allowed(wanted: LoadStep, mapping_enabled: bool | None) -> None:
    """Raise StepOrderError if a load that overwrites rows would run while the mapping is on."""
    if mapping_enabled and not wanted.live:
        raise StepOrderError(
            "The function's event source mapping is enabled, so this load would overwrite newer "
            "rows with older ones. Disable the mapping (the stream keeps 24 hours), or load a "
            "table with --live, which only inserts absent rows."
        )


def was_mapping_enabled_during(step: LoadStep, mapping_enabled: bool, changed_s: float) -> bool:
    """Return whether the mapping may have been enabled during a load that overwrites rows.

    So it was if it is enabled now, or if it changed (at `changed_s`, in seconds since 1970) after
    the load began.
    """
    return not step.live and (mapping_enabled or changed_s > step.started_s)


def enable_mapping_before_s(history: Sequence[LoadStep]) -> float | None:
    """Return the time by which the mapping must be enabled, so that the stream still contains
    every change since the load; None before a load, and for a live load.
    """
    if not history or history[-1].live:
        return None
    last = history[-1]
    since_s = last.started_s if last.kind == "scan" else last.to_s
    return since_s + REPLAY_WINDOW_S


def single_history(
    from_state: Sequence[LoadStep], from_ledger: Sequence[LoadStep]
) -> Sequence[LoadStep]:
    """Return the steps of the state file or of the ledger.

    Raises StepOrderError if both contain steps, because the order between them is not known.
    """
    if from_state and from_ledger:
        raise StepOrderError(
            f"The state file contains the {describe_step(from_state[-1])} and the ledger the "
            f"{describe_step(from_ledger[-1])}, and it is not known which of them wrote last. Use "
            "a new --state file with --ledger, and verify again."
        )
    return from_state or from_ledger


def find_blockers(
    history: Sequence[LoadStep],
    verify_runs: Sequence[VerifyRun],
    now_s: float,
    mapping: MappingState,
) -> list[str]:
    """Return what still prevents a switch of the readers, as clauses; [] if nothing does.

    A verify from before the mapping's last change does not count, because a mapping that was off
    for a day has lost changes. Neither does one that ran while the mapping may have skipped some.
    """
    if not history:
        return ["nothing was loaded yet: run backfill, or name the state machine's --ledger"]
    last = history[-1]
    if last.ended_s is None:
        return [f"the {describe_step(last)} is not complete: run its load again"]
    before_s = enable_mapping_before_s(history)
    if mapping.enabled is False and before_s is not None and now_s <= before_s:
        advice = f"; {_recreate_mapping(before_s)}" if mapping.skips_old_records else ""
        return [f"the mapping is not enabled: enable it before {format_time(before_s)}{advice}"]
    blockers = [] if mapping.enabled is not False else ["the mapping is not enabled"]
    loaded_s = max(last.ended_s, last.last_write_s or 0.0) + (LATE_WRITE_S if last.live else 0.0)
    reads_s = (mapping.changed_s or 0.0) + (MAPPING_START_S if mapping.skips_old_records else 0.0)
    since_s = max(loaded_s, reads_s)
    newest = next(
        (run for run in reversed(verify_runs) if run.complete and run.started_s >= loaded_s), None
    )
    counts = (
        newest is not None
        and newest.started_s >= reads_s
        and newest.mapping_enabled is not False  # the comparison above is between two clocks
    )
    if newest is not None and newest.differences and not newest.repaired:
        blockers.append(f"the last verify found {newest.differences} differences: run repair")
    elif last.live and not counts:
        blockers.append(
            "a load with --live needs a verify that begins after "
            f"{format_time(since_s)} with the mapping enabled, and a repair of what it finds"
        )
    reason = _reason_for_equal_verify(history, before_s, now_s, mapping)
    if reason and not (counts and newest is not None and newest.differences == 0):
        blockers.append(f"a verify that begins after {format_time(since_s)} must be equal{reason}")
        if mapping.skips_old_records and before_s is not None and now_s <= before_s:
            blockers[-1] += f"; {_recreate_mapping(before_s)}"
    return blockers


def _reason_for_equal_verify(
    history: Sequence[LoadStep], before_s: float | None, now_s: float, mapping: MappingState
) -> str:
    if any(step.mapping_was_enabled for step in history):
        return ", because the mapping was enabled or changed during a load that overwrites rows"
    if any(step.target_not_empty for step in history):
        return ", because the target contained rows before the load, and a load deletes none"
    if history[-1].kind != "scan" and not history[-1].live:
        return " with the mapping enabled, because exports do not contain every deletion"
    if before_s is not None and now_s > before_s:
        return f", because {format_time(before_s)} has passed"
    if before_s is not None and mapping.skips_old_records:
        return ", because the mapping does not replay the stream"
    return ""


def _recreate_mapping(before_s: float) -> str:
    return (
        "its StartingPosition is LATEST, which skips the changes since the load began: delete the "
        f"mapping and create it again with TRIM_HORIZON before {format_time(before_s)}"
    )


def format_time(at_s: float) -> str:
    """Return a time in UTC, in a form that `date` reads."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def describe_step(step: LoadStep) -> str:
    """Return the kind and the name of a step."""
    return KIND_NAMES[step.kind] + (f" {step.name}" if step.name else "")

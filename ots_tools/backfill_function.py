"""Load an export in AWS Lambda; a Step Functions state machine calls `handler`.

There are three actions. `begin` checks the export and the order of load steps. `load` loads one
data file, or as much of it as the time allows. `end` stores that every file is loaded. Between two
calls only the state machine, statemachine/backfill.asl.json, keeps data.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ots_tools import aws, function
from ots_tools.gc_tuning import infrequent_gc
from ots_tools.ledger import Ledger
from ots_tools.loader import write_changes
from ots_tools.migration_rules import (
    LoadStep,
    enable_mapping_before_s,
    ensure_allowed,
    format_time,
)
from ots_tools.sources.export import DataFile, S3Location, parse_location, read_export
from ots_tools.sources.export_lines import check_file, read_lines
from ots_tools.state_file import MigrationId

MIN_CHUNK_S = 60.0
"""The remaining time below which no further chunk is begun."""
RESPONSE_RESERVE_S = 10.0
"""The part of the remaining time that a chunk may not use."""


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Perform `event["action"]`; return what the state machine passes to the next call."""
    return {"begin": begin, "load": load, "end": end}[str(event["action"])](event, context)


def begin(event: Mapping[str, Any], _: Any) -> Mapping[str, Any]:
    """Begin the load of the export `event["export"]`; return the location of its list of files.

    Raises StepOrderError if the step is not allowed now, or if the mapping is enabled.
    """
    location = parse_location(event["export"], lambda: aws.client("s3"))
    export = read_export(location)
    assert isinstance(location, S3Location)
    table = export.table_arn.rpartition("/")[2]
    wanted = LoadStep(export.kind, export.name, False, export.from_s, export.to_s, time.time())
    ensure_allowed(wanted, _is_mapping_enabled(table))
    _ledger(export.table_arn).begin_step(wanted)
    return {
        "export": event["export"],
        "step": export.name,
        "kind": export.kind,
        "table_arn": export.table_arn,
        "items": export.items,
        "concurrency": int(os.environ["BACKFILL_CONCURRENCY"]),
        "bucket": location.bucket,
        "manifest": f"{location.prefix}/manifest-files.json",
    }


@infrequent_gc()
def load(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Load `event["file"]`, a line of the manifest, after the line `event["line"]`.

    Returns the event with the new line and counts; `done` is true when the file is loaded. Raises
    LoadError if rows cannot be written now. Raises StepOrderError if the step is no longer current:
    this is checked before each chunk, because an execution whose response was lost can overlap with
    its retry.
    """
    ledger = _ledger(event["table_arn"])
    ledger.ensure_current(event["step"])
    entry = event["file"]
    file = DataFile(entry["dataFileS3Key"], int(entry["itemCount"]), entry["md5Checksum"])
    location = parse_location(event["export"], lambda: aws.client("s3"))
    line = int(event.get("line", 0))
    rows, rejected = int(event.get("rows", 0)), int(event.get("rejected", 0))
    if not line:
        check_file(location, file)
    keys = function.settings().key_list
    done = True
    for changes, next_line in read_lines(location, file, event["kind"], keys, line):
        remaining_s = context.get_remaining_time_in_millis() / 1000
        if remaining_s < MIN_CHUNK_S:
            done = False
            break
        ledger.ensure_current(event["step"])
        counts, _ = write_changes(
            changes, live=False, writers=1, timeout_s=remaining_s - RESPONSE_RESERVE_S
        )
        rows, rejected = rows + counts.rows, rejected + counts.rejected
        line = next_line
    return {**event, "line": line, "rows": rows, "rejected": rejected, "done": done}


def end(event: Mapping[str, Any], _: Any) -> Mapping[str, Any]:
    """Store that the step is complete; return the time by which the mapping must be enabled."""
    table_arn = event["table_arn"]
    enabled = _is_mapping_enabled(table_arn.rpartition("/")[2])
    ended = _ledger(table_arn).end_step(
        event["step"], time.time(), mapping_was_enabled=bool(enabled)
    )
    before_s = enable_mapping_before_s([ended])
    assert before_s is not None
    return {"step": event["step"], "enable_mapping_before": format_time(before_s)}


def _is_mapping_enabled(table: str) -> bool | None:
    """Return whether the mapping is enabled; None if the stack does not name its function."""
    name = os.environ.get("SYNC_FUNCTION")
    if not name:
        return None
    mapping = function.find_mapping(name, table, aws.client("lambda"))
    return mapping is not None and mapping.enabled


def _ledger(table_arn: str) -> Ledger:
    settings = function.settings()
    target = f"{settings.instance}/{settings.table_name}"
    migration = MigrationId(table_arn, target, settings.fingerprint)
    return Ledger(aws.client("s3"), os.environ["LEDGER_BUCKET"], migration)

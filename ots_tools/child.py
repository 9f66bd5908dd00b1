"""The door of the backfill function: Step Functions calls `handler` for a load from an export.

Three actions: `begin` checks the export and the order of steps, `load` loads one data file, or as
much of it as there is time for, `end` notes that every file is done. The state machine is
statemachine/backfill.asl.json; nothing is kept between two calls but what it passes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ots_tools import aws, deployed, door, export_lines, garbage, orders
from ots_tools.exports import DataFile, read_export
from ots_tools.ledger import Ledger
from ots_tools.load import write
from ots_tools.orders import Step
from ots_tools.places import Bucket, place
from ots_tools.state import Owner

REST_S = 60.0
"""No chunk is begun with less time left than this, in seconds."""
ANSWER_S = 10.0
"""What of the time left a chunk may not use."""


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """What one call did; the state machine passes it on. `event["action"]` says what is wanted."""
    return {"begin": begin, "load": load, "end": end}[str(event["action"])](event, context)


def begin(event: Mapping[str, Any], _: Any) -> Mapping[str, Any]:
    """The step that may begin, and where its list of files is. `event["export"]` names it.

    Raises OrderError when the step would break the order, or the mapping is enabled.
    """
    where = place(event["export"], lambda: aws.client("s3"))
    export = read_export(where)
    assert isinstance(where, Bucket)
    table = export.table_arn.rpartition("/")[2]
    wanted = Step(export.kind, export.name, False, export.from_s, export.to_s, time.time())
    orders.may_load(wanted, _mapping_enabled(table))
    _ledger(export.table_arn).begin(wanted)
    return {
        "export": event["export"],
        "step": export.name,
        "kind": export.kind,
        "table_arn": export.table_arn,
        "items": export.items,
        "concurrency": int(os.environ["BACKFILL_CONCURRENCY"]),
        "bucket": where.name,
        "manifest": f"{where.prefix}/manifest-files.json",
    }


@garbage.seldom()
def load(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Loads `event["file"]`, a line of the manifest, from the line `event["line"]` on.

    Answers with the event, its line moved and its counts raised; `done` when the file is. Raises
    LoadError when rows cannot be written now, OrderError when the step is over: it is looked at
    before each chunk, for a child whose answer was lost may run beside the one in its place.
    """
    ledger = _ledger(event["table_arn"])
    ledger.check(event["step"])
    found = event["file"]
    file = DataFile(found["dataFileS3Key"], int(found["itemCount"]), found["md5Checksum"])
    where = place(event["export"], lambda: aws.client("s3"))
    line = int(event.get("line", 0))
    counts = [int(event.get(name, 0)) for name in ("rows", "refused")]
    if not line:
        export_lines.check(where, file)
    keys = door.settings().key_list
    done = True
    for changes, at in export_lines.chunks(where, file, event["kind"], keys, line):
        left_s = context.get_remaining_time_in_millis() / 1000
        if left_s < REST_S:
            done = False
            break
        ledger.check(event["step"])
        wrote, _ = write(changes, live=False, share=1, patience_s=left_s - ANSWER_S)
        counts = [counts[0] + wrote.rows, counts[1] + wrote.refused]
        line = at
    return {**event, "line": line, "rows": counts[0], "refused": counts[1], "done": done}


def end(event: Mapping[str, Any], _: Any) -> Mapping[str, Any]:
    """Notes that the step is done whole; tells when the mapping has to be enabled at the latest."""
    table_arn = event["table_arn"]
    enabled = _mapping_enabled(table_arn.rpartition("/")[2])
    ended = _ledger(table_arn).end(event["step"], time.time(), overlapped=bool(enabled))
    before_s = orders.enable_before([ended])
    assert before_s is not None
    return {"step": event["step"], "enable_the_mapping_before": orders.when(before_s)}


def _mapping_enabled(table: str) -> bool | None:
    """Whether the stream may be written now; None where the stack does not name its function."""
    function = os.environ.get("SYNC_FUNCTION")
    if not function:
        return None
    trigger = deployed.mapping_of(function, table, aws.client("lambda"))
    return trigger is not None and trigger.enabled


def _ledger(table_arn: str) -> Ledger:
    settings = door.settings()
    target = f"{settings.instance}/{settings.table_name}"
    owner = Owner(table_arn, target, settings.fingerprint)
    return Ledger(aws.client("s3"), os.environ["LEDGER_BUCKET"], owner)

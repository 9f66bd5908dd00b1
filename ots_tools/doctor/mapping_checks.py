"""Check the event source mapping, which delivers the stream to the function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ots_tools.doctor.context import DoctorContext
from ots_tools.doctor.findings import (
    CheckSkippedError,
    Finding,
    NotFoundError,
    error,
    ok,
    warning,
)
from ots_tools.function import FROM_OLDEST

_OFF = ("Disabled", "Disabling", "Deleting")
_STREAM_RETENTION_S = 86_400
_MIN_RECORD_AGE_S = 43_200
"""A key that is revoked in the evening should not cost the changes until the morning."""


def mapping(context: DoctorContext) -> Finding:
    """Check that every mapping is enabled and reads the source's current stream."""
    found = context.mappings()
    if not found:
        return error("No mapping invokes the function. Add a trigger on the source table's stream.")
    current_stream = _current_stream(context)
    lines, is_wrong = [], False
    for one in found:
        arn = one["EventSourceArn"]
        text = f"{one['UUID']} is {one['State']}"
        is_of_table = current_stream and f"{arn.partition('/stream/')[0]}/" in current_stream
        if is_of_table and arn != current_stream:
            is_wrong = True
            text += ", but it reads a stream that no longer exists: use the table's current stream"
        result = str(one.get("LastProcessingResult", ""))
        if "PROBLEM" in result.upper() or "ERROR" in result.upper():
            is_wrong = True
            text += f"; its last result: {result}"
        if _skips_old_records(one):
            text += (
                f"; its StartingPosition is {one['StartingPosition']}, which skips the changes "
                "from before it began to read, such as those during a load, and possibly some "
                "when it is updated: delete it and create it again with TRIM_HORIZON"
            )
        lines.append(text)
    message = "; ".join(lines) + "."
    if is_wrong:
        return error(message)
    if any(one["State"] in _OFF for one in found):
        return error(
            message + " No change is replicated. The stream keeps changes for 24 hours: enable the "
            "mapping in time."
        )
    if any(one["State"] != "Enabled" or _skips_old_records(one) for one in found):
        return warning(message)
    return ok(message)


def _skips_old_records(one: Mapping[str, Any]) -> bool:
    return bool(one.get("StartingPosition", FROM_OLDEST) != FROM_OLDEST)


def _current_stream(context: DoctorContext) -> str | None:
    try:
        return context.source().get("LatestStreamArn")
    except (NotFoundError, CheckSkippedError):
        return None


def partial_response(context: DoctorContext) -> Finding:
    """Check that the mapping evaluates the function's response exactly if there is one."""
    is_partial = context.settings().partial_response
    ignoring = [
        one["UUID"]
        for one in context.mappings()
        if "ReportBatchItemFailures" not in one.get("FunctionResponseTypes", ())
    ]
    if not context.mappings():
        raise CheckSkippedError("there is no mapping")
    if is_partial and ignoring:
        return error(
            f"CHANGES ARE LOST: PARTIAL_RESPONSE=1, but {', '.join(ignoring)} ignores the "
            "function's response. Set its FunctionResponseTypes to ReportBatchItemFailures, or set "
            "PARTIAL_RESPONSE=0."
        )
    if not is_partial and not ignoring:
        return warning(
            "The mapping evaluates responses, but PARTIAL_RESPONSE is 0, so that a batch that "
            "failed in part is delivered again as a whole. Set PARTIAL_RESPONSE=1."
        )
    return ok("ReportBatchItemFailures and PARTIAL_RESPONSE agree.")


def failed_batches(context: DoctorContext) -> Finding:
    """Check that a failed batch is retried for long enough, and stored when it is given up."""
    if not context.mappings():
        raise CheckSkippedError("there is no mapping")
    weaknesses = [text for one in context.mappings() if (text := _weaknesses(one))]
    if any(_loses_changes(one) for one in context.mappings()):
        return error(
            "CHANGES GET LOST if Table Store is unavailable for long: " + " ".join(weaknesses)
        )
    if weaknesses:
        return warning(" ".join(weaknesses))
    return ok("Failed batches are retried until they are old, split, and stored.")


def _weaknesses(one: Mapping[str, Any]) -> str:
    found = []
    age_s = one.get("MaximumRecordAgeInSeconds", -1)
    if one.get("MaximumRetryAttempts", -1) != -1:
        found.append(f"gives up after {one['MaximumRetryAttempts']} retries: set -1")
    if 0 <= age_s < _MIN_RECORD_AGE_S:
        found.append(f"gives up after {age_s} s: set MaximumRecordAgeInSeconds to 82800")
    if not 0 <= age_s < _STREAM_RETENTION_S:
        found.append(
            "retries until the stream drops the record, which is then stored nowhere: set "
            "MaximumRecordAgeInSeconds to 82800"
        )
    if not one.get("BisectBatchOnFunctionError"):
        found.append("does not split a batch that fails: set BisectBatchOnFunctionError")
    if not _on_failure_destination(one):
        found.append("does not store what it gives up: set an on-failure destination")
    return f"{one['UUID']} {', '.join(found)}." if found else ""


def _loses_changes(one: Mapping[str, Any]) -> bool:
    """Return whether it drops changes that the stream still contains."""
    age_s = one.get("MaximumRecordAgeInSeconds", -1)
    gives_up = one.get("MaximumRetryAttempts", -1) != -1 or 0 <= age_s < _STREAM_RETENTION_S
    return gives_up and not _on_failure_destination(one)


def _on_failure_destination(one: Mapping[str, Any]) -> Any:
    return one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")

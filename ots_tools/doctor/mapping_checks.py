"""Checks of the event source mapping, which delivers the stream to the function.

A World goes in, a Finding comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ots_tools import deployed
from ots_tools.doctor.findings import AbsentError, Finding, NotAskedError, good, note, to_do
from ots_tools.doctor.world import World

_RESTING = ("Disabled", "Disabling", "Deleting")
_STREAM_KEEPS_S = 86_400
_GIVES_UP_EARLY_S = 43_200
"""A key that is revoked in the evening should not cost what was changed by the morning."""


def mapping(world: World) -> Finding:
    """Whether exactly one enabled mapping reads the source's present stream."""
    found = world.mappings()
    if not found:
        return to_do("No mapping calls the function: add a trigger on the source table's stream.")
    present = _present_stream(world)
    lines, bad = [], False
    for one in found:
        arn, state = one["EventSourceArn"], one["State"]
        said = f"{one['UUID']} is {state}"
        if present and f"{arn.partition('/stream/')[0]}/" in present and arn != present:
            bad = True
            said += ", but reads a stream that the table has no longer: give it the present one"
        result = str(one.get("LastProcessingResult", ""))
        if "PROBLEM" in result.upper() or "ERROR" in result.upper():
            bad = True
            said += f"; its last result: {result}"
        if _skips(one):
            said += (
                f"; its StartingPosition is {one['StartingPosition']}, which leaves out what was "
                "changed before it began to read, such as during a load, and may do so when it is "
                "altered: delete it and make it again with TRIM_HORIZON"
            )
        lines.append(said)
    words = "; ".join(lines) + "."
    if bad:
        return to_do(words)
    if any(one["State"] in _RESTING for one in found):
        return to_do(words + " No change is copied. The stream keeps 24 hours: enable it in time.")
    if any(one["State"] != "Enabled" or _skips(one) for one in found):
        return note(words)
    return good(words)


def _skips(one: Mapping[str, Any]) -> bool:
    return bool(one.get("StartingPosition", deployed.REPLAYS) != deployed.REPLAYS)


def _present_stream(world: World) -> str | None:
    try:
        return world.source().get("LatestStreamArn")
    except (AbsentError, NotAskedError):
        return None


def answer(world: World) -> Finding:
    """Whether the mapping reads what the function answers."""
    partial = world.settings().partial_response
    ignoring = [
        one["UUID"]
        for one in world.mappings()
        if "ReportBatchItemFailures" not in one.get("FunctionResponseTypes", ())
    ]
    if not world.mappings():
        raise NotAskedError("no mapping")
    if partial and ignoring:
        return to_do(
            f"CHANGES ARE LOST: PARTIAL_RESPONSE=1, but {', '.join(ignoring)} ignores answers. Set "
            "FunctionResponseTypes to ReportBatchItemFailures on it, or PARTIAL_RESPONSE=0."
        )
    if not partial and not ignoring:
        return note(
            "The mapping reads answers, but PARTIAL_RESPONSE is 0: a batch that failed in part is "
            "delivered whole again. PARTIAL_RESPONSE=1 spares that."
        )
    return good("ReportBatchItemFailures and PARTIAL_RESPONSE agree.")


def patience(world: World) -> Finding:
    """Whether a batch that fails is tried for long, and kept when it is given up."""
    if not world.mappings():
        raise NotAskedError("no mapping")
    weak = [words for one in world.mappings() if (words := _weakness(one))]
    if any(_loses(one) for one in world.mappings()):
        return to_do("CHANGES GET LOST when Table Store is away for long: " + " ".join(weak))
    if weak:
        return note(" ".join(weak))
    return good("Failed batches are tried again until they are old, split, and kept.")


def _weakness(one: Mapping[str, Any]) -> str:
    faults = []
    age_s = one.get("MaximumRecordAgeInSeconds", -1)
    if one.get("MaximumRetryAttempts", -1) != -1:
        faults.append(f"gives up after {one['MaximumRetryAttempts']} retries: set -1")
    if 0 <= age_s < _GIVES_UP_EARLY_S:
        faults.append(f"gives up after {age_s} s: set MaximumRecordAgeInSeconds to 82800")
    if not 0 <= age_s < _STREAM_KEEPS_S:
        faults.append(
            "tries until the stream forgets, which keeps nothing: set MaximumRecordAgeInSeconds to "
            "82800"
        )
    if not one.get("BisectBatchOnFunctionError"):
        faults.append("does not split a batch that fails: set BisectBatchOnFunctionError")
    if not _destination(one):
        faults.append("keeps nothing of what it gives up: set an on-failure destination")
    return f"{one['UUID']} {', '.join(faults)}." if faults else ""


def _loses(one: Mapping[str, Any]) -> bool:
    """Whether it drops changes that the stream still has."""
    age_s = one.get("MaximumRecordAgeInSeconds", -1)
    gives_up = one.get("MaximumRetryAttempts", -1) != -1 or 0 <= age_s < _STREAM_KEEPS_S
    return gives_up and not _destination(one)


def _destination(one: Mapping[str, Any]) -> Any:
    return one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")

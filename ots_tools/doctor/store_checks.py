"""Check Table Store: the endpoint, the access key, and the target table; create that table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ots_sync.errors import TableStoreError
from ots_sync.retry import classify
from ots_tools import target
from ots_tools.doctor import source_checks
from ots_tools.doctor.advice import explain
from ots_tools.doctor.context import DoctorContext, UnreachableError
from ots_tools.doctor.findings import CannotCheckError, Finding, Status, error, ok, warning

# Errors of the probe write which show that the access key may write.
_MAY_WRITE = ("OTSConditionCheckFail", "OTSInvalidPK", "OTSParameterInvalid", "OTSObjectNotExist")
_CLOCK_WARNING_S = 60
_CLOCK_ERROR_S = 600
"""Table Store and its SDK accept 15 minutes; this leaves room for drift."""

MAX_WAITS = 60
WAIT_S = 1.0
"""A new table accepts writes after some seconds."""


def endpoint(context: DoctorContext) -> Finding:
    """Check that the instance's endpoint responds."""
    url = context.settings().endpoint
    try:
        context.endpoint_time_s()
    except UnreachableError as problem:
        return error(f"{problem}.")
    return ok(f"{url} responds.")


def clock(context: DoctorContext) -> Finding:
    """Check this machine's clock against Table Store's, which rejects requests of another time."""
    try:
        time_there_s = context.endpoint_time_s()
    except UnreachableError:
        raise CannotCheckError("the endpoint does not respond") from None
    if time_there_s is None:
        raise CannotCheckError("the endpoint's response has no date")
    difference_s = abs(context.time_s() - time_there_s)
    if difference_s > _CLOCK_ERROR_S:
        return error(
            f"The clocks of this machine and of Table Store differ by {difference_s / 60:.0f} "
            "minutes. At 15 minutes it rejects every request. Synchronize the clock by NTP."
        )
    if difference_s > _CLOCK_WARNING_S:
        return warning(
            f"The clocks of this machine and of Table Store differ by {difference_s:.0f} s."
        )
    return ok("The clocks of this machine and of Table Store differ by less than a minute.")


def access_key(context: DoctorContext) -> Finding:
    """Check that the function's access key exists and may write to the table."""
    problem = context.write_error()
    if problem is None or problem.code in _MAY_WRITE:
        return ok("The function's access key may write.")
    if problem.code in ("OTSAuthFailed", "OTSNoPermissionAccess"):
        return error(explain(problem))
    raise CannotCheckError(explain(problem))


def table(context: DoctorContext) -> Finding:
    """Check that the target table exists."""
    name, problem = context.settings().table_name, context.write_error()
    if problem is not None and problem.code == "OTSObjectNotExist":
        return error(
            f"The table {name} does not exist. Create it: --create-target does so with the "
            "source's keys."
        )
    if problem is not None and problem.code not in _MAY_WRITE:
        raise CannotCheckError(explain(problem))
    return ok(f"The table {name} exists.")


def primary_key(context: DoctorContext) -> Finding:
    """Check that the target's key is that of PRIMARY_KEY, with its order and the source's types."""
    expected = context.expected_key()
    try:
        key = context.definition().key
    except TableStoreError:
        return _primary_key_by_write(context, expected)
    if list(key.items()) == list(expected.items()):
        return ok(f"The table's key is {_listed(key)}.")
    return error(
        f"The table's key is {_listed(key)}, but PRIMARY_KEY and the source's types require "
        f"{_listed(expected)}. Correct PRIMARY_KEY, or create another table, because a key cannot "
        "be changed."
    )


def _primary_key_by_write(context: DoctorContext, expected: dict[str, str]) -> Finding:
    """Check the key with a write, for an access key that may not describe the table."""
    problem = context.write_error()
    if problem is None or problem.code == "OTSConditionCheckFail":
        return ok(f"The table accepts the key {_listed(expected)}.")
    if problem.code == "OTSInvalidPK":
        return error(
            f"The table rejects the key {_listed(expected)}: {problem.message} "
            "Correct PRIMARY_KEY, or create another table, because a key cannot be changed."
        )
    raise CannotCheckError(explain(problem))


def options(context: DoctorContext) -> Finding:
    """Check that the table keeps what is written, with one version, and accepts updates."""
    found = context.definition()
    faults = []
    if found.time_to_live_s != -1:
        faults.append(f"cells expire after {found.time_to_live_s} s: set its TTL to -1")
    if not found.allow_update:
        faults.append("updates are not allowed: allow them")
    if found.generated:
        names = ", ".join(found.generated)
        faults.append(f"Table Store generates the key {names}: create another table")
    if faults:
        return error("The table's options are wrong: " + "; ".join(faults) + ".")
    if found.max_versions != 1:
        return warning(
            f"The table keeps {found.max_versions} versions of each cell, which costs storage. "
            "One is enough."
        )
    return ok("The table keeps one version without expiry, and accepts updates.")


def writer_permissions(context: DoctorContext) -> Finding:
    """Check that the function's access key can only write."""
    client, name = context.writer_client(), context.settings().table_name
    results = dict(target.probe_reads(client, name, context.probe_key()))
    allowed = [action for action, problem in results.items() if problem is None]
    if allowed:
        return warning(
            f"The function's access key also allows {', '.join(allowed)}. It needs only "
            "BatchWriteRow on this one table: docs/ram/writer.json."
        )
    for problem in results.values():
        if problem is not None and problem.code != "OTSNoPermissionAccess":
            raise CannotCheckError(explain(problem))
    return ok("The function's access key may not read, and does not need to.")


def create_target(context: DoctorContext, sleep: Callable[[float], None]) -> Finding:
    """Create the target table with the source's keys in the order of PRIMARY_KEY.

    An existing table stays unchanged.
    """
    keys = source_checks.keys(context)
    if keys.status is Status.ERROR:
        return keys
    name, source = context.settings().table_name, context.source_key()
    key = {column: target.KEY_TYPES[source[column]] for column in context.settings().key_list}
    try:
        target.create_table(context.operator_client(), name, key)
    except TableStoreError as problem:
        if problem.code == "OTSObjectAlreadyExist":
            return warning(f"The table {name} already exists and stays unchanged.")
        return error(f"The table {name} could not be created. {explain(problem)}")
    for _ in range(MAX_WAITS):
        write_error = target.probe_write(context.writer_client(), name, key)
        if write_error is None or classify(write_error.code).action != "retry":
            break
        sleep(WAIT_S)
    return ok(
        f"The table {name} was created with the key {_listed(key)}; it keeps one version without "
        "expiry."
    )


def _listed(key: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in key.items())

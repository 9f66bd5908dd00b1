"""Check the function: settings, secret, runtime, timeout, role and quarantine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ots_sync import client as ots_client
from ots_sync import settings as all_settings
from ots_sync.connection import max_call_s
from ots_sync.credentials import credentials_provider
from ots_sync.errors import ConfigurationError, SettingsError
from ots_sync.invocation import RESPONSE_RESERVE_S
from ots_sync.quarantine import MAX_STORE_S
from ots_tools.doctor.context import DoctorContext, aws_call
from ots_tools.doctor.findings import (
    CheckSkippedError,
    Finding,
    NotFoundError,
    error,
    ok,
    warning,
)

RUNTIME, ARCHITECTURE = "python3.12", "x86_64"
"""The only platform of the SDK's fast encoder."""


def settings(context: DoctorContext) -> Finding:
    """Check that the settings are valid; report every fault at once."""
    try:
        found = all_settings.load(context.environ, context.fallback)
    except SettingsError as problem:
        return error("\n".join(problem.faults))
    return ok(
        f"{found.table_name} in instance {found.instance}, key {', '.join(found.key_list)}, "
        f"fingerprint {found.fingerprint}."
    )


def secret(context: DoctorContext) -> Finding:
    """Check that the secret of OTS_SECRET_ARN can be read and contains an access key."""
    found = context.settings()
    if not found.secret_arn:
        raise CheckSkippedError("no OTS_SECRET_ARN: the access key is in plain variables")
    client = context.client("secretsmanager")
    try:
        aws_call(lambda: client.get_secret_value(SecretId=found.secret_arn))
        credentials_provider(found).get_credentials()
    except NotFoundError as problem:
        return error(f"The secret of OTS_SECRET_ARN does not exist: {problem}.")
    except ConfigurationError as problem:
        return error(str(problem))
    return ok("The secret contains an access key.")


def function(context: DoctorContext) -> Finding:
    """Check that the function exists and is ready."""
    try:
        found = context.function()
    except NotFoundError as problem:
        return error(
            f"The function {context.function_name} does not exist in this region: {problem}."
        )
    state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
    if state == "Failed" or update == "Failed":
        reason = (
            found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason given"
        )
        return error(f"Lambda cannot run {found['FunctionName']}: {reason}")
    if state == "Pending" or update == "InProgress":
        return warning(f"{found['FunctionName']} is being deployed.")
    return ok(f"{found['FunctionName']} is ready, with {found['MemorySize']} MB.")


def encoder(context: DoctorContext) -> Finding:
    """Check that the SDK's fast encoder loads where the function runs."""
    try:
        found = context.function()
    except CheckSkippedError:
        if ots_client.has_native_encoder():
            return ok("The SDK's fast encoder loads in this Python.")
        return warning(
            "The SDK's fast encoder does not load in this Python. It needs "
            f"{RUNTIME} on {ARCHITECTURE}."
        )
    platform = (found.get("Runtime"), *found.get("Architectures", [ARCHITECTURE]))
    if platform != (RUNTIME, ARCHITECTURE):
        return warning(
            f"The function runs on {' '.join(map(str, platform))}, where encoding takes 13 times "
            f"as long. Use {RUNTIME} on {ARCHITECTURE}."
        )
    return ok(f"{RUNTIME} on {ARCHITECTURE}: the SDK's fast encoder loads.")


def timeout(context: DoctorContext) -> Finding:
    """Check that an invocation has time for one request and what follows it."""
    timeout_s, found = context.function()["Timeout"], context.settings()
    store_s = MAX_STORE_S if found.quarantine else 0.0
    needed_s = max_call_s(found.timeout_s) + store_s + RESPONSE_RESERVE_S
    if timeout_s < needed_s:
        return error(
            f"The function's timeout is {timeout_s} s, but one request and what follows it can "
            f"take {needed_s:.0f} s. Raise the timeout, or lower OTS_TIMEOUT."
        )
    return ok(f"{timeout_s} s; one request and what follows it can take {needed_s:.0f} s.")


def role(context: DoctorContext) -> Finding:
    """Check that the function's role may read the stream and the secret, and write quarantine."""
    found, iam = context.function(), context.client("iam")
    missing = []
    for action, resource in _needed_permissions(context):
        response = aws_call(
            lambda action=action, resource=resource: iam.simulate_principal_policy(  # type: ignore[misc]
                PolicySourceArn=found["Role"], ActionNames=[action], ResourceArns=[resource]
            )
        )
        if any(one["EvalDecision"] != "allowed" for one in response["EvaluationResults"]):
            missing.append(f"{action} on {resource}")
    if missing:
        return error(f"The function's role does not allow {'; '.join(missing)}.")
    return ok("The function's role allows everything that the settings need.")


def _needed_permissions(context: DoctorContext) -> list[tuple[str, str]]:
    found = context.settings()
    streams = [mapping["EventSourceArn"] for mapping in context.mappings()]
    reads = ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream")
    needed = [(action, arn) for arn in streams for action in reads]
    if found.secret_arn:
        needed.append(("secretsmanager:GetSecretValue", found.secret_arn))
    if found.quarantine.startswith("s3://"):
        partition = context.function()["FunctionArn"].split(":")[1]
        path = found.quarantine.removeprefix("s3://").rstrip("/")
        needed.append(("s3:PutObject", f"arn:{partition}:s3:::{path}/{found.table_name}/1.json"))
    return needed


def quarantine(context: DoctorContext) -> Finding:
    """Check that rejected records can be stored; nothing stays there.

    For a deployed function the bucket is checked, otherwise a write from this process.
    """
    location = context.settings().quarantine
    if not location:
        return warning(
            "QUARANTINE is not set: a record that can never be written blocks its shard until the "
            "stream drops it after 24 hours."
        )
    parts = urlsplit(location)
    if parts.scheme == "file":
        return _folder(Path(unquote(parts.path)), deployed=bool(context.function_name))
    s3 = context.client("s3")
    try:
        if context.function_name:
            aws_call(lambda: s3.head_bucket(Bucket=parts.netloc))
            return ok(
                f"The bucket {parts.netloc} exists; `role` checks whether the function may write."
            )
        key = f"{parts.path.strip('/')}/{context.settings().table_name}/doctor".lstrip("/")
        # Starting an upload needs the same permission as an object, and leaves none.
        upload = aws_call(lambda: s3.create_multipart_upload(Bucket=parts.netloc, Key=key))
        aws_call(
            lambda: s3.abort_multipart_upload(
                Bucket=parts.netloc, Key=key, UploadId=upload["UploadId"]
            )
        )
    except NotFoundError:
        return error(f"The bucket {parts.netloc} does not exist. Create it, or correct QUARANTINE.")
    return ok(f"{location} can be written from this machine.")


def _folder(folder: Path, *, deployed: bool) -> Finding:
    if deployed:
        return error(
            "QUARANTINE is a folder, but Lambda's disk is not kept. Use s3://bucket/prefix."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        return error(f"{folder} cannot be written: {problem.strerror}.")
    return ok(f"{folder} can be written.")

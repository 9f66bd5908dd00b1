"""Checks of the function: its settings and secret, its runtime, and what its role may do.

A World goes in, a Finding comes out.
"""

from __future__ import annotations

from ots_sync import client as ots_client
from ots_sync import settings as all_settings
from ots_sync.connection import max_call_s
from ots_sync.credentials import credentials_provider
from ots_sync.errors import ConfigurationError, SettingsError
from ots_sync.invocation import RESPONSE_RESERVE_S
from ots_sync.quarantine import MAX_STORE_S
from ots_tools.doctor.findings import AbsentError, Finding, NotAskedError, good, note, to_do
from ots_tools.doctor.seeing import seen
from ots_tools.doctor.world import World

RUNTIME, ARCHITECTURE = "python3.12", "x86_64"
"""What the SDK's native codec is built for."""


def settings(world: World) -> Finding:
    """Whether the settings are usable, every fault at once."""
    try:
        found = all_settings.load(world.environ, world.fallback)
    except SettingsError as error:
        return to_do("\n".join(error.faults))
    return good(
        f"{found.table_name} in instance {found.instance}, key {', '.join(found.key_list)}, "
        f"fingerprint {found.fingerprint}."
    )


def secret(world: World) -> Finding:
    """Whether the secret of OTS_SECRET_ARN can be read and holds an access key."""
    found = world.settings()
    if not found.secret_arn:
        raise NotAskedError("no OTS_SECRET_ARN: the access key is in plain variables")
    client = world.client("secretsmanager")
    try:
        seen(lambda: client.get_secret_value(SecretId=found.secret_arn))
        credentials_provider(found).get_credentials()
    except AbsentError as error:
        return to_do(f"OTS_SECRET_ARN names no secret: {error}.")
    except ConfigurationError as error:
        return to_do(str(error))
    return good("The secret holds an access key.")


def function(world: World) -> Finding:
    """Whether the function is there and ready."""
    try:
        found = world.function()
    except AbsentError as error:
        return to_do(f"There is no function {world.function_name} in this region: {error}.")
    state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
    if state == "Failed" or update == "Failed":
        reason = (
            found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason given"
        )
        return to_do(f"Lambda cannot run {found['FunctionName']}: {reason}")
    if state == "Pending" or update == "InProgress":
        return note(f"{found['FunctionName']} is being deployed just now.")
    return good(f"{found['FunctionName']} is there, {found['MemorySize']} MB.")


def codec(world: World) -> Finding:
    """Whether the SDK's fast encoder loads where the function runs."""
    try:
        found = world.function()
    except NotAskedError:
        if ots_client.has_native_encoder():
            return good("The SDK's fast encoder loads in this Python.")
        return note(f"The SDK's fast encoder is made for {RUNTIME} on {ARCHITECTURE}: not this.")
    where = (found.get("Runtime"), *found.get("Architectures", [ARCHITECTURE]))
    if where != (RUNTIME, ARCHITECTURE):
        return note(
            f"The function runs on {' '.join(map(str, where))}, where encoding takes 13 times as "
            f"long: choose {RUNTIME} on {ARCHITECTURE}."
        )
    return good(f"{RUNTIME} on {ARCHITECTURE}: the SDK's fast encoder loads.")


def time_out(world: World) -> Finding:
    """Whether an invocation has time for one call and what follows it."""
    has_s, found = world.function()["Timeout"], world.settings()
    keep_s = MAX_STORE_S if found.quarantine else 0.0
    needed_s = max_call_s(found.timeout_s) + keep_s + RESPONSE_RESERVE_S
    if has_s < needed_s:
        return to_do(
            f"The function's time-out is {has_s} s, and one call with what follows can take "
            f"{needed_s:.0f} s: raise it, or lower OTS_TIMEOUT."
        )
    return good(f"{has_s} s; one call with what follows can take {needed_s:.0f} s.")


def role(world: World) -> Finding:
    """Whether the function's role may read the stream and the secret, and fill the quarantine."""
    found, iam = world.function(), world.client("iam")
    missing = []
    for action, resource in _needed(world):
        answer = seen(
            lambda action=action, resource=resource: iam.simulate_principal_policy(  # type: ignore[misc]
                PolicySourceArn=found["Role"], ActionNames=[action], ResourceArns=[resource]
            )
        )
        if any(one["EvalDecision"] != "allowed" for one in answer["EvaluationResults"]):
            missing.append(f"{action} on {resource}")
    if missing:
        return to_do(f"The function's role may not {'; '.join(missing)}.")
    return good("The function's role may read its stream and what else the settings name.")


def _needed(world: World) -> list[tuple[str, str]]:
    found = world.settings()
    streams = [mapping["EventSourceArn"] for mapping in world.mappings()]
    reading = ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream")
    needed = [(action, arn) for arn in streams for action in reading]
    if found.secret_arn:
        needed.append(("secretsmanager:GetSecretValue", found.secret_arn))
    if found.quarantine.startswith("s3://"):
        partition = world.function()["FunctionArn"].split(":")[1]
        place = found.quarantine.removeprefix("s3://").rstrip("/")
        needed.append(("s3:PutObject", f"arn:{partition}:s3:::{place}/{found.table_name}/1.json"))
    return needed

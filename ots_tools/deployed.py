"""The name of the deployed function goes in; its settings and its event source mapping come out.

So that tools make the rows that the function makes, and know whether it is writing. Refuses a
function that cannot be read, and a settings file with a line that is no setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ots_sync.errors import ConfigurationError
from ots_sync.settings import SETTINGS

REPLAYS = "TRIM_HORIZON"
"""The starting position that leaves nothing out; the other one that a stream of DynamoDB's can have
is LATEST. No update alters it.
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html"""

RESTING = "Disabled"
"""The only state in which a mapping delivers nothing; while it is being disabled it still may.
https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html"""


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event source mapping of Lambda: its id and state, the stream it reads, when it was last
    altered, or its state was (seconds since 1970), and where in the stream it began.
    """

    uuid: str
    state: str
    stream_arn: str
    changed_s: float
    starts_at: str

    @property
    def enabled(self) -> bool:
        """Whether it may deliver."""
        return self.state != RESTING

    @property
    def skips(self) -> bool:
        """Whether it never delivers what was changed before it began to read."""
        return self.starts_at != REPLAYS


def function_environ(function: str, client: Any) -> dict[str, str]:
    """The deployed function's variables that are settings of ours."""
    names = {setting.name for setting in SETTINGS}
    found = _told(lambda: client.get_function_configuration(FunctionName=function), function)
    variables = found.get("Environment", {}).get("Variables", {})
    return {name: value for name, value in variables.items() if name in names}


def mapping_of(function: str, table: str, client: Any) -> Trigger | None:
    """The mapping from the table's stream to the function, an enabled one first; or None."""
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    listed = _told(lambda: [m for page in pages for m in page["EventSourceMappings"]], function)
    mappings = [
        Trigger(
            found["UUID"],
            found["State"],
            found["EventSourceArn"],
            found["LastModified"].timestamp(),
            found.get("StartingPosition", ""),
        )
        for found in listed
        if f":table/{table}/stream/" in found.get("EventSourceArn", "")
    ]
    return min(mappings, key=lambda mapping: not mapping.enabled, default=None)


def file_environ(path: Path) -> dict[str, str]:
    """Settings from a file of KEY=value lines; # begins a comment line."""
    names = {setting.name for setting in SETTINGS}
    found = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__}).") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name not in names:
            raise ConfigurationError(
                f"{path}, line {number} is no setting: lines are KEY=value, with the keys "
                f"{', '.join(sorted(names))}."
            )
        found[name] = value.strip().strip("\"'")
    return found


def merged(deployed: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The deployed settings, but whoever brings an access key of their own writes with that."""
    if own.get("OTS_SECRET_ARN") or own.get("OTS_ID"):
        keys = ("OTS_ID", "OTS_SECRET", "OTS_STS_TOKEN", "OTS_SECRET_ARN")
        return {**deployed, **{name: own.get(name, "") for name in keys}}
    return dict(deployed)


def _told(call: Any, function: str) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Code", "unknown")
    except BotoCoreError as error:
        reason = type(error).__name__
    raise ConfigurationError(
        f"The function {function} cannot be read: {reason}. It takes "
        "lambda:GetFunctionConfiguration and lambda:ListEventSourceMappings, and the right region."
    )

"""Access the handler module as a tool uses it, and the deployed function's settings and mapping.

The tools write rows through `lambda_function.py`, so that an edit there applies to them as well.
The environment must contain the settings before the handler module is used.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from ots_sync import invocation
from ots_sync.errors import ConfigurationError
from ots_sync.pipeline import Context
from ots_sync.rows import RowMapper
from ots_sync.settings import SETTINGS, Settings
from ots_sync.writer import Send
from ots_tools.aws import map_aws_errors

CHUNK_TIMEOUT_S = 300.0
"""How long a tool retries the rows of one chunk."""

FROM_OLDEST = "TRIM_HORIZON"
"""The starting position that reads every record of the stream. The other one that a DynamoDB stream
supports is LATEST. An update of a mapping cannot change it.
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html"""

DISABLED = "Disabled"
"""The only state in which a mapping delivers nothing; a mapping in the state Disabling still may.
https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html"""


def _handler_module() -> ModuleType:
    import lambda_function

    return lambda_function


def settings() -> Settings:
    """Return the settings. Raises SettingsError, which lists every fault."""
    found: Settings = _handler_module().settings()
    return found


def row_mapper() -> RowMapper:
    """Return the functions of the handler module that map items to rows, looked up now."""
    found: RowMapper = _handler_module().row_mapper()
    return found


def client() -> Any:
    """Return the Table Store client of the handler module."""
    return _handler_module().client()


def build_context(
    wrap_send: Callable[[Send], Send] = lambda send: send,
    *,
    writers: int = 1,
    timeout_s: float = CHUNK_TIMEOUT_S,
) -> Context:
    """Return the pipeline's context for one chunk of rows.

    `writers` is the number of threads that share the client, so that all of them together send at
    most MAX_CONCURRENCY requests at the same time.
    """
    handler_module = _handler_module()
    context = invocation.build_context(
        settings(),
        send=wrap_send(lambda rows: handler_module.batch_write_row(handler_module.client(), rows)),
        remaining_ms=lambda: int(timeout_s * 1000),
        clock=time,
        uniform=random.uniform,
    )
    concurrency = max(1, context.writer.max_concurrency // writers)
    return replace(context, writer=replace(context.writer, max_concurrency=concurrency))


def clear_cache() -> None:
    """Make the handler module read its settings again."""
    handler_module = _handler_module()
    for cached in (handler_module.settings, handler_module.columns, handler_module.client):
        cached.cache_clear()


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """An event source mapping of Lambda.

    `changed_s`: the time of its last update or change of state, in seconds since 1970.
    """

    uuid: str
    state: str
    stream_arn: str
    changed_s: float
    starting_position: str

    @property
    def enabled(self) -> bool:
        """Whether it can deliver records."""
        return self.state != DISABLED

    @property
    def skips_old_records(self) -> bool:
        """Whether it never delivers the changes from before it began to read."""
        return self.starting_position != FROM_OLDEST


def deployed_settings(function: str, client: Any) -> dict[str, str]:
    """Return the environment variables of a deployed function that are settings.

    Raises ConfigurationError if the function cannot be read.
    """
    names = {setting.name for setting in SETTINGS}
    with map_aws_errors(lambda code: _unreadable(function, code)):
        found = client.get_function_configuration(FunctionName=function)
    variables = found.get("Environment", {}).get("Variables", {})
    return {name: value for name, value in variables.items() if name in names}


def find_mapping(function: str, table: str, client: Any) -> EventSourceMapping | None:
    """Return the mapping from the table's stream to the function, preferring an enabled one.

    Raises ConfigurationError if the function's mappings cannot be read.
    """
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    with map_aws_errors(lambda code: _unreadable(function, code)):
        listed = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    mappings = [
        EventSourceMapping(
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


def read_settings_file(path: Path) -> dict[str, str]:
    """Return the settings in a file of KEY=value lines; a line that begins with # is a comment.

    Raises ConfigurationError for a file that cannot be read, and for a line that is not a setting.
    """
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
                f"{path}, line {number} is not a setting. Write KEY=value with one of the keys "
                f"{', '.join(sorted(names))}."
            )
        found[name] = value.strip().strip("\"'")
    return found


def with_own_credentials(deployed: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the deployed settings, with the access key of `own` if it contains one."""
    if own.get("OTS_SECRET_ARN") or own.get("OTS_ID"):
        keys = ("OTS_ID", "OTS_SECRET", "OTS_STS_TOKEN", "OTS_SECRET_ARN")
        return {**deployed, **{name: own.get(name, "") for name in keys}}
    return dict(deployed)


def _unreadable(function: str, code: str) -> ConfigurationError:
    return ConfigurationError(
        f"The function {function} cannot be read: {code}. Check the Region, and allow "
        "lambda:GetFunctionConfiguration and lambda:ListEventSourceMappings."
    )

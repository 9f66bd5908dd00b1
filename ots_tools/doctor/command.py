"""Define the command `doctor`: run every check and print one line for each.

It writes nothing, except with --create-target.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ots_sync.errors import ConfigurationError, SyncError, TableStoreError, describe_unexpected
from ots_tools import aws
from ots_tools import function as functions
from ots_tools.cli import IncompleteError
from ots_tools.doctor import function_checks, mapping_checks, source_checks, store_checks
from ots_tools.doctor.advice import explain
from ots_tools.doctor.context import DoctorContext, UnreachableError, aws_call
from ots_tools.doctor.findings import (
    CannotCheckError,
    CheckSkippedError,
    Finding,
    Status,
    exit_code,
    line,
)

MAX_ATTEMPTS = 2
"""Attempts per AWS call; few, because the user waits for the result."""

Check = Callable[[DoctorContext], Finding]

CHECKS: dict[str, Check] = {
    "settings": function_checks.settings,
    "secret": function_checks.secret,
    "function": function_checks.function,
    "fast encoder": function_checks.encoder,
    "timeout": function_checks.timeout,
    "mapping": mapping_checks.mapping,
    "partial response": mapping_checks.partial_response,
    "failed batches": mapping_checks.failed_batches,
    "role": function_checks.role,
    "source keys": source_checks.keys,
    "stream": source_checks.stream,
    "column names": source_checks.columns,
    "key values": source_checks.key_values,
    "endpoint": store_checks.endpoint,
    "clock": store_checks.clock,
    "access key": store_checks.access_key,
    "target table": store_checks.table,
    "target key": store_checks.primary_key,
    "table options": store_checks.options,
    "writer permissions": store_checks.writer_permissions,
    "quarantine": function_checks.quarantine,
}
"""Name -> check, in the order of the output."""


@click.command("doctor")
@click.option("--function", metavar="NAME", help="Check this deployed function and its settings.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check the settings in a file of KEY=value lines. Without --function and --settings, the "
    "environment contains the settings.",
)
@click.option(
    "--table",
    metavar="NAME",
    help="The source table in DynamoDB. Default: the one that the function's mapping reads.",
)
@click.option(
    "--dynamodb",
    metavar="URL",
    help="Endpoint of DynamoDB. Default: AWS_ENDPOINT_URL_DYNAMODB, or AWS.",
)
@click.option(
    "--create-target",
    is_flag=True,
    help="First create the target table, with the source's keys in the order of PRIMARY_KEY.",
)
def doctor(
    function: str | None,
    settings_file: Path | None,
    table: str | None,
    dynamodb: str | None,
    create_target: bool,
) -> None:
    """Check everything that a deployment needs.

    For everything that is wrong, the output says what to do.

    With --function or --settings, an access key in your environment (OTS_ID and OTS_SECRET) is
    used to describe and create tables. The function's own key is checked for writing.

    \b
    Exit code: 0 no action is needed, 1 an action is needed, 2 something could not be checked.
    Marks: ✓ correct, ! works but can be improved, ✗ action needed, ? not checked, - skipped.
    """
    if function and settings_file:
        raise click.UsageError("Use --function or --settings, not both.")
    console = Console(highlight=False)
    try:
        context = _context(function, settings_file, table, dynamodb)
    except (ConfigurationError, CannotCheckError) as error:
        raise IncompleteError(str(error)) from None
    findings = []
    checks = dict(CHECKS)
    if create_target:
        create = partial(store_checks.create_target, sleep=time.sleep)
        checks = {"create target": create, **checks}
    for name, check in checks.items():
        with console.status(f"{name} ..."):
            findings.append(run_check(check, context))
        console.print(line(name, findings[-1]))
    sys.exit(exit_code(findings))


def run_check(check: Check, context: DoctorContext) -> Finding:
    """Run a check; an error of the check becomes a finding that says why it was not made."""
    try:
        return check(context)
    except CheckSkippedError as reason:
        return Finding(Status.SKIPPED, f"{reason}.")
    except TableStoreError as error:
        return Finding(Status.UNKNOWN, explain(error))
    except (CannotCheckError, UnreachableError, SyncError) as reason:
        return Finding(Status.UNKNOWN, str(reason).rstrip(".") + ".")
    except Exception as error:  # noqa: BLE001 - its message could contain a value
        return Finding(Status.UNKNOWN, f"{describe_unexpected(error)}.")


def _context(
    function_name: str | None, settings_file: Path | None, table: str | None, dynamodb: str | None
) -> DoctorContext:
    """Raises ConfigurationError or CannotCheckError if the settings cannot be read."""
    from config import example_config

    @cache
    def client(service: str) -> Any:
        url = dynamodb if service == "dynamodb" else None
        return aws_call(lambda: aws.client(service, url, attempts=MAX_ATTEMPTS))

    own_environ: Mapping[str, str] = os.environ
    if function_name:
        environ = functions.deployed_settings(function_name, client("lambda"))
    elif settings_file:
        environ = functions.read_settings_file(settings_file)
    else:
        environ, own_environ = dict(os.environ), {}

    return DoctorContext(
        environ=environ,
        fallback=vars(example_config),
        own_environ=own_environ,
        function_name=function_name,
        source_name=table,
        client=client,
        time_s=time.time,
    )

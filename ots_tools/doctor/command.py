"""`python -m ots_tools doctor`: options in, a line for each check and an exit code out.

Writes nothing anywhere, but for --create-target. Refuses --function together with --settings.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ots_sync.errors import ConfigurationError
from ots_tools import aws, deployed
from ots_tools.doctor.checks import CHECKS, run
from ots_tools.doctor.create import create_target
from ots_tools.doctor.findings import UnseenError, exit_code, line
from ots_tools.doctor.seeing import seen
from ots_tools.doctor.world import World
from ots_tools.options import CouldNotTellError

ATTEMPTS = 2
"""Of a call to AWS: whoever waits for a diagnosis wants it soon."""


@click.command("doctor")
@click.option("--function", metavar="NAME", help="Check this deployed function and its settings.")
@click.option(
    "--settings",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check the settings of a file of KEY=value lines. Without both: of the environment.",
)
@click.option(
    "--table",
    "--source-table",
    "source",
    metavar="NAME",
    help="The source table; without it, the one that the function's mapping reads.",
)
@click.option(
    "--dynamodb",
    metavar="URL",
    help="Endpoint of DynamoDB; without it AWS_ENDPOINT_URL_DYNAMODB, or AWS.",
)
@click.option(
    "--create-target",
    "create",
    is_flag=True,
    help="First make the target table, with the source's keys in the order of PRIMARY_KEY.",
)
def doctor(
    function: str | None, file: Path | None, source: str | None, dynamodb: str | None, create: bool
) -> None:
    """Look whether everything is in place, and say what to do where it is not.

    With --function or --settings, an access key in your own environment (OTS_ID and OTS_SECRET)
    is taken for yours: it describes and makes tables, while the function's own key is checked for
    writing.

    \b
    Exit code: 0 nothing to do, 1 something has to be done, 2 some checks could not look.
    Marks: ✓ right, ! works but could be better, ✗ to do, ? could not look, - not asked for.
    """
    if function and file:
        raise click.UsageError("Give --function or --settings, not both.")
    console = Console(highlight=False)
    try:
        world = _world(function, file, source, dynamodb)
    except (ConfigurationError, UnseenError) as error:
        raise CouldNotTellError(str(error)) from None
    findings = []
    todo = dict(CHECKS)
    if create:
        todo = {"create target": partial(create_target, sleep=time.sleep), **todo}
    for name, check in todo.items():
        with console.status(f"{name} ..."):
            findings.append(run(check, world))
        console.print(line(name, findings[-1]))
    sys.exit(exit_code(findings))


def _world(
    function: str | None, file: Path | None, source: str | None, dynamodb: str | None
) -> World:
    """Raises ConfigurationError or UnseenError when the settings cannot be had."""
    from config import example_config

    @cache
    def client(service: str) -> Any:
        url = dynamodb if service == "dynamodb" else None
        return seen(lambda: aws.client(service, url, attempts=ATTEMPTS))

    own: Mapping[str, str] = os.environ
    if function:
        environ = deployed.function_environ(function, client("lambda"))
    elif file:
        environ = deployed.file_environ(file)
    else:
        environ, own = dict(os.environ), {}

    return World(
        environ=environ,
        fallback=vars(example_config),
        own=own,
        function_name=function,
        source_name=source,
        client=client,
        wall_s=time.time,
    )

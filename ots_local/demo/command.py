"""`python -m ots_local demo`: options in; sample events, a stream and the proof shown; 0 if equal.

Refuses another machine's DynamoDB without --yes. The function's settings are made here: what the
environment or config/example_config.py say of a real Table Store is not used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from random import Random
from types import ModuleType

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.rule import Rule

from ots_local import function as on_this_machine
from ots_local import function_log, target_table
from ots_local.demo import in_lambda, report, samples, stream
from ots_local.demo.changes import changes
from ots_local.dynamodb import (
    DynamoDB,
    EndpointError,
    TableExistsError,
    create_table,
    delete_table,
    is_loopback,
    open_dynamodb,
    random_table_name,
)
from ots_local.function_log import LOCAL
from ots_local.lambda_runtime import FunctionError
from ots_local.ministack import MinistackError
from ots_local.stream_pump import StreamError
from ots_local.tablestore import TableStore
from ots_sync import client as sdk
from ots_sync.errors import SyncError
from ots_sync.settings import load

TABLE = "target"
PRIMARY_KEY = "user_id:string,action_time:integer"
TROUBLE = (
    EndpointError,
    TableExistsError,
    MinistackError,
    StreamError,
    BotoCoreError,
    ClientError,
    SyncError,
    samples.SamplesError,
    in_lambda.NoLambdaError,
    FunctionError,
    target_table.StoreTroubleError,
    OSError,
)


@click.command("demo")
@click.option(
    "--changes",
    "count",
    type=click.IntRange(1, 1_000_000),
    default=2000,
    show_default=True,
    help="How many random puts, updates and deletes to make in DynamoDB.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same changes.")
@click.option(
    "--dynamodb",
    "endpoint",
    metavar="ENDPOINT",
    help="A DynamoDB to use instead of ministack: a URL (such as DynamoDB Local's), or `aws` for "
    "the real service. A table with a random name is made there, and deleted at the end.",
)
@click.option(
    "--bundle",
    type=click.Path(file_okay=False, path_type=Path),
    help="Run what `make bundle` built there, in AWS's own Lambda runtime, instead of this tree.",
)
@click.option("--yes", is_flag=True, help="Agree that an ENDPOINT elsewhere is written to.")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "demo.log",
    help="Where the function's own log and metrics go.  [default: .local/demo.log]",
)
@click.option("--verbose", is_flag=True, help="Show the function's log on stderr instead.")
def demo(
    count: int,
    seed: int,
    endpoint: str | None,
    bundle: Path | None,
    yes: bool,
    log: Path,
    verbose: bool,
) -> None:
    """Run the whole path on this machine, no cloud account.

    Sends the three sample events through lambda_handler to a local Table Store; then makes random
    changes in a DynamoDB, delivers its stream as Lambda would, and compares both tables cell by
    cell. Exit code 0 when they are equal, 1 when not.
    """
    console = Console(file=sys.stdout, highlight=False)
    try:
        with function_log.shown() if verbose else function_log.kept(log):
            equal = _run(count, seed, endpoint, bundle, yes, console)
    except TROUBLE as trouble:
        raise click.ClickException(str(trouble)) from None
    if not verbose:
        where = f"The function's own log and metrics: {function_log.short(log)}"
        console.print(where, style="dim", soft_wrap=True)
    sys.exit(0 if equal else 1)


def _run(
    count: int,
    seed: int,
    endpoint: str | None,
    bundle: Path | None,
    yes: bool,
    console: Console,
) -> bool:
    with TableStore() as target, open_dynamodb(endpoint) as dynamodb:
        if not is_loopback(dynamodb.endpoint) and not yes:
            raise click.UsageError(
                f"{dynamodb.endpoint} is not this machine: the demo would make a table there, "
                f"write {count:,} changes, which may cost money, and delete it. Say --yes to agree."
            )
        environ = {
            **target.environ(),
            "TABLE_NAME": TABLE,
            "PRIMARY_KEY": PRIMARY_KEY,
            "PARTIAL_RESPONSE": "1",
        }
        with _function(bundle, environ) as function:
            target_table.create(function.client(), TABLE, {"user_id": str, "action_time": int})
            console.print(Rule("1  Three sample events through lambda_handler", align="left"))
            console.print(f"Table Store on {target.endpoint}, table {TABLE} (user_id, action_time)")
            if bundle:
                console.print(f"The function is {bundle}, in AWS's own Lambda runtime.")
            elif not sdk.has_native_encoder():
                console.print("The SDK's fast encoder does not load in this Python.")
            console.print()
            samples.show(function, console)
            console.print(
                Rule(f"2  {count:,} random changes (seed {seed}), streamed", align="left")
            )
            with _source(dynamodb) as origin:
                console.print(f"DynamoDB on {dynamodb.endpoint}, table {origin.table}")
                todo = changes(count, Random(seed))
                result = stream.run(origin, function, target, todo, count, console)
        console.print()
        report.show(result, console)
        return result.equal


def _function(
    bundle: Path | None, environ: Mapping[str, str]
) -> AbstractContextManager[ModuleType]:
    """This tree's function, or the bundle's."""
    if bundle is not None:
        return in_lambda.open_bundle(bundle, environ)
    return nullcontext(on_this_machine.load(load(environ, {})))


@contextmanager
def _source(dynamodb: DynamoDB) -> Iterator[stream.Source]:
    """A table that nobody else has, gone afterwards."""
    table, client = random_table_name("ots-sync-demo"), dynamodb.tables
    arn = create_table(client, table, {"user_id": "S", "action_time": "N"})
    try:
        yield stream.Source(dynamodb, table, arn)
    finally:
        delete_table(client, table)

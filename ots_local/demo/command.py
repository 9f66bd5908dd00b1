"""Define the command `demo`: replicate a DynamoDB table on this machine and compare both tables.

The command creates the function's settings. It does not use those of the environment or of
config/example_config.py, which may belong to a real Table Store.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.rule import Rule

from ots_local import function_log
from ots_local.demo.changes import random_changes
from ots_local.demo.replication import replicate
from ots_local.demo.report import show_report
from ots_local.demo.samples import SamplesError, show_samples
from ots_local.demo.source_table import temporary_source_table
from ots_local.dynamodb import (
    DynamoDB,
    EndpointError,
    TableExistsError,
    is_loopback,
    open_dynamodb,
    random_table_name,
)
from ots_local.dynamodb.ministack import MinistackError
from ots_local.event_source import StreamError
from ots_local.function_log import LOCAL
from ots_local.handler import TIMEOUT_S, load_handler
from ots_local.lambda_runtime.parts import LambdaPartsError, lambda_parts
from ots_local.lambda_runtime.runtime import FunctionError, run_bundle
from ots_local.tablestore import TableStore
from ots_local.target_table import TargetTableError, create_target_table
from ots_sync.client import has_native_encoder
from ots_sync.errors import SyncError
from ots_sync.settings import load

TABLE = "target"
PRIMARY_KEY = "user_id:string,action_time:integer"


class BundleError(Exception):
    """The bundle cannot run on this machine."""


EXPECTED_ERRORS = (
    EndpointError,
    TableExistsError,
    MinistackError,
    StreamError,
    BotoCoreError,
    ClientError,
    SyncError,
    SamplesError,
    BundleError,
    FunctionError,
    TargetTableError,
    OSError,
)


@click.command("demo")
@click.option(
    "--changes",
    "count",
    type=click.IntRange(1, 1_000_000),
    default=2000,
    show_default=True,
    help="Number of random puts, updates and deletes to make in DynamoDB.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the random changes.")
@click.option(
    "--dynamodb",
    "endpoint",
    metavar="ENDPOINT",
    help="DynamoDB to use instead of ministack: a URL (such as DynamoDB Local's), or `aws` for "
    "the real service. A table with a random name is created there and deleted at the end.",
)
@click.option(
    "--bundle",
    type=click.Path(file_okay=False, path_type=Path),
    help="Run the output of `make bundle` in AWS's own Lambda runtime instead of the source tree.",
)
@click.option("--yes", is_flag=True, help="Agree to writing to an ENDPOINT on another machine.")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "demo.log",
    help="File for the function's log and metrics.  [default: .local/demo.log]",
)
@click.option("--verbose", is_flag=True, help="Write the function's log to stderr instead.")
def demo(
    count: int,
    seed: int,
    endpoint: str | None,
    bundle: Path | None,
    yes: bool,
    log: Path,
    verbose: bool,
) -> None:
    """Replicate a DynamoDB table on this machine, without a cloud account.

    The demo sends the three sample events through lambda_handler to a local Table Store. Then it
    makes random changes in DynamoDB, delivers the stream as Lambda does, and compares both tables
    cell by cell.

    Exit code 0: the tables are equal. 1: they differ, or the demo failed.
    """
    console = Console(file=sys.stdout, highlight=False)
    redirection: AbstractContextManager[object] = (
        function_log.redirect_to_stderr() if verbose else function_log.redirect_to_file(log)
    )
    try:
        with redirection:
            equal = _Demo(count, seed, bundle, console).run(endpoint, yes)
    except EXPECTED_ERRORS as error:
        raise click.ClickException(str(error)) from None
    if not verbose:
        line = f"Log and metrics of the function: {function_log.display_path(log)}"
        console.print(line, style="dim", soft_wrap=True)
    sys.exit(0 if equal else 1)


@dataclass(frozen=True, slots=True)
class _Demo:
    count: int
    seed: int
    bundle: Path | None
    console: Console

    def run(self, endpoint: str | None, agreed: bool) -> bool:
        """Run both parts; return whether the tables are equal at the end."""
        with TableStore() as target, open_dynamodb(endpoint) as dynamodb:
            if not is_loopback(dynamodb.endpoint) and not agreed:
                raise click.UsageError(
                    f"{dynamodb.endpoint} is not this machine. The demo would create a table "
                    f"there, write {self.count:,} changes, which may cost money, and delete the "
                    "table. Add --yes to agree."
                )
            environ = {
                **target.environ(),
                "TABLE_NAME": TABLE,
                "PRIMARY_KEY": PRIMARY_KEY,
                "PARTIAL_RESPONSE": "1",
            }
            with _open_handler(self.bundle, environ) as handler:
                create_target_table(handler.client(), TABLE, {"user_id": str, "action_time": int})
                self._send_samples(handler, target)
                return self._replicate(handler, target, dynamodb)

    def _send_samples(self, handler: ModuleType, target: TableStore) -> None:
        self._heading("1  Three sample events through lambda_handler")
        self.console.print(
            f"Table Store on {target.endpoint}, table {TABLE} (user_id, action_time)"
        )
        if self.bundle:
            self.console.print(f"The function is {self.bundle}, in AWS's own Lambda runtime.")
        elif not has_native_encoder():
            self.console.print("The SDK's native encoder does not load in this Python.")
        self.console.print()
        show_samples(handler, self.console)

    def _replicate(self, handler: ModuleType, target: TableStore, dynamodb: DynamoDB) -> bool:
        self._heading(f"2  {self.count:,} random changes (seed {self.seed}) through the stream")
        with temporary_source_table(dynamodb, random_table_name("ots-sync-demo")) as source:
            self.console.print(f"DynamoDB on {dynamodb.endpoint}, table {source.name}")
            changes = random_changes(self.count, Random(self.seed))
            report = replicate(source, handler, target, changes, self.count, self.console)
        self.console.print()
        show_report(report, self.console)
        return report.equal

    def _heading(self, text: str) -> None:
        self.console.print(Rule(text, align="left"))


def _open_handler(
    bundle: Path | None, environ: Mapping[str, str]
) -> AbstractContextManager[ModuleType]:
    """Return the handler module of the source tree, or one that invokes the bundle."""
    if bundle is not None:
        return _open_bundle(bundle, environ)
    return nullcontext(load_handler(load(environ, {})))


@contextmanager
def _open_bundle(bundle: Path, environ: Mapping[str, str]) -> Iterator[ModuleType]:
    """Yield a handler module whose handler invokes the bundle in AWS's Lambda runtime.

    At the end the output of the bundle is written to standard output.
    """
    if not (bundle / "lambda_function.py").is_file():
        raise BundleError(f"{bundle} is not a bundle. Build one with: make bundle")
    handler = load_handler(load(environ, {}))
    with ExitStack() as stack:
        try:
            invoke = stack.enter_context(
                run_bundle(lambda_parts(), bundle.resolve(), environ, timeout_s=round(TIMEOUT_S))
            )
        except (LambdaPartsError, RuntimeError) as error:
            raise BundleError(
                f"{error}\nTo run without Lambda's runtime: python -m ots_local demo"
            ) from None
        vars(handler)["lambda_handler"] = lambda event, _: invoke(event)
        try:
            yield handler
        finally:
            sys.stdout.write(invoke.logs())

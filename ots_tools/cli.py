"""Define what the commands share: options, settings, the source table, the state file, exit codes.

An error that the user can fix ends a command with a message and exit code 2.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ots_sync.errors import SyncError, describe_unexpected
from ots_sync.settings import SETTINGS, Settings
from ots_tools import aws, function
from ots_tools.function import EventSourceMapping
from ots_tools.ledger import Ledger, parse_bucket
from ots_tools.migration_rules import LoadStep, VerifyRun, single_history
from ots_tools.sources.table import SourceTable, describe_table
from ots_tools.state_file import MigrationId, StateFile

F = TypeVar("F", bound=Callable[..., Any])

EXIT_INCOMPLETE = 2
"""Exit code: the command did not complete, so its result is not known."""


class IncompleteError(click.ClickException):
    """Ends a command with a message and EXIT_INCOMPLETE."""

    exit_code = EXIT_INCOMPLETE


class FiniteRange(click.FloatRange):
    """A range of finite numbers. No comparison with nan holds, so other ranges accept it."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse the number; end the command with a usage error if it is not valid."""
        try:
            is_finite = math.isfinite(float(value))
        except ValueError:  # the range reports it
            is_finite = True
        if not is_finite:
            self.fail(f"{value} is not a finite number. Give one such as 1.", param, ctx)
        found: float = super().convert(value, param, ctx)
        return found


RATE = FiniteRange(min=0, min_open=True)
"""The type of an option with a rate per second."""


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """The options that several commands share, and what follows from them."""

    table: str | None
    dynamodb: str | None
    function: str | None
    state: Path
    settings: Settings

    def open_source(self, connections: int = 10) -> tuple[Any, SourceTable]:
        """Return a DynamoDB client and the description of the source table."""
        if not self.table:
            raise click.UsageError("Name the source table: --table NAME.")
        client = aws.client("dynamodb", self.dynamodb, connections=connections)
        return client, describe_table(client, self.table, self.settings.key_list)

    def find_mapping(self, table: str) -> EventSourceMapping | None:
        """Return the mapping from the table to the function; None without --function."""
        if not self.function:
            return None
        return function.find_mapping(self.function, table, aws.client("lambda"))

    def is_mapping_enabled(self, table: str) -> bool | None:
        """Return whether the mapping is enabled; None without --function."""
        if not self.function:
            return None
        mapping = self.find_mapping(table)
        return mapping is not None and mapping.enabled

    def open_state(self, table_arn: str, *, exclusive: bool = False) -> StateFile:
        """Open the migration's state file, or create it."""
        return StateFile(self.state, self._migration(table_arn), exclusive=exclusive)

    def read_history(
        self, table_arn: str, ledger: str | None = None
    ) -> tuple[Sequence[LoadStep], Sequence[VerifyRun]]:
        """Return the load steps of the state file or the ledger, and the verify runs.

        Raises StepOrderError if both contain steps, and ConfigurationError if one of them belongs
        to another migration.
        """
        history: Sequence[LoadStep] = ()
        verify_runs: Sequence[VerifyRun] = ()
        if self.state.exists():
            with self.open_state(table_arn) as state:
                history, verify_runs = state.history(), state.verify_runs()
        if ledger is not None:
            opened = Ledger(aws.client("s3"), parse_bucket(ledger), self._migration(table_arn))
            history = single_history(history, opened.history())
        return history, verify_runs

    def _migration(self, table_arn: str) -> MigrationId:
        target = f"{self.settings.instance}/{self.settings.table_name}"
        return MigrationId(table_arn, target, self.settings.fingerprint)


ledger_option = click.option(
    "--ledger",
    metavar="S3_URL",
    help="After a load by the state machine: the location of its ledger, s3://bucket (the stack's "
    "output BackfillLedger). Results of verify are stored in the --state file in any case.",
)


def common_options(command: F) -> F:
    """Add the shared options to a command, which gets a `CommonOptions` as its first argument."""

    @click.option("--table", metavar="NAME", help="The source table in DynamoDB.")
    @click.option(
        "--dynamodb",
        metavar="URL",
        help="Endpoint of DynamoDB. Default: AWS_ENDPOINT_URL_DYNAMODB, or AWS.",
    )
    @click.option(
        "--function",
        "function_name",
        metavar="NAME",
        help="Use the settings of this deployed function, and check its event source mapping.",
    )
    @click.option(
        "--settings",
        "settings_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Use the settings in a file of KEY=value lines. Without --function and --settings, "
        "the environment contains the settings.",
    )
    @click.option(
        "--state",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("migration.state"),
        show_default=True,
        help="The file that stores the progress of the migration.",
    )
    @functools.wraps(command)
    def run(
        table: str | None,
        dynamodb: str | None,
        function_name: str | None,
        settings_file: Path | None,
        state: Path,
        **options: Any,
    ) -> Any:
        try:
            apply_settings(function_name, settings_file)
            common = CommonOptions(table, dynamodb, function_name, state, function.settings())
            return command(common, **options)
        except SyncError as error:
            raise IncompleteError(str(error)) from None
        except click.ClickException:
            raise
        except Exception as error:  # noqa: BLE001 - its message could contain a value
            raise IncompleteError(_describe(error)) from None

    return run  # type: ignore[return-value]


def apply_settings(function_name: str | None, settings_file: Path | None) -> None:
    """Copy the settings of the function or the file to the environment, for the handler module.

    A setting that the function does not have is unset, because rows would have two formats
    otherwise.
    """
    if function_name and settings_file:
        raise click.UsageError("Use the settings of --function or of --settings, not both.")
    if function_name:
        deployed = function.deployed_settings(function_name, aws.client("lambda"))
        unset = {setting.name: "" for setting in SETTINGS}
        os.environ.update(unset | function.with_own_credentials(deployed, os.environ))
    if settings_file:
        os.environ.update(function.read_settings_file(settings_file))
    function.clear_cache()


def _describe(error: Exception) -> str:
    """Describe an error of AWS by its code, of a file by its path, another one by its location."""
    code = aws.error_code(error)
    if code:
        operation = getattr(error, "operation_name", None)
        if operation:
            return f"AWS rejected {operation}: {code}."
        return f"AWS cannot be used: {code}. Check Region, credentials and network."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    return f"The command failed with {describe_unexpected(error)}."

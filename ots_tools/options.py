"""What the migration's commands share: options in, settings, the source table and its state out.

Errors that people can mend end a command with their words and exit code 2.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any, TypeVar

import click

from ots_sync.errors import SyncError
from ots_sync.settings import SETTINGS, Settings
from ots_tools import aws, deployed, door, ledger, ready
from ots_tools.orders import Check, Step
from ots_tools.scan import Table, describe
from ots_tools.state import Owner, State

F = TypeVar("F", bound=Callable[..., Any])

COULD_NOT_TELL = 2
"""Exit code: the command did not come to its end."""


class CouldNotTellError(click.ClickException):
    """Ends a command with its words and that exit code."""

    exit_code = COULD_NOT_TELL


class FiniteRange(click.FloatRange):
    """A range of finite numbers: nan, of which no comparison holds, is within every other one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Reads the number; ends the command with usage words when it cannot be taken."""
        try:
            finite = math.isfinite(float(value))
        except ValueError:  # the range has words for it
            finite = True
        if not finite:
            self.fail(f"{value} is not a finite number: give one such as 1.", param, ctx)
        found: float = super().convert(value, param, ctx)
        return found


@dataclass(frozen=True, slots=True)
class Common:
    """The shared options, and what follows from them."""

    table: str | None
    dynamodb: str | None
    function: str | None
    state: Path
    settings: Settings

    def source(self, connections: int = 10) -> tuple[Any, Table]:
        """A client, and the source table as DynamoDB describes it."""
        if not self.table:
            raise click.UsageError("Name the source table: --table NAME.")
        client = aws.client("dynamodb", self.dynamodb, connections=connections)
        return client, describe(client, self.table, self.settings.key_list)

    def trigger(self, table: str) -> deployed.Trigger | None:
        """The mapping from the table to the function; None without --function, or without one."""
        if not self.function:
            return None
        return deployed.mapping_of(self.function, table, aws.client("lambda"))

    def mapping_enabled(self, table: str) -> bool | None:
        """Whether the stream may be written now; None where --function does not tell."""
        if not self.function:
            return None
        trigger = self.trigger(table)
        return trigger is not None and trigger.enabled

    def open_state(self, table_arn: str, *, alone: bool = False) -> State:
        """The migration's state file, made where there is none."""
        return State(self.state, self._owner(table_arn), alone=alone)

    def begun(
        self, table_arn: str, place: str | None = None
    ) -> tuple[Sequence[Step], Sequence[Check]]:
        """What was loaded, by the state file or the ledger at `place`, and the verifies.

        Raises OrderError when both hold a load, ConfigurationError when one is another migration's.
        """
        history: Sequence[Step] = ()
        checks: Sequence[Check] = ()
        if self.state.exists():
            with self.open_state(table_arn) as state:
                history, checks = state.history(), state.checks()
        if place is not None:
            kept = ledger.Ledger(aws.client("s3"), ledger.bucket(place), self._owner(table_arn))
            history = ready.one_history(history, kept.history())
        return history, checks

    def _owner(self, table_arn: str) -> Owner:
        target = f"{self.settings.instance}/{self.settings.table_name}"
        return Owner(table_arn, target, self.settings.fingerprint)


at_scale = click.option(
    "--ledger",
    metavar="PLACE",
    help="After a load by the state machine: where it keeps what was loaded, s3://bucket (the "
    "stack's output BackfillLedger). What verify finds is in --state all the same.",
)


def common(command: F) -> F:
    """Adds the shared options to a command, which is handed a `Common` first."""

    @click.option("--table", metavar="NAME", help="The source table in DynamoDB.")
    @click.option(
        "--dynamodb",
        metavar="URL",
        help="Endpoint of DynamoDB; without it AWS_ENDPOINT_URL_DYNAMODB, or AWS.",
    )
    @click.option(
        "--function",
        metavar="NAME",
        help="Take the settings of this deployed function, and look at its mapping.",
    )
    @click.option(
        "--settings",
        "file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Take them from a file of KEY=value lines. Without --function and --settings: from "
        "the environment.",
    )
    @click.option(
        "--state",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("migration.state"),
        show_default=True,
        help="The file that keeps how far the migration is.",
    )
    @functools.wraps(command)
    def called(
        table: str | None,
        dynamodb: str | None,
        function: str | None,
        file: Path | None,
        state: Path,
        **rest: Any,
    ) -> Any:
        try:
            take_settings(function, file)
            return command(Common(table, dynamodb, function, state, door.settings()), **rest)
        except SyncError as error:
            raise CouldNotTellError(str(error)) from None
        except click.ClickException:
            raise
        except Exception as error:  # noqa: BLE001 - its own words could hold a value
            raise CouldNotTellError(_known_words(error) or _place(error)) from None

    return called  # type: ignore[return-value]


def take_settings(function: str | None, file: Path | None) -> None:
    """Puts the settings of the function or the file into the environment, where the door looks.

    Of a function all count, those too that it does not set: rows would have two shapes otherwise.
    """
    if function and file:
        raise click.UsageError("Take the settings from --function or from --settings, not both.")
    if function:
        found = deployed.function_environ(function, aws.client("lambda"))
        unset = {setting.name: "" for setting in SETTINGS}
        os.environ.update(unset | deployed.merged(found, os.environ))
    if file:
        os.environ.update(deployed.file_environ(file))
    door.forget()


def _known_words(error: Exception) -> str | None:
    """An error of AWS by its code or kind, for its own words can hold a key; or of a file."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "unknown")
        return f"AWS refused {error.operation_name}: {code}."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, BotoCoreError):
        return f"AWS cannot be used: {type(error).__name__}. Check region, credentials and network."
    return None


def _place(error: Exception) -> str:
    place = extract_tb(error.__traceback__)[-1]
    name = place.filename.rpartition("/")[2]
    return f"An unexpected {type(error).__name__} in {name}, {place.name}, line {place.lineno}."

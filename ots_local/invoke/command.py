"""Define the command `invoke`, which does what the article's Test button does."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from rich.console import Console

from ots_local import function_log
from ots_local.function_log import LOCAL, FunctionLog
from ots_local.handler import load_handler
from ots_local.invoke.local_target import SETTINGS_HELP, open_local_target
from ots_local.invoke.one_event import invoke_one
from ots_local.target_table import TargetTableError
from ots_sync.errors import SettingsError, SyncError


@click.command("invoke", epilog=SETTINGS_HELP)
@click.argument(
    "events",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--target",
    type=click.Choice(["local", "env"]),
    default="local",
    show_default=True,
    help="`local`: a Table Store on this machine. `env`: the instance and table in the environment "
    "and config/example_config.py. Rows are really written there.",
)
@click.option("--fresh", is_flag=True, help="Delete the rows of the local Table Store first.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "table-store.sqlite",
    help="Database file of the local Table Store.  [default: .local/table-store.sqlite]",
)
@click.option(
    "--log",
    "log_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "invoke.log",
    help="File for the function's log and metrics.  [default: .local/invoke.log]",
)
@click.option("--verbose", is_flag=True, help="Show the function's log and metrics as well.")
def invoke(
    events: Sequence[Path], target: str, fresh: bool, data: Path, log_path: Path, verbose: bool
) -> None:
    """Send each event file through lambda_handler and show the rows that it changes.

    All files are read before the first one is sent. The command stops at the first event with
    unprocessed records.

    Exit code 0: the function processed every event. 1: it did not. 2: a file or a setting is
    invalid.
    """
    console = Console(file=sys.stdout, highlight=False)
    loaded = [(path, _load(path)) for path in events]
    if fresh and target == "env":
        raise click.UsageError("--fresh deletes local rows only. Remove it, or use --target local.")
    try:
        with function_log.redirect_to_file(log_path) as log:
            if target == "env":
                succeeded = _invoke_all(load_handler(), loaded, log, console, verbose)
            else:
                with open_local_target(data, loaded[0][1], fresh=fresh) as handler:
                    succeeded = _invoke_all(handler, loaded, log, console, verbose)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{data}: {error}. Use --fresh to start again.") from None
    except (SyncError, TargetTableError, OSError) as error:
        raise click.ClickException(str(error)) from None
    console.print(
        f"Log and metrics of the function: {function_log.display_path(log_path)}",
        style="dim",
        soft_wrap=True,
    )
    sys.exit(0 if succeeded else 1)


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{path} is not UTF-8 text.") from None
    except RecursionError:
        raise click.BadParameter(f"{path} is nested too deeply to be an event.") from None
    except json.JSONDecodeError as error:
        raise click.BadParameter(
            f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None


def _invoke_all(
    handler: ModuleType,
    loaded: Sequence[tuple[Path, Any]],
    log: FunctionLog,
    console: Console,
    verbose: bool,
) -> bool:
    settings = handler.settings()
    console.print(
        f"Writing to {settings.endpoint}, instance {settings.instance}, "
        f"table {settings.table_name}",
        soft_wrap=True,
    )
    for path, event in loaded:
        console.print(f"\n{path}", style="bold", markup=False)
        if not invoke_one(handler, event, log, console, verbose=verbose):
            return False
    return True

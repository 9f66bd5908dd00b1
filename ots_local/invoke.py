"""`python -m ots_local invoke`: event files in; the handler's answer and the rows it changed out.

The article's Test button. Refuses files that are no JSON before anything is sent, and stops at the
first event that is not done.
"""

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

from ots_local import function as on_this_machine
from ots_local import function_log, target_table
from ots_local.function_log import LOCAL, FunctionLog
from ots_local.local_target import SETTINGS_HELP, open_local
from ots_local.one_event import invoke_one
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
    help="`local`: a Table Store on this machine. `env`: the one that the environment and "
    "config/example_config.py name, whose rows are really written.",
)
@click.option("--fresh", is_flag=True, help="Begin with an empty local Table Store.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "table-store.sqlite",
    help="Where the local one keeps its rows.  [default: .local/table-store.sqlite]",
)
@click.option(
    "--log",
    "log_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LOCAL / "invoke.log",
    help="Where the function's own log and metrics go.  [default: .local/invoke.log]",
)
@click.option("--verbose", is_flag=True, help="Show the function's own log and metrics too.")
def invoke(
    events: Sequence[Path], target: str, fresh: bool, data: Path, log_path: Path, verbose: bool
) -> None:
    """Send event files through lambda_handler, one invocation each, and show what they changed.

    Exit code 0 when the function took every event as done, 1 when not, 2 for files or settings
    that cannot be used.
    """
    console = Console(file=sys.stdout, highlight=False)
    loaded = [(path, _load(path)) for path in events]
    if fresh and target == "env":
        raise click.UsageError("--fresh empties the local Table Store; --target env has none.")
    try:
        with function_log.kept(log_path) as log:
            if target == "env":
                done = _invoke_all(on_this_machine.load(), loaded, log, console, verbose)
            else:
                with open_local(data, loaded[0][1], fresh=fresh) as function:
                    done = _invoke_all(function, loaded, log, console, verbose)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{data}: {error}. --fresh begins anew.") from None
    except (SyncError, target_table.StoreTroubleError, OSError) as error:
        raise click.ClickException(str(error)) from None
    console.print(
        f"The function's own log and metrics: {function_log.short(log_path)}",
        style="dim",
        soft_wrap=True,
    )
    sys.exit(0 if done else 1)


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{path} is not UTF-8 text.") from None
    except RecursionError:
        raise click.BadParameter(f"{path} is nested too deep to be an event.") from None
    except json.JSONDecodeError as error:
        raise click.BadParameter(
            f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None


def _invoke_all(
    function: ModuleType,
    loaded: Sequence[tuple[Path, Any]],
    log: FunctionLog,
    console: Console,
    verbose: bool,
) -> bool:
    settings = function.settings()
    console.print(
        f"Writing to {settings.endpoint}, instance {settings.instance}, "
        f"table {settings.table_name}",
        soft_wrap=True,
    )
    for path, event in loaded:
        console.print(f"\n{path}", style="bold", markup=False)
        done = invoke_one(function, event, log, console, verbose=verbose)
        if not done:
            return False
    return True

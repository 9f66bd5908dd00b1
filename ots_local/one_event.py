"""One event goes through the handler; its rows before and after, its answer and its summary show.

Refuses nothing of an event: what is wrong with it, the handler says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.text import Text

from ots_local import function as on_this_machine
from ots_local import row_view, target_table
from ots_local.function_log import FunctionLog
from ots_sync import changes
from ots_sync.errors import RejectedError, SyncError
from ots_sync.rows import key_size, row_id

ROWS_SHOWN = 10

Rows = Sequence[target_table.Row | None]


def invoke_one(
    function: ModuleType, event: Any, log: FunctionLog, console: Console, *, verbose: bool
) -> bool:
    """Whether the function took the event as done.

    Raises UnreachableError before anything is written.
    """
    keys = _keys(function, event)
    before = _rows(function, keys[:ROWS_SHOWN], console)
    answer = None
    with console.status(f"lambda_handler works, at most {on_this_machine.TIMEOUT_S:.0f} s"):
        try:
            answer = function.lambda_handler(event, on_this_machine.context())
            said = f"answered {json.dumps(answer)}"
        except SyncError as error:
            said = f"raised {type(error).__name__}: {error}"
    done = answer == {"batchItemFailures": []}
    if before is not None:
        after = _rows(function, keys[:ROWS_SHOWN], console) or ()
        for position, key in enumerate(keys[: len(after)]):
            _show_row(key, before[position], after[position], console)
    if len(keys) > ROWS_SHOWN:
        console.print(f"and {len(keys) - ROWS_SHOWN:,} more rows")
    console.print(Text(f"lambda_handler {said}", "green" if done else "red"), soft_wrap=True)
    for line in log.news():
        if verbose:
            console.print(line, style="dim", markup=False, soft_wrap=True)
        with suppress(json.JSONDecodeError):  # an edited function may print what it likes
            _show_summary(json.loads(line), console)
    return done


def _keys(function: ModuleType, event: Any) -> list[Any]:
    """The primary keys that the event is about, each once; what can never be a row has none."""
    found: dict[Any, Any] = {}
    try:
        for change in changes.parse_event(event)[0]:
            try:
                key = function.get_primary_key(change.keys)
                key_size(key)
            except RejectedError:
                continue
            found.setdefault(row_id(key), key)
    except SyncError:  # the handler says it too, and better
        return []
    return list(found.values())


def _rows(function: ModuleType, keys: Sequence[Any], console: Console) -> Rows | None:
    """The rows as they stand, or None where they may not be read: writing needs no such right."""
    client, table = function.client(), function.settings().table_name
    try:
        return [target_table.read(client, table, key) for key in keys]
    except target_table.SaidNoError as error:
        console.print(Text(f"The rows cannot be read: {error}", "yellow"), soft_wrap=True)
        return None


def _show_row(key: Any, before: Any, after: Any, console: Console) -> None:
    names = [name for name, _ in key]
    title = ", ".join(f"{name} {row_view.value_text(value)}" for name, value in key)
    if before is None and after is None:
        console.print(Text(f"{title}: no row, neither before nor after"))
    else:
        console.print(row_view.change_table(title, before, after, names))


def _show_summary(said: Any, console: Console) -> None:
    """The function's own summary in a line, and what it refused."""
    if not isinstance(said, dict) or said.get("message") != "invocation":
        return
    rows = ", ".join(f"{count} {kind}" for kind, count in said["rows"].items())
    console.print(
        f"records {said['records']}, rows {rows or 0}, calls {said['calls']}, "
        f"rejected {said['rejected']}, in quarantine {said['quarantined']}, "
        f"unprocessed {said['unprocessed']}, {said['duration_ms']['total']:.0f} ms"
    )
    for refusal in said.get("rejections", ()):
        console.print(
            Text(f"  rejected {refusal['sequence_number']}: {refusal['reason']}", "yellow"),
            soft_wrap=True,
        )

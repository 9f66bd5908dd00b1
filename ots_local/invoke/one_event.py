"""Send one event through the handler and show its rows before and after, response and summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.text import Text

from ots_local.function_log import FunctionLog
from ots_local.handler import TIMEOUT_S, new_context
from ots_local.invoke import row_view
from ots_local.target_table import Row, ServiceError, read_row
from ots_sync import changes
from ots_sync.errors import RejectedError, SyncError
from ots_sync.rows import key_size, row_id

MAX_ROWS_SHOWN = 10

Rows = Sequence[Row | None]


def invoke_one(
    handler: ModuleType, event: Any, log: FunctionLog, console: Console, *, verbose: bool
) -> bool:
    """Send the event; return whether the function processed all of it.

    Raises UnreachableError before anything is written.
    """
    keys = _keys(handler, event)
    before = _read_rows(handler, keys[:MAX_ROWS_SHOWN], console)
    response = None
    with console.status(f"Running lambda_handler, at most {TIMEOUT_S:.0f} s"):
        try:
            response = handler.lambda_handler(event, new_context())
            result = f"returned {json.dumps(response)}"
        except SyncError as error:
            result = f"raised {type(error).__name__}: {error}"
    succeeded = response == {"batchItemFailures": []}
    if before is not None:
        after = _read_rows(handler, keys[:MAX_ROWS_SHOWN], console) or ()
        for position, key in enumerate(keys[: len(after)]):
            _show_row(key, before[position], after[position], console)
    if len(keys) > MAX_ROWS_SHOWN:
        console.print(f"and {len(keys) - MAX_ROWS_SHOWN:,} more rows")
    style = "green" if succeeded else "red"
    console.print(Text(f"lambda_handler {result}", style), soft_wrap=True)
    for line in log.read_new_lines():
        if verbose:
            console.print(line, style="dim", markup=False, soft_wrap=True)
        with suppress(json.JSONDecodeError):  # an edited function may print other text
            _show_summary(json.loads(line), console)
    return succeeded


def _keys(handler: ModuleType, event: Any) -> list[Any]:
    """Return the distinct primary keys in the event; records that have no valid key are skipped."""
    keys: dict[Any, Any] = {}
    try:
        for change in changes.parse_event(event)[0]:
            try:
                key = handler.get_primary_key(change.keys)
                key_size(key)
            except RejectedError:
                continue
            keys.setdefault(row_id(key), key)
    except SyncError:  # the handler reports it with more detail
        return []
    return list(keys.values())


def _read_rows(handler: ModuleType, keys: Sequence[Any], console: Console) -> Rows | None:
    """Return the current rows, or None without permission to read, which writing does not need."""
    client, table = handler.client(), handler.settings().table_name
    try:
        return [read_row(client, table, key) for key in keys]
    except ServiceError as error:
        console.print(Text(f"The rows cannot be read: {error}", "yellow"), soft_wrap=True)
        return None


def _show_row(key: Any, before: Any, after: Any, console: Console) -> None:
    names = [name for name, _ in key]
    title = ", ".join(f"{name} {row_view.value_text(value)}" for name, value in key)
    if before is None and after is None:
        console.print(Text(f"{title}: no row before or after"))
    else:
        console.print(row_view.change_table(title, before, after, names))


def _show_summary(entry: Any, console: Console) -> None:
    """Show the function's summary of the invocation in one line, then its rejections."""
    if not isinstance(entry, dict) or entry.get("message") != "invocation":
        return
    rows = ", ".join(f"{count} {kind}" for kind, count in entry["rows"].items())
    console.print(
        f"records {entry['records']}, rows {rows or 0}, calls {entry['calls']}, "
        f"rejected {entry['rejected']}, quarantined {entry['quarantined']}, "
        f"unprocessed {entry['unprocessed']}, {entry['duration_ms']['total']:.0f} ms"
    )
    for rejection in entry.get("rejections", ()):
        console.print(
            Text(f"  rejected {rejection['sequence_number']}: {rejection['reason']}", "yellow"),
            soft_wrap=True,
        )

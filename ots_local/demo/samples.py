"""The three sample events go through the handler; the row after each comes out as a table.

Raises SamplesError when the function does not take one as done.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.text import Text

from ots_local import function as on_this_machine
from ots_local import row_view, target_table

EVENTS = Path(__file__).parent.parent.parent / "events"
CHAIN = (
    ("test_data_put.json", "INSERT puts the row"),
    ("test_data_update.json", "MODIFY updates it"),
    ("test_data_delete.json", "REMOVE deletes it"),
)


class SamplesError(Exception):
    """The function did not do what a sample event says."""


def show(function: ModuleType, console: Console) -> None:
    """Send the chain, one event after the other."""
    settings = function.settings()
    before: target_table.Row | None = None
    for name, what in CHAIN:
        event = json.loads((EVENTS / name).read_text("utf-8"))
        answer = function.lambda_handler(event, on_this_machine.context())
        if answer != {"batchItemFailures": []}:
            raise SamplesError(f"{name}: the function answered {json.dumps(answer)}")
        key = function.get_primary_key(event["Records"][0]["dynamodb"]["Keys"])
        row = target_table.read(function.client(), settings.table_name, key)
        title = f"events/{name}: {what}"
        if row is None:
            console.print(Text(title, "bold"), Text("no such row any more", "red"), sep="\n")
        else:
            console.print(row_view.row_table(title, row, before, settings.key_list))
        console.print()
        before = row

"""Send the three sample events through the handler, and show the row after each."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.text import Text

from ots_local.handler import new_context
from ots_local.invoke.row_view import row_table
from ots_local.target_table import Row, read_row

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = (
    ("test_data_put.json", "INSERT puts the row"),
    ("test_data_update.json", "MODIFY updates it"),
    ("test_data_delete.json", "REMOVE deletes it"),
)


class SamplesError(Exception):
    """The function did not process a sample event."""


def show_samples(handler: ModuleType, console: Console) -> None:
    """Send the events in order; raises SamplesError if one is not processed."""
    settings = handler.settings()
    before: Row | None = None
    for name, effect in SAMPLES:
        event = json.loads((EVENTS / name).read_text("utf-8"))
        response = handler.lambda_handler(event, new_context())
        if response != {"batchItemFailures": []}:
            raise SamplesError(f"{name}: the function returned {json.dumps(response)}")
        key = handler.get_primary_key(event["Records"][0]["dynamodb"]["Keys"])
        row = read_row(handler.client(), settings.table_name, key)
        title = f"events/{name}: {effect}"
        if row is None:
            console.print(Text(title, "bold"), Text("the row does not exist", "red"), sep="\n")
        else:
            console.print(row_table(title, row, before, settings.key_list))
        console.print()
        before = row

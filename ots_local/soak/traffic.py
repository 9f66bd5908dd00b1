"""Changes are made in DynamoDB until it is over; some make an item that no row can hold.

A seed goes in; the number of changes comes out. `mend` makes every item fit for a row again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from ots_local.demo import source
from ots_local.demo.changes import Change, changes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNFIT = "n" * 256
"""An attribute's name that is too long for a column's."""
UNFIT_SHARE = 0.02
MANY = 1_000_000


def make(
    client: DynamoDBClient,
    table: str,
    chance: Random,
    sleep: Callable[[float], object],
    over: Callable[[], bool],
) -> int:
    """Makes changes, about a hundred a second, until it is over; how many."""
    count = 0
    for change in changes(MANY, chance):
        if over():
            break
        source.make(client, table, _unfit(change) if chance.random() < UNFIT_SHARE else change)
        count += 1
        sleep(chance.expovariate(120.0))
    return count


def is_fit(item: dict[str, Any]) -> bool:
    """Whether a row can hold the item."""
    return UNFIT not in item


def mend(client: DynamoDBClient, table: str) -> int:
    """Takes the attribute away that no row can hold; from how many items."""
    unfit = [item for item in source.items(client, table) if not is_fit(item)]
    for item in unfit:
        key = {name: item[name] for name in ("user_id", "action_time")}
        source.make(client, table, Change("update", key, {"mended": {"BOOL": True}}, [UNFIT]))
    return len(unfit)


def _unfit(change: Change) -> Change:
    if change.kind == "delete":
        return change
    return replace(change, attributes={**change.attributes, UNFIT: {"S": "x"}})

"""Changes are made in DynamoDB until it is over; some make an item that no row can hold, or one of
more attributes than one write takes.

A seed goes in; the number of changes comes out. `mend` makes every item fit for a row again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
WIDE: Mapping[str, Any] = {f"wide_{number}": {"N": str(number)} for number in range(1_024)}
WIDE_SHARE = 0.02
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
        source.make(client, table, _odd(change, chance.random()))
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


def _odd(change: Change, drawn: float) -> Change:
    """The change, or in some cases one that is harder to follow; `drawn` is between 0 and 1."""
    if change.kind != "delete" and drawn < UNFIT_SHARE:
        return replace(change, attributes={**change.attributes, UNFIT: {"S": "x"}})
    if change.kind == "put" and drawn > 1 - WIDE_SHARE:
        return replace(change, attributes={**WIDE, **change.attributes})
    return change

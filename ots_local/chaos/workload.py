"""Change a DynamoDB table at random, sometimes to items that are difficult to write.

A few items have an attribute that no row can hold, and a few need more than one write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from ots_local.demo.changes import ItemChange, random_changes
from ots_local.demo.source_table import apply_change, scan_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INVALID_ATTRIBUTE = "n" * 256
"""An attribute name that exceeds the limit of a column name."""
INVALID_SHARE = 0.02
WIDE: Mapping[str, Any] = {f"wide_{number}": {"N": str(number)} for number in range(1_024)}
"""More attributes than one write can have columns."""
WIDE_SHARE = 0.02
CHANGES_PER_SECOND = 120.0
MAX_CHANGES = 1_000_000


def make_changes(
    client: DynamoDBClient,
    table: str,
    rng: Random,
    sleep: Callable[[float], object],
    ended: Callable[[], bool],
) -> int:
    """Make changes until `ended`; return their number."""
    count = 0
    for change in random_changes(MAX_CHANGES, rng):
        if ended():
            break
        apply_change(client, table, _maybe_difficult(change, rng.random()))
        count += 1
        sleep(rng.expovariate(CHANGES_PER_SECOND))
    return count


def is_valid(item: dict[str, Any]) -> bool:
    """Return whether a row can hold the item."""
    return INVALID_ATTRIBUTE not in item


def fix_invalid_items(client: DynamoDBClient, table: str) -> int:
    """Remove the attribute that no row can hold; return the number of items that had it."""
    invalid = [item for item in scan_items(client, table) if not is_valid(item)]
    for item in invalid:
        key = {name: item[name] for name in ("user_id", "action_time")}
        fix = ItemChange("update", key, {"fixed": {"BOOL": True}}, [INVALID_ATTRIBUTE])
        apply_change(client, table, fix)
    return len(invalid)


def _maybe_difficult(change: ItemChange, roll: float) -> ItemChange:
    """Make some changes invalid or wide; `roll` is between 0 and 1."""
    if change.kind != "delete" and roll < INVALID_SHARE:
        return replace(change, attributes={**change.attributes, INVALID_ATTRIBUTE: {"S": "x"}})
    if change.kind == "put" and roll > 1 - WIDE_SHARE:
        return replace(change, attributes={**WIDE, **change.attributes})
    return change

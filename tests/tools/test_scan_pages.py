"""Pages of a table are as long as their attributes allow, and together are the table."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_tools import scan
from tests.support.fixtures_dynamodb import SourceTable

ITEMS = 700


@pytest.mark.parametrize(
    ("attributes", "later"), [(60, scan.CELLS_PER_PAGE // 62), (1, ITEMS)], ids=["wide", "narrow"]
)
def test_pages_hold_no_more_cells_than_memory_has_room_for(
    source_table: SourceTable, dynamodb: DynamoDB, attributes: int, later: int
) -> None:
    """A short page tells what the items are like; the bytes of a page do not."""
    for start in range(0, ITEMS, 25):
        requests: Any = [
            {"PutRequest": {"Item": item(number, attributes)}}
            for number in range(start, start + 25)
        ]
        source_table.tables.batch_write_item(RequestItems={source_table.name: requests})
    client = dynamodb.client("dynamodb")  # of its own: pages are read past its parser from now on
    found = [
        page.items for page in scan.pages(client, source_table.name, 0, 1, "", consistent=True)
    ]
    assert len(found[0]) == scan.FIRST_ITEMS
    assert [len(items) for items in found[1:] if items] == lengths(ITEMS - len(found[0]), later)
    assert sorted(int(one["action_time"]["N"]) for items in found for one in items) == list(
        range(ITEMS)
    )


def item(number: int, attributes: int) -> dict[str, Any]:
    """Its keys, and so many small numbers."""
    keys = {"user_id": {"S": "user"}, "action_time": {"N": str(number)}}
    return keys | {f"n{at}": {"N": "1"} for at in range(attributes)}


def lengths(items: int, most: int) -> list[int]:
    """So many items in pages of at most so many."""
    return [min(most, items - start) for start in range(0, items, most)]

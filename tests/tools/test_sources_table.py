"""Test that the length of scan pages depends on the number of attributes."""

from __future__ import annotations

from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_tools.sources.table import FIRST_PAGE_ITEMS, PAGE_ATTRIBUTES, scan_pages
from tests.support.fixtures_dynamodb import SourceTable

ITEMS = 700


@pytest.mark.parametrize(
    ("attributes", "later"), [(60, PAGE_ATTRIBUTES // 62), (1, ITEMS)], ids=["wide", "narrow"]
)
def test_pages_are_limited_by_their_number_of_attributes(
    source_table: SourceTable, dynamodb: DynamoDB, attributes: int, later: int
) -> None:
    """A short first page shows the items' attributes; the size in bytes does not."""
    for start in range(0, ITEMS, 25):
        requests: Any = [
            {"PutRequest": {"Item": item(number, attributes)}}
            for number in range(start, start + 25)
        ]
        source_table.tables.batch_write_item(RequestItems={source_table.name: requests})
    client = dynamodb.client("dynamodb")  # scan_pages changes how it parses responses
    found = [
        page.items for page in scan_pages(client, source_table.name, 0, 1, "", consistent=True)
    ]
    assert len(found[0]) == FIRST_PAGE_ITEMS
    assert [len(items) for items in found[1:] if items] == lengths(ITEMS - len(found[0]), later)
    assert sorted(int(one["action_time"]["N"]) for items in found for one in items) == list(
        range(ITEMS)
    )


def item(number: int, attributes: int) -> dict[str, Any]:
    """Return an item with so many small numbers."""
    keys = {"user_id": {"S": "user"}, "action_time": {"N": str(number)}}
    return keys | {f"n{at}": {"N": "1"} for at in range(attributes)}


def lengths(items: int, most: int) -> list[int]:
    """Return the lengths of pages of at most `most` items."""
    return [min(most, items - start) for start in range(0, items, most)]

"""Keys of items go in, the items as they are now come out, by consistent BatchGetItem."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ots_sync.errors import SyncError
from ots_sync.model import Image
from ots_tools.items import keys_of

ITEMS_PER_READ = 100
TRIES = 8


def items_of(client: Any, table: str, keys: Sequence[Image]) -> list[Image | None]:
    """The item of each key, by position; None where there is none.

    Raises SyncError when DynamoDB leaves keys unread over and over.
    """
    found: list[Image | None] = []
    for start in range(0, len(keys), ITEMS_PER_READ):
        some = keys[start : start + ITEMS_PER_READ]
        items = {_identity(keys_of(i, list(some[0]))): i for i in _read(client, table, some)}
        found += [items.get(_identity(key)) for key in some]
    return found


def _read(client: Any, table: str, keys: Sequence[Image]) -> list[Image]:
    items: list[Image] = []
    asked: Any = {table: {"Keys": list(keys), "ConsistentRead": True}}
    for number in range(TRIES):
        answer = client.batch_get_item(RequestItems=asked)
        items += answer["Responses"].get(table, [])
        asked = answer.get("UnprocessedKeys")
        if not asked:
            return items
        time.sleep(0.05 * 2**number)
    raise SyncError("DynamoDB left keys unread several times: the table is throttled.")


def _identity(keys: Image) -> str:
    return repr(sorted((name, sorted(tagged.items())) for name, tagged in keys.items()))

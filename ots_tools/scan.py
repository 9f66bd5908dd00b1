"""A table's segment goes in, its items page by page come out, from where a cursor stands.

Refuses a table whose keys are not those of PRIMARY_KEY.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ots_sync.errors import ConfigurationError
from ots_sync.model import Image
from ots_tools.items import key_of_text, key_text

SEGMENT_BYTES = 2 << 30
"""One segment for each 2 GiB, as AWS advises to begin with.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-query-scan.html"""


@dataclass(frozen=True, slots=True)
class Table:
    """What DynamoDB tells of a table; count and size are some hours old."""

    name: str
    arn: str
    items: int
    bytes: int
    key_types: dict[str, str]
    """Key attribute -> S, N or B."""


FIRST_ITEMS = 100
ITEMS_PER_PAGE = 2_000
CELLS_PER_PAGE = 20_000
"""DynamoDB ends a page at 1 MB, which of small items or attributes would be tens of MB in memory.
So a short page tells how many attributes an item has, and the others are as long as that allows."""


class Page(NamedTuple):
    """Some items, binaries as base64; the cursor behind them, '' at the end; the read units."""

    items: Sequence[Image]
    cursor: str
    read_units: float


def describe(client: Any, name: str, key_list: Sequence[str]) -> Table:
    """The table; raises ConfigurationError when it is not there or has other keys."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = client.describe_table(TableName=name)["Table"]
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Code", "unknown")
        raise ConfigurationError(f"DynamoDB's table {name} cannot be read: {reason}.") from None
    except BotoCoreError as error:
        raise ConfigurationError(f"DynamoDB cannot be reached: {type(error).__name__}.") from None
    keys = [key["AttributeName"] for key in found["KeySchema"]]
    if sorted(keys) != sorted(key_list):
        raise ConfigurationError(
            f"The table {name} has the keys {', '.join(keys)}, but PRIMARY_KEY names "
            f"{', '.join(key_list)}."
        )
    types = {a["AttributeName"]: a["AttributeType"] for a in found["AttributeDefinitions"]}
    return Table(
        name,
        found["TableArn"],
        found.get("ItemCount", 0),
        found.get("TableSizeBytes", 0),
        {key: types[key] for key in keys},
    )


def segments(table: Table, at_least: int) -> int:
    """How many segments suit the table."""
    return max(at_least, math.ceil(table.bytes / SEGMENT_BYTES))


def pages(
    client: Any, table: str, segment: int, total: int, cursor: str, *, consistent: bool
) -> Iterator[Page]:
    """The pages of a segment behind the cursor; the last has none."""
    client.meta.events.register("before-parse.dynamodb.Scan", _as_sent, unique_id="as-sent")
    asked: dict[str, Any] = {
        "TableName": table,
        "Segment": segment,
        "TotalSegments": total,
        "ConsistentRead": consistent,
        "Limit": FIRST_ITEMS,
        "ReturnConsumedCapacity": "TOTAL",
    }
    while True:
        if cursor:
            asked["ExclusiveStartKey"] = key_of_text(cursor)
        answer = client.scan(**asked)
        last = answer.get("LastEvaluatedKey")
        cursor = key_text(last) if last else ""
        units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        items = answer.get(_AS_SENT, answer["Items"])
        asked["Limit"] = _limit(items)
        yield Page(items, cursor, float(units))
        if not cursor:
            return


def _limit(items: Sequence[Image]) -> int:
    """How many items a page takes when they are like these."""
    cells = max(1, sum(map(len, items)))
    return (
        max(1, min(ITEMS_PER_PAGE, CELLS_PER_PAGE * len(items) // cells)) if items else FIRST_ITEMS
    )


_AS_SENT = "ItemsAsSent"


def _as_sent(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Takes a page's items as JSON has them, binaries as base64, past boto3's parser: it would
    take ten times as long, over half of what a load costs in all.
    """
    if response_dict["status_code"] == 200:
        body = json.loads(response_dict["body"])
        customized_response_dict[_AS_SENT] = body.pop("Items", [])
        response_dict["body"] = json.dumps(body | {"Items": []}).encode()

"""DynamoDB's table of the demo: a change goes in, a request is made; every item comes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ots_local.demo.changes import Change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def make(client: DynamoDBClient, table: str, change: Change) -> None:
    """Carry out one change; it is done when this returns."""
    if change.kind == "put":
        client.put_item(TableName=table, Item={**change.key, **change.attributes})
    elif change.kind == "delete":
        client.delete_item(TableName=table, Key=change.key)
    else:
        names = [*change.attributes, *change.removed]
        tokens = {name: f"#{position}" for position, name in enumerate(names)}
        sets = [f"{tokens[name]} = :{tokens[name][1:]}" for name in change.attributes]
        expression = "SET " + ", ".join(sets)
        if change.removed:
            expression += " REMOVE " + ", ".join(tokens[name] for name in change.removed)
        client.update_item(
            TableName=table,
            Key=change.key,
            UpdateExpression=expression,
            ExpressionAttributeNames={token: name for name, token in tokens.items()},
            ExpressionAttributeValues={
                f":{tokens[name][1:]}": value for name, value in change.attributes.items()
            },
        )


def items(client: DynamoDBClient, table: str) -> Iterator[dict[str, Any]]:
    """Every item of the table, read consistently."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]

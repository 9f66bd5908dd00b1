"""Create, change and read a temporary DynamoDB table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ots_local.demo.changes import ItemChange
from ots_local.dynamodb import DynamoDB, create_table, delete_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table in DynamoDB and its stream."""

    dynamodb: DynamoDB
    name: str
    stream_arn: str


@contextmanager
def temporary_source_table(dynamodb: DynamoDB, name: str) -> Iterator[SourceTable]:
    """Create a table with the article's key; delete it when the block ends.

    Raises TableExistsError, so that an existing table is never changed or deleted.
    """
    client = dynamodb.tables
    stream_arn = create_table(client, name, {"user_id": "S", "action_time": "N"})
    try:
        yield SourceTable(dynamodb, name, stream_arn)
    finally:
        delete_table(client, name)


def apply_change(client: DynamoDBClient, table: str, change: ItemChange) -> None:
    """Send one change to DynamoDB and wait for its confirmation."""
    if change.kind == "put":
        client.put_item(TableName=table, Item={**change.key, **change.attributes})
    elif change.kind == "delete":
        client.delete_item(TableName=table, Key=change.key)
    else:
        names = [*change.attributes, *change.removed]
        tokens = {name: f"#{position}" for position, name in enumerate(names)}
        assignments = [f"{tokens[name]} = :{tokens[name][1:]}" for name in change.attributes]
        expression = "SET " + ", ".join(assignments)
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


def scan_items(client: DynamoDBClient, table: str) -> Iterator[dict[str, Any]]:
    """Yield every item of the table, read consistently."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]

"""Connect to a DynamoDB: a local ministack, another endpoint, or AWS. Create and delete tables."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from ots_local.dynamodb.ministack import run_ministack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import ScalarAttributeTypeType, StreamViewTypeType
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

AWS = "aws"
"""The endpoint that means the real service, with the Region and credentials that boto3 finds."""


class EndpointError(ValueError):
    """The endpoint is not valid."""


class TableExistsError(Exception):
    """A table with this name exists and may belong to somebody."""


def is_loopback(endpoint: str) -> bool:
    """Return whether the endpoint is on this machine, where writes are free and harmless."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DynamoDB:
    """A DynamoDB endpoint, and clients for it."""

    endpoint: str
    region: str = "us-east-1"
    """The Region for an endpoint on this machine; otherwise boto3 finds the Region."""

    def client(self, service: str) -> Any:
        """Return a new boto3 client for a service of the endpoint (ministack also serves `s3`)."""
        session = boto3.session.Session()
        if self.endpoint == AWS:
            return session.client(cast("Any", service))
        if not is_loopback(self.endpoint):
            return session.client(cast("Any", service), endpoint_url=self.endpoint)
        return session.client(
            cast("Any", service),
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="local",  # never send the user's keys to a local server
            aws_secret_access_key="local",  # noqa: S106 # not a secret
            config=Config(s3={"addressing_style": "path"}),  # bucket.127.0.0.1 is not a host
        )

    @property
    def tables(self) -> DynamoDBClient:
        """A new client for tables."""
        return cast("DynamoDBClient", self.client("dynamodb"))

    @property
    def streams(self) -> DynamoDBStreamsClient:
        """A new client for streams."""
        return cast("DynamoDBStreamsClient", self.client("dynamodbstreams"))


@contextlib.contextmanager
def open_dynamodb(endpoint: str | None = None) -> Iterator[DynamoDB]:
    """Yield DynamoDB at a URL or `aws`; without an endpoint, a ministack that the block ends.

    Raises EndpointError for any other text.
    """
    if endpoint is None:
        with run_ministack() as url:
            yield DynamoDB(url)
        return
    parts = urlsplit(endpoint)
    if endpoint != AWS and not (parts.scheme in ("http", "https") and parts.hostname):
        raise EndpointError(
            f"{endpoint!r} is not an endpoint. Use a URL such as http://127.0.0.1:8000, or {AWS!r}."
        )
    yield DynamoDB(endpoint)


def random_table_name(prefix: str = "ots-sync") -> str:
    """Return a unique table name: the prefix and 64 random bits."""
    return f"{prefix}-{secrets.token_hex(8)}"


def create_table(
    client: DynamoDBClient,
    table: str,
    keys: Mapping[str, ScalarAttributeTypeType],
    view: StreamViewTypeType = "NEW_AND_OLD_IMAGES",
) -> str:
    """Create a table with a stream, wait until it is active, and return the stream's ARN.

    `keys` maps names to types (S, N, B): the partition key, then the sort key if there is one.
    Raises TableExistsError if the name is in use.
    """
    roles = zip(keys, ("HASH", "RANGE"), strict=False)
    try:
        client.create_table(
            TableName=table,
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()
            ],
            KeySchema=[
                {"AttributeName": name, "KeyType": cast("Any", role)} for name, role in roles
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
    except client.exceptions.ResourceInUseException:
        raise TableExistsError(
            f"The DynamoDB table {table} already exists. Use another name, or delete it first."
        ) from None
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    return client.describe_table(TableName=table)["Table"]["LatestStreamArn"]


def delete_table(client: DynamoDBClient, table: str) -> None:
    """Delete a table and wait until it is gone; do nothing if it does not exist."""
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.delete_table(TableName=table)
    client.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})

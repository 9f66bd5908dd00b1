"""DynamoDB's side on a laptop: an endpoint goes in (or none), boto3 clients and a table come out.

Without an endpoint it starts ministack. It refuses an endpoint that is neither a URL nor the word
`aws`, and a table that exists already.
"""

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

from ots_local.ministack import ministack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import ScalarAttributeTypeType, StreamViewTypeType
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

AWS = "aws"
"""As an endpoint: the real service, with the region and credentials that boto3 finds."""


class EndpointError(ValueError):
    """The endpoint is none; the message says what would be."""


class TableExistsError(Exception):
    """A table of that name is there already, and may be somebody's."""


def is_loopback(endpoint: str) -> bool:
    """Whether the endpoint is this machine, where a write can cost and hurt nobody."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DynamoDB:
    """One DynamoDB: where it is, and clients to talk to it."""

    endpoint: str
    region: str = "us-east-1"
    """Of an endpoint on this machine; elsewhere boto3 finds the region."""

    def client(self, service: str) -> Any:
        """A new boto3 client of any service that the endpoint serves (ministack: `s3` too)."""
        session = boto3.session.Session()
        if self.endpoint == AWS:
            return session.client(cast("Any", service))
        if not is_loopback(self.endpoint):
            return session.client(cast("Any", service), endpoint_url=self.endpoint)
        return session.client(
            cast("Any", service),
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="local",  # the user's own keys are not for whoever listens here
            aws_secret_access_key="local",  # noqa: S106 # no secret
            config=Config(s3={"addressing_style": "path"}),  # bucket.127.0.0.1 is no host
        )

    @property
    def tables(self) -> DynamoDBClient:
        """A new client of the tables."""
        return cast("DynamoDBClient", self.client("dynamodb"))

    @property
    def streams(self) -> DynamoDBStreamsClient:
        """A new client of the streams."""
        return cast("DynamoDBStreamsClient", self.client("dynamodbstreams"))


@contextlib.contextmanager
def open_dynamodb(endpoint: str | None = None) -> Iterator[DynamoDB]:
    """DynamoDB at a URL or `aws`; without either, a ministack that ends with the block."""
    if endpoint is None:
        with ministack() as url:
            yield DynamoDB(url)
        return
    parts = urlsplit(endpoint)
    if endpoint != AWS and not (parts.scheme in ("http", "https") and parts.hostname):
        raise EndpointError(
            f"{endpoint!r} is no endpoint: give a URL such as http://127.0.0.1:8000, or {AWS!r}."
        )
    yield DynamoDB(endpoint)


def random_table_name(prefix: str = "ots-sync") -> str:
    """A name that nobody's table has: the prefix and 64 random bits."""
    return f"{prefix}-{secrets.token_hex(8)}"


def create_table(
    client: DynamoDBClient,
    table: str,
    keys: Mapping[str, ScalarAttributeTypeType],
    view: StreamViewTypeType = "NEW_AND_OLD_IMAGES",
) -> str:
    """Create a table with a stream, wait until it is active; the stream's ARN.

    `keys` are name to type (S, N, B): the partition key, then the sort key if there is one.
    Raises TableExistsError where the name is taken.
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
            f"DynamoDB already has a table {table}. Choose another name, or delete it first."
        ) from None
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    return client.describe_table(TableName=table)["Table"]["LatestStreamArn"]


def delete_table(client: DynamoDBClient, table: str) -> None:
    """Delete a table and wait until it is gone; one that is gone already is fine."""
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.delete_table(TableName=table)
    client.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})

"""Provide fixtures of DynamoDB: one ministack per test process, one source table per test.

The variable DYNAMODB_ENDPOINT selects another DynamoDB instead (`make test-ddblocal`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ots_local.dynamodb import (
    DynamoDB,
    create_table,
    delete_table,
    open_dynamodb,
    random_table_name,
)


@dataclass(frozen=True)
class SourceTable:
    """A table with a stream and the article's keys: user_id (S) and action_time (N)."""

    name: str
    stream_arn: str
    tables: Any
    streams: Any


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[DynamoDB]:
    """Run a local DynamoDB for the whole test process."""
    with open_dynamodb(os.environ.get("DYNAMODB_ENDPOINT")) as running:
        yield running


@pytest.fixture(scope="session")
def dynamodb_clients(dynamodb: DynamoDB) -> tuple[Any, Any]:
    """Return its clients for tables and streams; creating a client is slow."""
    return dynamodb.tables, dynamodb.streams


@pytest.fixture
def source_table(dynamodb_clients: tuple[Any, Any]) -> Iterator[SourceTable]:
    """Create an empty source table, and delete it after the test."""
    tables, streams = dynamodb_clients
    name = random_table_name("test")
    arn = create_table(tables, name, {"user_id": "S", "action_time": "N"})
    yield SourceTable(name, arn, tables, streams)
    delete_table(tables, name)

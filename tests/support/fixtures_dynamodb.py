"""Fixtures of DynamoDB's side: one ministack for each test process, a table for each test.

DYNAMODB_ENDPOINT names another DynamoDB to take instead (`make test-ddblocal`).
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
    """A table with a stream, keyed as the article's: user_id (S), action_time (N)."""

    name: str
    stream_arn: str
    tables: Any
    streams: Any


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[DynamoDB]:
    """A DynamoDB on this machine; it lives as long as the test process."""
    with open_dynamodb(os.environ.get("DYNAMODB_ENDPOINT")) as running:
        yield running


@pytest.fixture(scope="session")
def dynamodb_clients(dynamodb: DynamoDB) -> tuple[Any, Any]:
    """Clients of its tables and of its streams; a client takes long to make."""
    return dynamodb.tables, dynamodb.streams


@pytest.fixture
def source_table(dynamodb_clients: tuple[Any, Any]) -> Iterator[SourceTable]:
    """An empty source table, gone after the test."""
    tables, streams = dynamodb_clients
    name = random_table_name("test")
    arn = create_table(tables, name, {"user_id": "S", "action_time": "N"})
    yield SourceTable(name, arn, tables, streams)
    delete_table(tables, name)

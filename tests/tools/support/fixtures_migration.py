"""Define the fixture of a migration: an empty source table and an empty target table."""

from __future__ import annotations

from pathlib import Path

import pytest

from ots_local.dynamodb import DynamoDB
from ots_local.tablestore import TableStore
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.support.migration_environment import (
    MigrationEnvironment,
    create_migration_environment,
)


@pytest.fixture
def env(
    source_table: SourceTable, table_store: TableStore, dynamodb: DynamoDB, tmp_path: Path
) -> MigrationEnvironment:
    """Both tables, and the environment of the commands between them."""
    return create_migration_environment(source_table, table_store, dynamodb.endpoint, tmp_path)

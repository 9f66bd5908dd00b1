"""The fixture of a migration: an empty source table and an empty target table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ots_local.dynamodb import DynamoDB
from ots_local.tablestore import TableStore
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.stage import Stage, staged


@pytest.fixture
def stage(
    source_table: SourceTable, table_store: TableStore, dynamodb: DynamoDB, tmp_path: Path
) -> Iterator[Stage]:
    """Both tables and the commands between them."""
    with staged(source_table, table_store, dynamodb.endpoint, tmp_path) as found:
        yield found

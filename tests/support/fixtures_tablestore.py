"""Provide the fixture of the local Table Store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ots_local.tablestore import TableStore


@pytest.fixture
def table_store() -> Iterator[TableStore]:
    """Run an empty, strict local Table Store in memory for one test."""
    with TableStore() as store:
        yield store

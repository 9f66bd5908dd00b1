"""Fixtures of the local Table Store: a running one, empty, with the SDK's client on request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ots_local.tablestore import TableStore


@pytest.fixture
def table_store() -> Iterator[TableStore]:
    """Serve an empty, strict local Table Store in memory for one test."""
    with TableStore() as store:
        yield store

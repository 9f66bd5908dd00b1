"""One emulator per test module, and a client for each codec of the SDK."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tablestore import OTSClient

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import client_of


@pytest.fixture(scope="module")
def store() -> Iterator[TableStore]:
    """A strict emulator for one module; each test begins without tables and faults."""
    with TableStore() as running:
        yield running


@pytest.fixture(params=[True, False], ids=["native", "python"])
def client(store: TableStore, request: pytest.FixtureRequest) -> Iterator[OTSClient]:
    """An SDK client of an empty emulator; the test runs with the native and the Python codec."""
    yield client_of(store, native=request.param)
    reset(store)


@pytest.fixture
def sdk(store: TableStore) -> Iterator[OTSClient]:
    """An SDK client of an empty emulator, with the native codec."""
    yield client_of(store)
    reset(store)


def reset(store: TableStore) -> None:
    """Remove faults, counters and tables."""
    store.faults.clear()
    store.faults.reset_counters()
    client = client_of(store)
    for table in client.list_table():
        client.delete_table(table)

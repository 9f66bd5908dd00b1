"""One local Table Store and a client for each codec of the SDK, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tablestore import OTSClient

from ots_local.tablestore import TableStore
from tests.tablestore.clients import client_of


@pytest.fixture(scope="module")
def store() -> Iterator[TableStore]:
    """Serve one strict store to a module; each test begins without tables or faults."""
    with TableStore() as running:
        yield running


@pytest.fixture(params=[True, False], ids=["native", "python"])
def client(store: TableStore, request: pytest.FixtureRequest) -> Iterator[OTSClient]:
    """The SDK with its native and its Python codec, on a store without tables."""
    made = client_of(store, native=request.param)
    yield made
    clean(store)


@pytest.fixture
def sdk(store: TableStore) -> Iterator[OTSClient]:
    """The SDK with its native codec, on a store without tables."""
    yield client_of(store)
    clean(store)


def clean(store: TableStore) -> None:
    """Leave a store as new for the next test."""
    store.faults.clear()
    store.faults.forget()
    made = client_of(store)
    for table in made.list_table():
        made.delete_table(table)

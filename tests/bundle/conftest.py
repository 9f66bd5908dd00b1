"""What the tests of the built bundle stand on: the bundle, Lambda's runtime, a Table Store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tablestore import CapacityUnit, OTSClient, ReservedThroughput, TableMeta, TableOptions

from ots_local.lambda_parts import LambdaParts, LambdaPartsError, parts
from ots_local.lambda_runtime import LambdaRuntime, running
from ots_local.tablestore import TableStore

BUNDLE = Path(__file__).parent.parent.parent / "build" / "bundle"
Function = Callable[..., LambdaRuntime]


@pytest.fixture(scope="session")
def bundle_dir() -> Path:
    """What `make bundle` built, as Lambda unpacks it."""
    assert BUNDLE.exists(), "build it first: make bundle"
    return BUNDLE


@pytest.fixture(scope="session")
def lambda_parts() -> LambdaParts:
    """AWS's emulator and client; a machine that cannot run them skips, and says why."""
    try:
        return parts()
    except LambdaPartsError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def target(table_store: TableStore) -> TableStore:
    """A local Table Store with the article's table."""
    client = OTSClient(
        table_store.endpoint,
        table_store.access_key_id,
        table_store.access_key_secret,
        table_store.instance,
    )
    client.create_table(
        TableMeta("target", [("user_id", "STRING"), ("action_time", "INTEGER")]),
        TableOptions(),
        ReservedThroughput(CapacityUnit(0, 0)),
    )
    return table_store


@pytest.fixture
def function(lambda_parts: LambdaParts, bundle_dir: Path, target: TableStore) -> Iterator[Function]:
    """Starts the bundle in Lambda's runtime: settings by name, and `timeout_s`."""
    with ExitStack() as stack:

        def start(*, timeout_s: int = 60, **settings: str) -> LambdaRuntime:
            environ = {
                **target.environ(),
                "TABLE_NAME": "target",
                "PRIMARY_KEY": "user_id,action_time",
                "PARTIAL_RESPONSE": "1",
                **settings,
            }
            return stack.enter_context(
                running(lambda_parts, bundle_dir, environ, timeout_s=timeout_s)
            )

        yield start

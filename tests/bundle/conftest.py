"""Fixtures for the tests of the built bundle: the bundle, Lambda's runtime, and a Table Store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ots_local.lambda_runtime.parts import LambdaParts, LambdaPartsError
from ots_local.lambda_runtime.parts import lambda_parts as fetch_lambda_parts
from ots_local.lambda_runtime.runtime import LambdaRuntime, run_bundle
from ots_local.tablestore import TableStore
from tests.support.handler import create_table
from tests.support.paths import ROOT

BUNDLE = ROOT / "build" / "bundle"
Function = Callable[..., LambdaRuntime]


@pytest.fixture(scope="session")
def bundle_dir() -> Path:
    """The output of `make bundle`, as Lambda unpacks it."""
    assert BUNDLE.exists(), "The bundle does not exist. Build it with: make bundle"
    return BUNDLE


@pytest.fixture(scope="session")
def lambda_parts() -> LambdaParts:
    """AWS's emulator and client; the tests are skipped on a machine that cannot run them."""
    try:
        return fetch_lambda_parts()
    except LambdaPartsError as error:
        pytest.skip(str(error))


@pytest.fixture
def target(table_store: TableStore) -> TableStore:
    """A local Table Store with a table that has the article's key."""
    create_table(table_store, "target")
    return table_store


@pytest.fixture
def function(lambda_parts: LambdaParts, bundle_dir: Path, target: TableStore) -> Iterator[Function]:
    """Return a function that runs the bundle in Lambda's runtime with the given settings."""
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
                run_bundle(lambda_parts, bundle_dir, environ, timeout_s=timeout_s)
            )

        yield start

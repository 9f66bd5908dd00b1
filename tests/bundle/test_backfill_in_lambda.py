"""Test the backfill function from the bundle, in Lambda's runtime, with a whole manifest."""

from __future__ import annotations

import importlib.util
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ots_local import bundle
from ots_local.dynamodb import DynamoDB
from ots_local.lambda_runtime.parts import LambdaParts
from ots_local.lambda_runtime.runtime import HandlerError, LambdaRuntime, run_bundle
from ots_local.tablestore import TableStore
from ots_tools.backfill_function import MIN_CHUNK_S
from ots_tools.sources.export_lines import LINES_PER_CHUNK
from tests.support.backfill_driver import load_export, load_file, upload
from tests.support.builders import item
from tests.support.exports import T0, full_line, increment_line
from tests.support.exports import write as write_export

pytestmark = pytest.mark.bundle

# Packages that Lambda's own runtime has in addition to the bundle.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six")
TIMEOUT_S = round(MIN_CHUNK_S) + 1
ITEMS = 3 * LINES_PER_CHUNK + 7


@pytest.fixture
def bundle_with_tools(bundle_dir: Path, tmp_path: Path) -> Path:
    """The bundle with the tools, as `--tools` builds it."""
    root = tmp_path / "task"
    root.mkdir()
    for path in bundle_dir.iterdir():
        (root / path.name).symlink_to(path)
    for name in bundle.TOOLS:
        (root / name).symlink_to(bundle.ROOT / name)
    return root


@pytest.fixture
def exports(dynamodb: DynamoDB, tmp_path: Path) -> tuple[Any, str]:
    """A bucket with a full export, and an incremental one that deletes one of its items."""
    many = [full_line(item("many", number, s={"S": "x" * 900})) for number in range(ITEMS)]
    write_export(tmp_path / "b", "full", [many, [], [full_line(item("b", 1))]])
    gone = [increment_line(item("b", 1), None)]
    write_export(tmp_path / "b", "inc", [gone], window=(T0 - 60, T0 + 900))
    s3, bucket = dynamodb.client("s3"), f"exports-{secrets.token_hex(4)}"
    upload(s3, bucket, tmp_path / "b")
    return s3, bucket


@pytest.fixture
def invoke(
    lambda_parts: LambdaParts,
    bundle_with_tools: Path,
    exports: tuple[Any, str],
    dynamodb: DynamoDB,
    target: TableStore,
    tmp_path: Path,
) -> Iterator[LambdaRuntime]:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        path = origin.parent if origin.name == "__init__.py" else origin
        (runtime / path.name).symlink_to(path)
    environ = {
        **target.environ(),
        "PYTHONPATH": f"{lambda_parts.client}:{runtime}",
        "TABLE_NAME": "target",
        "PRIMARY_KEY": "user_id,action_time",
        "LEDGER_BUCKET": exports[1],
        "BACKFILL_CONCURRENCY": "2",
        "AWS_ENDPOINT_URL": dynamodb.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    handler = "ots_tools.backfill_function.handler"
    with run_bundle(
        lambda_parts, bundle_with_tools, environ, timeout_s=TIMEOUT_S, handler=handler
    ) as function:
        yield function


def test_manifest_of_a_full_and_an_incremental_export_is_loaded(
    invoke: LambdaRuntime, exports: tuple[Any, str], target: TableStore
) -> None:
    s3, bucket = exports
    load_export(invoke, s3, f"s3://{bucket}/AWSDynamoDB/full")
    assert len(target.rows("target")) == ITEMS + 1
    load_export(invoke, s3, f"s3://{bucket}/AWSDynamoDB/inc")
    assert len(target.rows("target")) == ITEMS


def test_file_that_takes_longer_than_the_timeout_is_loaded_in_parts(
    invoke: LambdaRuntime, exports: tuple[Any, str], target: TableStore
) -> None:
    """No chunk starts in the last minute, and each takes longer than the second before that."""
    s3, bucket = exports
    target.faults.set("latency", seconds=1.5)
    started = invoke({"action": "begin", "export": f"s3://{bucket}/AWSDynamoDB/full"})
    lines = s3.get_object(Bucket=bucket, Key=started["manifest"])["Body"].read().splitlines()
    positions: list[int] = []

    def counted(event: Mapping[str, Any]) -> Mapping[str, Any]:
        response: Mapping[str, Any] = invoke(event)
        positions.append(response["line"])
        return response

    load_file(counted, started, json.loads(lines[0]))
    assert len(set(positions)) >= 4
    assert positions[-1] == ITEMS
    assert len(target.rows("target")) == ITEMS


def test_export_out_of_order_is_a_named_error_for_the_state_machine(
    invoke: LambdaRuntime, exports: tuple[Any, str]
) -> None:
    with pytest.raises(HandlerError) as raised:
        invoke({"action": "begin", "export": f"s3://{exports[1]}/AWSDynamoDB/inc"})
    assert raised.value.error_type == "StepOrderError"

"""The function of a full load, as it is shipped, in Lambda's runtime, driven over a manifest."""

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
from ots_local.lambda_parts import LambdaParts
from ots_local.lambda_runtime import HandlerRaised, LambdaRuntime, running
from ots_local.tablestore import TableStore
from ots_tools.backfill_function import MIN_CHUNK_S
from ots_tools.sources.export_lines import LINES_PER_CHUNK
from tests.support.backfill_driver import load_export, load_file, upload
from tests.support.builders import item
from tests.support.exports import T0, full_line, increment_line
from tests.support.exports import write as write_export

pytestmark = pytest.mark.bundle

# What Lambda's own runtime has beside the bundle.
IN_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six")
TIMEOUT_S = round(MIN_CHUNK_S) + 1
ITEMS = 3 * LINES_PER_CHUNK + 7


@pytest.fixture
def shipped(bundle_dir: Path, tmp_path: Path) -> Path:
    """The sync function's bundle and the tools beside it: what --tools builds."""
    root = tmp_path / "task"
    root.mkdir()
    for path in bundle_dir.iterdir():
        (root / path.name).symlink_to(path)
    for name in bundle.TOOLS:
        (root / name).symlink_to(bundle.ROOT / name)
    return root


@pytest.fixture
def exports(dynamodb: DynamoDB, tmp_path: Path) -> tuple[Any, str]:
    """A bucket with a full export, and an increment that deletes one of its items."""
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
    shipped: Path,
    exports: tuple[Any, str],
    dynamodb: DynamoDB,
    target: TableStore,
    tmp_path: Path,
) -> Iterator[LambdaRuntime]:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in IN_THE_RUNTIME:
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
    with running(lambda_parts, shipped, environ, timeout_s=TIMEOUT_S, handler=handler) as function:
        yield function


def test_whole_load_driven_over_the_manifest(
    invoke: LambdaRuntime, exports: tuple[Any, str], target: TableStore
) -> None:
    s3, bucket = exports
    load_export(invoke, s3, f"s3://{bucket}/AWSDynamoDB/full")
    assert len(target.rows("target")) == ITEMS + 1
    load_export(invoke, s3, f"s3://{bucket}/AWSDynamoDB/inc")
    assert len(target.rows("target")) == ITEMS


def test_file_longer_than_the_time_out_is_loaded_in_turns(
    invoke: LambdaRuntime, exports: tuple[Any, str], target: TableStore
) -> None:
    """With a minute left no chunk is begun, and each chunk takes more than the second before it."""
    s3, bucket = exports
    target.faults.set("latency", seconds=1.5)
    begun = invoke({"action": "begin", "export": f"s3://{bucket}/AWSDynamoDB/full"})
    lines = s3.get_object(Bucket=bucket, Key=begun["manifest"])["Body"].read().splitlines()
    turns: list[int] = []

    def counted(event: Mapping[str, Any]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = invoke(event)
        turns.append(answer["line"])
        return answer

    load_file(counted, begun, json.loads(lines[0]))
    assert len(set(turns)) >= 4
    assert turns[-1] == ITEMS
    assert len(target.rows("target")) == ITEMS


def test_order_that_is_broken_is_named_to_the_state_machine(
    invoke: LambdaRuntime, exports: tuple[Any, str]
) -> None:
    with pytest.raises(HandlerRaised) as raised:
        invoke({"action": "begin", "export": f"s3://{exports[1]}/AWSDynamoDB/inc"})
    assert raised.value.error_type == "StepOrderError"

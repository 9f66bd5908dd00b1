"""Define the fixture of the backfill function: exports in a bucket, and the function that loads."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_tools import backfill_function, function
from ots_tools.sources.export_lines import LINES_PER_CHUNK
from tests.support import exports
from tests.support.backfill_driver import upload
from tests.support.builders import item
from tests.support.exports import T0, full_line, increment_line
from tests.tools.support.migration_environment import MigrationEnvironment, environment

LINES = LINES_PER_CHUNK + 500


@dataclass
class LambdaContext:
    """Lambda's context; each call returns the next of `remaining_s`, in milliseconds."""

    remaining_s: list[float]

    def get_remaining_time_in_millis(self) -> int:
        left = self.remaining_s
        return int(1000 * (left.pop(0) if len(left) > 1 else left[0]))


@dataclass(frozen=True)
class BackfillFunction:
    """A migration whose exports are in a bucket, and the function that loads them."""

    env: MigrationEnvironment
    s3: Any
    bucket: str

    def location(self, name: str) -> str:
        """Return the location of an export."""
        return f"s3://{self.bucket}/AWSDynamoDB/{name}"

    def invoke(self, event: Mapping[str, Any], *remaining_s: float) -> Mapping[str, Any]:
        """Invoke the function; its event and its response are converted to JSON and back."""
        context = LambdaContext(list(remaining_s or (900.0,)))
        response = backfill_function.handler(json.loads(json.dumps(event)), context)
        found: Mapping[str, Any] = json.loads(json.dumps(response))
        return found


@pytest.fixture
def load(env: MigrationEnvironment, dynamodb: DynamoDB) -> Iterator[BackfillFunction]:
    """A full export of three files, one of them empty, and an increment, in a bucket."""
    arn = env.source.tables.describe_table(TableName=env.source.name)["Table"]["TableArn"]
    many = [full_line(item("many", number)) for number in range(LINES)]
    root = env.folder / "bucket"
    exports.write(root, "full", [many, [], [full_line(item("b", 1))]], table_arn=arn)
    last = item("b", 1, v={"N": "2"})
    exports.write(
        root,
        "inc",
        [[increment_line(item("b", 1), last), increment_line(item("many", 0), None)]],
        window=(T0 - 60, T0 + 900),
        table_arn=arn,
    )
    env.put_many([item("many", number) for number in range(1, LINES)])
    env.put(last)
    s3, bucket = dynamodb.client("s3"), f"exports-{secrets.token_hex(4)}"
    upload(s3, bucket, root)
    environ = {**env.environ, "LEDGER_BUCKET": bucket, "BACKFILL_CONCURRENCY": "2"}
    with environment(environ):
        function.clear_cache()
        yield BackfillFunction(env, s3, bucket)

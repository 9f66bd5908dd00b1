"""The fixture of a load at scale: exports in a bucket, and the function that loads their files."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_tools import child, door, export_lines
from tests.support.builders import item
from tests.tools import exported
from tests.tools.driver import upload
from tests.tools.exported import T0, full_line, increment_line
from tests.tools.stage import Stage, environment

LINES = export_lines.LINES_PER_CHUNK + 500


@dataclass
class Time:
    """Lambda's context: what is left, in milliseconds, is less at each look."""

    looks: list[float]

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]))


@dataclass(frozen=True)
class Load:
    """A stage whose exports lie in a bucket, and the function over them."""

    stage: Stage
    s3: Any
    bucket: str

    def place(self, name: str) -> str:
        return f"s3://{self.bucket}/AWSDynamoDB/{name}"

    def invoke(self, event: Mapping[str, Any], *looks: float) -> Mapping[str, Any]:
        """One invocation; all that goes in and out of it is JSON."""
        answer = child.handler(json.loads(json.dumps(event)), Time(list(looks or (900.0,))))
        found: Mapping[str, Any] = json.loads(json.dumps(answer))
        return found


@pytest.fixture
def load(stage: Stage, dynamodb: DynamoDB) -> Iterator[Load]:
    """A full export of three files, one of them empty, and an increment; in a bucket."""
    arn = stage.source.tables.describe_table(TableName=stage.source.name)["Table"]["TableArn"]
    many = [full_line(item("many", number)) for number in range(LINES)]
    root = stage.home / "bucket"
    exported.write(root, "full", [many, [], [full_line(item("b", 1))]], table_arn=arn)
    last = item("b", 1, v={"N": "2"})
    exported.write(
        root,
        "inc",
        [[increment_line(item("b", 1), last), increment_line(item("many", 0), None)]],
        window=(T0 - 60, T0 + 900),
        table_arn=arn,
    )
    stage.fill([item("many", number) for number in range(1, LINES)])
    stage.put(last)
    s3, bucket = dynamodb.client("s3"), f"exports-{secrets.token_hex(4)}"
    upload(s3, bucket, root)
    environ = {**stage.environ, "LEDGER_BUCKET": bucket, "BACKFILL_CONCURRENCY": "2"}
    with environment(environ):
        door.forget()
        yield Load(stage, s3, bucket)

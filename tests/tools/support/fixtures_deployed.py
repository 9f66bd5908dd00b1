"""Define the fixture of a deployed function with a disabled event source mapping."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from tests.tools.support.migration_environment import MigrationEnvironment


@dataclass(frozen=True)
class DeployedFunction:
    """A function with the migration's settings, and a mapping from the table's stream to it.

    The environment of `caller` has no settings, so its commands need those of the function.
    """

    client: Any
    metrics: Any
    name: str
    mapping: str
    caller: MigrationEnvironment

    def run(self, command: str, *options: str, code: int = 0) -> str:
        """Run a command with --function; return its output as one line."""
        arguments = (command, "--function", self.name, *options)
        return " ".join(self.caller.run(*arguments, code=code).output.split())

    def enable_mapping(self, enabled: bool) -> None:
        """Enable or disable the mapping; the service stores the time in whole seconds."""
        time.sleep(1.0)
        self.client.update_event_source_mapping(UUID=self.mapping, Enabled=enabled)

    def with_new_mapping(self, starting_position: str, *, enabled: bool) -> DeployedFunction:
        """Replace the mapping, because a starting position cannot be changed."""
        old = self.client.delete_event_source_mapping(UUID=self.mapping)
        created = self.client.create_event_source_mapping(
            FunctionName=self.name,
            EventSourceArn=old["EventSourceArn"],
            StartingPosition=starting_position,
            Enabled=enabled,
        )
        return replace(self, mapping=created["UUID"])

    def report_lag(self, lag_s: float, ago: timedelta) -> None:
        """Write the metric that Lambda writes: the age of an invocation's last record."""
        self.metrics.put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": "IteratorAge",
                    "Dimensions": [{"Name": "FunctionName", "Value": self.name}],
                    "Timestamp": datetime.now(timezone.utc) - ago,
                    "Value": lag_s * 1000,
                }
            ],
        )


@pytest.fixture
def deployed(env: MigrationEnvironment, dynamodb: DynamoDB) -> Iterator[DeployedFunction]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("module.py", "def handler(event, context):\n    return {}\n")
    client, name = dynamodb.client("lambda"), env.source.name
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/sync",
        Handler="module.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {**env.environ, "PYTHONUNBUFFERED": "1"}},
    )
    mapping = client.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=env.source.stream_arn,
        StartingPosition="TRIM_HORIZON",
        Enabled=False,
    )
    environ = {"AWS_ENDPOINT_URL": env.environ["AWS_ENDPOINT_URL"], "COLUMN_TYPES": "v:String"}
    caller = MigrationEnvironment(env.source, env.store, environ, env.folder)
    metrics = dynamodb.client("cloudwatch")
    yield DeployedFunction(client, metrics, name, mapping["UUID"], caller)
    client.delete_function(FunctionName=name)

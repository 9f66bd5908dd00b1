"""The fixture of a deployed function: a Lambda with the stage's settings, and its mapping, off."""

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
from tests.tools.stage import Stage


@dataclass(frozen=True)
class Deployed:
    """A function with the stage's settings, and a mapping from the table's stream to it.

    `alone` has no settings of its own: it takes the function's.
    """

    client: Any
    metrics: Any
    name: str
    mapping: str
    alone: Stage

    def run(self, command: str, *options: str, code: int = 0) -> str:
        """What a command says, in one line."""
        words = (command, "--function", self.name, *options)
        return " ".join(self.alone.run(*words, code=code).output.split())

    def switch(self, on: bool) -> None:
        """Enables or disables the mapping; the service notes it by the second."""
        time.sleep(1.0)
        self.client.update_event_source_mapping(UUID=self.mapping, Enabled=on)

    def mapped_anew(self, position: str, *, enabled: bool) -> Deployed:
        """With another mapping, for a starting position cannot be altered."""
        old = self.client.delete_event_source_mapping(UUID=self.mapping)
        made = self.client.create_event_source_mapping(
            FunctionName=self.name,
            EventSourceArn=old["EventSourceArn"],
            StartingPosition=position,
            Enabled=enabled,
        )
        return replace(self, mapping=made["UUID"])

    def tell_lag(self, lag_s: float, ago: timedelta) -> None:
        """As Lambda does: the age of an invocation's last record."""
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
def deployed(stage: Stage, dynamodb: DynamoDB) -> Iterator[Deployed]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("door.py", "def handler(event, context):\n    return {}\n")
    client, name = dynamodb.client("lambda"), stage.source.name
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/sync",
        Handler="door.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {**stage.environ, "PYTHONUNBUFFERED": "1"}},
    )
    mapping = client.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=stage.source.stream_arn,
        StartingPosition="TRIM_HORIZON",
        Enabled=False,
    )
    environ = {"AWS_ENDPOINT_URL": stage.environ["AWS_ENDPOINT_URL"], "COLUMN_TYPES": "v:String"}
    alone = Stage(stage.source, stage.store, environ, stage.home)
    yield Deployed(client, dynamodb.client("cloudwatch"), name, mapping["UUID"], alone)
    client.delete_function(FunctionName=name)

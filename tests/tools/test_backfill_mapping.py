"""The load and the function's mapping: never side by side when it overwrites, and watch knows."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from tests.builders import item
from tests.tools.stage import Stage

A = item("a", 1, v={"N": "1"})


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


def test_load_that_overwrites_is_refused_beside_an_enabled_mapping(
    stage: Stage, deployed: Deployed
) -> None:
    """The settings come from the function here; one that it does not set counts as not set."""
    stage.put(A)
    deployed.switch(True)
    assert "mapping is enabled" in deployed.run("backfill", code=2)
    assert "not both" in deployed.run("backfill", "--settings", __file__, code=2)
    assert stage.rows() == {}
    deployed.run("backfill", "--live", "--dry-run")
    deployed.switch(False)
    deployed.run("backfill")
    assert stage.wrong() == []
    assert "enable it before" in deployed.run("watch", "--once", code=1)
    deployed.client.delete_event_source_mapping(UUID=deployed.mapping)
    assert "none from this table" in deployed.run("watch", "--once", code=1)


def test_mapping_that_was_just_enabled_is_not_ready_before_it_tells_its_lag(
    stage: Stage, deployed: Deployed
) -> None:
    """Its replay takes rows back in time, and its first lag is told minutes later."""
    stage.put(A)
    deployed.run("backfill")
    deployed.switch(True)
    assert "tells no lag yet" in deployed.run("watch", "--once", code=1)
    deployed.tell_lag(90.0, timedelta(minutes=5))
    assert "writing is 90 s behind" in deployed.run("watch", "--once", code=1)
    deployed.tell_lag(0.0, timedelta(0))
    assert "ready to switch" in deployed.run("watch", "--once")


def test_mapping_that_was_enabled_between_two_runs_of_a_load_is_noticed(
    stage: Stage, deployed: Deployed
) -> None:
    """What the stream wrote then may have been overwritten, and is not delivered again."""
    stage.put(A)
    refused = ["OTSNoPermissionAccess"]
    stage.store.faults.add("request_error", apis=["BatchWriteRow"], codes=refused)
    deployed.run("backfill", code=2)
    stage.store.faults.clear()
    deployed.switch(True)
    deployed.switch(False)
    deployed.run("backfill")
    deployed.switch(True)
    deployed.tell_lag(0.0, timedelta(0))
    assert "enabled or altered during a load" in deployed.run("watch", "--once", code=1)
    deployed.run("verify", "--settle", "0")
    assert "ready to switch" in deployed.run("watch", "--once")

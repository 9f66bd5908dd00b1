"""Check the alarms and the dashboard of template.yaml."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ots_sync.outcome import Outcome
from ots_sync.telemetry import Telemetry
from tests.support.cloudformation import alarms, metric, properties, resolved


def test_alarms_notify_the_topic_if_there_is_one() -> None:
    for alarm in alarms(resolved()).values():
        assert (
            alarm["AlarmActions"]
            == alarm["OKActions"]
            == ["arn:aws:sns:us-east-1:123456789012:alarms"]
        )
        assert alarm["TreatMissingData"] == "notBreaching"
    for alarm in alarms(resolved(AlarmTopicArn="")).values():
        assert "AlarmActions" not in alarm


def test_alarms_and_graphs_ask_for_the_dimensions_that_the_function_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """CloudWatch has no metric of that name under any other: the alarm would be silent for ever."""
    resources = resolved(FunctionName="orders-to-tablestore")
    environ = properties(resources, "SyncFunction")["Environment"]["Variables"]
    telemetry = Telemetry(
        environ["POWERTOOLS_SERVICE_NAME"], environ["POWERTOOLS_METRICS_NAMESPACE"]
    )
    telemetry.report(Outcome(), "target")
    (text,) = (line for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    record = json.loads(text)
    (metrics,) = record["_aws"]["CloudWatchMetrics"]
    (dimensions,) = metrics["Dimensions"]
    written = [
        metrics["Namespace"],
        *(part for name in dimensions for part in (name, record[name])),
    ]
    body = json.loads(properties(resources, "Dashboard")["DashboardBody"])
    asked: list[list[Any]] = [
        [alarm["Namespace"], *(part[key] for part in alarm["Dimensions"] for key in _PAIR)]
        for alarm in alarms(resources).values()
        if alarm.get("Namespace") == metrics["Namespace"]
    ]
    asked += [
        [line[0], line[2], line[3]]
        for widget in body["widgets"]
        for line in widget["properties"].get("metrics", [])
        if line[0] == metrics["Namespace"]
    ]
    assert len(asked) > len(alarms(resources))
    assert all(one == written for one in asked)


_PAIR = ("Name", "Value")


def test_dashboard_shows_what_the_alarms_watch_from_left_to_right() -> None:
    resources = resolved()
    body = json.loads(properties(resources, "Dashboard")["DashboardBody"])
    shown: set[tuple[str, str]] = set()
    for widget in body["widgets"]:
        assert 0 <= widget["x"] < widget["x"] + widget["width"] <= 24
        shown |= {(line[0], line[1]) for line in widget["properties"].get("metrics", [])}
    watched = {metric(alarm) for alarm in alarms(resources).values()}
    assert watched <= shown
    titles = [
        widget["properties"]["markdown"].splitlines()[0]
        for widget in sorted(body["widgets"], key=lambda widget: widget["x"])
        if widget["type"] == "text"
    ]
    assert titles == [
        "## 1 Stream",
        "## 2 Function",
        "## 3 Changes",
        "## 4 Table Store",
        "## 5 Not written",
    ]

"""The alarms and the dashboard of template.yaml: who is told, and what is shown."""

from __future__ import annotations

import json

from tests.cloudformation import alarms, metric, properties, resolved


def test_alarms_tell_the_topic_or_nobody() -> None:
    for alarm in alarms(resolved()).values():
        assert (
            alarm["AlarmActions"]
            == alarm["OKActions"]
            == ["arn:aws:sns:us-east-1:123456789012:alarms"]
        )
        assert alarm["TreatMissingData"] == "notBreaching"
    for alarm in alarms(resolved(AlarmTopicArn="")).values():
        assert "AlarmActions" not in alarm


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
        "## 5 Left over",
    ]

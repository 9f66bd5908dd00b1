"""Check the pages for operators against what is deployed: alarms, log, policies, examples."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import Any

import pytest

from ots_sync.changes import sequence_number
from ots_sync.errors import RejectedError
from ots_sync.limits import ROWS_PER_BATCH
from ots_sync.outcome import Outcome
from ots_sync.telemetry import Telemetry
from tests.support.builders import record
from tests.support.cloudformation import REGIONS, alarms, metric, properties, raw, resolved
from tests.support.pages import table_under
from tests.support.paths import DOCS, ROOT

OPERATIONS = (DOCS / "operations.md").read_text("utf-8")
DEPLOY = (DOCS / "deploy.md").read_text("utf-8")
STEPS = ("parse", "convert", "write", "quarantine", "total")
SERVICE_NUMBERS = count()
POWERTOOLS_FIELDS = {"level", "location", "message", "timestamp", "service"}


def reported(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the log line of an invocation with every field, and its metrics."""
    outcome = Outcome(lag_s=1.0, duration_ms=dict.fromkeys(STEPS, 1.0))
    outcome.add_rejection(record(), RejectedError("KeyNumber", "a reason"))
    outcome.unprocessed.append(record())
    outcome.unprocessed_codes["DeadlineExceeded"] += 1
    assert sequence_number(outcome.unprocessed[0])
    # Powertools keeps one log handler per service, and with it the output of the first test.
    Telemetry(f"function-{next(SERVICE_NUMBERS)}", "ots-sync").report(outcome, "target")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (summary,) = (line for line in lines if "_aws" not in line)
    (embedded,) = (line["_aws"]["CloudWatchMetrics"][0] for line in lines if "_aws" in line)
    return summary, embedded["Metrics"]


def emitted(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the names of the metrics of an invocation."""
    return {one["Name"] for one in reported(capsys)[1]}


def test_every_log_field_and_metric_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    summary, metrics = reported(capsys)
    described = {
        name
        for cell, *_ in table_under("## The log", OPERATIONS)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert described == set(summary) - POWERTOOLS_FIELDS
    units = {
        (name, unit)
        for cell, unit in table_under("## The log", OPERATIONS, number=1)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert units == {(one["Name"], one["Unit"].lower()) for one in metrics}


def test_every_alarm_is_described() -> None:
    described = {
        (name, sign.strip("`")): bool(meaning and action)
        for name, sign, meaning, action in table_under("## Alarms", OPERATIONS)
    }
    deployed = {
        (alarm["AlarmName"].removeprefix("data-to-tablestore-"), metric(alarm)[1])
        for partition in REGIONS
        for alarm in alarms(resolved(partition)).values()
    }
    assert set(described) == deployed
    assert all(described.values())


def test_dashboard_shows_every_metric_of_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled metric would be an empty graph."""
    body = json.loads(properties(resolved(), "Dashboard")["DashboardBody"])
    shown = {
        line[1]
        for widget in body["widgets"]
        for line in widget["properties"].get("metrics", [])
        if line[0] == "ots-sync"
    }
    names = emitted(capsys)
    assert shown == names
    assert f"{len(names)} metrics at 0.30 = {len(names) * 0.3:.2f}" in DEPLOY


def test_monthly_costs_count_the_alarms() -> None:
    count = len(alarms(resolved()))
    assert f"{count} alarms at 0.10 = {count / 10:.2f}" in DEPLOY


def test_costs_of_a_million_changes_follow_from_their_numbers() -> None:
    for _, work, *prices in table_under("## What it costs", DEPLOY):
        invocations, seconds, spent = re.fullmatch(  # type: ignore[union-attr]
            r"([\d,]+) x ([\d.]+) s = ([\d,]+) GB-s", work
        ).groups()
        count = int(invocations.replace(",", ""))
        gb_seconds = int(spent.replace(",", ""))
        assert gb_seconds == round(count * float(seconds))
        function = 0.20 * count / 1e6 + gb_seconds * 0.0000166667
        parts = (function, count * 2.5e-6 * 0.50, 1.5 * 0.09)
        for shown, right in zip(prices, (*parts, sum(parts)), strict=True):
            assert float(shown) == pytest.approx(right, abs=0.011)


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("writer", {"BatchWriteRow"}),
        (
            "operator",
            {"CreateTable", "DescribeTable", "BatchWriteRow", "BatchGetRow", "GetRange"},
        ),
    ],
)
def test_ram_policies_name_each_action_and_one_table(name: str, actions: set[str]) -> None:
    policy = json.loads((DOCS / "ram" / f"{name}.json").read_text("utf-8"))
    assert policy["Version"] == "1"
    (statement,) = policy["Statement"]
    assert statement["Effect"] == "Allow"
    assert {action.removeprefix("ots:") for action in statement["Action"]} == actions
    (resource,) = statement["Resource"]
    assert resource == "acs:ots:REGION:ACCOUNT:instance/INSTANCE/table/TABLE"
    assert "*" not in json.dumps(policy)


def test_ram_policies_allow_the_calls_of_the_tools() -> None:
    """A new call of a tool needs a new action in the policy."""
    used = {"BatchWriteRow"}  # ots_sync/client.py
    for path in (ROOT / "ots_tools").glob("target*.py"):
        calls = re.findall(r"client\.(\w+_(?:row|table|range))\b", path.read_text("utf-8"))
        used |= {"".join(word.capitalize() for word in call.split("_")) for call in calls}
    only_permission_checks = {"GetRow", "ListTable"}
    operator = json.loads((DOCS / "ram" / "operator.json").read_text("utf-8"))
    allowed = {action.removeprefix("ots:") for action in operator["Statement"][0]["Action"]}
    assert used - only_permission_checks == allowed


def test_samconfig_example_has_the_parameters_of_the_template() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 or newer reads TOML")
    config = tomllib.loads((ROOT / "samconfig.toml.example").read_text("utf-8"))
    template = raw()["Parameters"]
    needed = {name for name, parameter in template.items() if "Default" not in parameter}
    for name in ("default", "orders"):
        assert config[name]["build"]["parameters"]["build_in_source"] is True
        pairs = [
            pair.partition("=")
            for pair in config[name]["deploy"]["parameters"]["parameter_overrides"]
        ]
        assert needed <= {key for key, _, _ in pairs} <= set(template)
        for key, _, value in pairs:
            pattern = template[key].get("AllowedPattern")
            assert pattern is None or re.search(pattern, value), key
            assert value in template[key].get("AllowedValues", [value])
            assert not template[key].get("NoEcho")


def test_parameters_in_the_docs_are_those_of_the_template(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parameters: dict[str, Any] = raw()["Parameters"]
    known = {*parameters, *raw()["Outputs"]} | emitted(capsys) | NAMES_OF_AWS
    for page in (OPERATIONS, DEPLOY):
        for name in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", page):
            assert name in known, name
    assert f"batch size {parameters['BatchSize']['Default']:,}" in DEPLOY
    assert f"article's {ROWS_PER_BATCH} is a limit" in DEPLOY
    (mapping,) = raw()["Resources"]["SyncFunction"]["Properties"]["Events"].values()
    assert f"maximum age {mapping['Properties']['MaximumRecordAgeInSeconds']:,}" in DEPLOY


NAMES_OF_AWS = {
    "IteratorAge",
    "DestinationDeliveryFailures",
    "DroppedEventCount",
    "OnFailureDestinationDeliveredEventCount",
    "ApproximateNumberOfMessagesVisible",
}

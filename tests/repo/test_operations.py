"""The pages for operators against what is deployed: signs, policies, examples, commands."""

from __future__ import annotations

import json
import re
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ots_local.__main__ import main as ots_local
from ots_sync.limits import ROWS_PER_BATCH
from ots_sync.outcome import Outcome
from ots_sync.settings import SETTINGS, load
from ots_sync.telemetry import Telemetry
from ots_tools.__main__ import main as ots_tools
from tests.repo.test_docs import table_under
from tests.support.cloudformation import REGIONS, alarms, metric, properties, raw, resolved
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
OPERATIONS = (DOCS / "operations.md").read_text("utf-8")
DEPLOY = (DOCS / "deploy.md").read_text("utf-8")
STEPS = ("read", "translate", "write", "quarantine", "total")


def emitted(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The names of the metrics that an invocation leaves."""
    whole = Outcome(lag_s=1.0, steps_ms=dict.fromkeys(STEPS, 1.0))
    Telemetry("data-to-tablestore", "ots-sync").report(whole, "target")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (record,) = (line["_aws"]["CloudWatchMetrics"][0] for line in lines if "_aws" in line)
    return {one["Name"] for one in record["Metrics"]}


def test_every_sign_has_its_alarm_and_every_alarm_its_line() -> None:
    told = {
        (name, sign.strip("`")): bool(means and do)
        for name, sign, means, do in table_under("## Alarms", OPERATIONS)
    }
    deployed = {
        (alarm["AlarmName"].removeprefix("data-to-tablestore-"), metric(alarm)[1])
        for partition in REGIONS
        for alarm in alarms(resolved(partition)).values()
    }
    assert set(told) == deployed
    assert all(told.values())


def test_dashboard_shows_every_metric_that_the_function_leaves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A misspelt metric would be an empty graph for ever."""
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


def test_monthly_costs_count_the_alarms_that_there_are() -> None:
    count = len(alarms(resolved()))
    assert f"{count} alarms at 0.10 = {count / 10:.2f}" in DEPLOY


def test_costs_of_a_million_changes_are_what_their_own_numbers_make() -> None:
    for _, work, *prices in table_under("## What it costs", DEPLOY):
        invocations, seconds, spent = re.fullmatch(  # type: ignore[union-attr]
            r"([\d,]+) x ([\d.]+) s = ([\d,]+) GB-s", work
        ).groups()
        count = int(invocations.replace(",", ""))
        gb_seconds = int(spent.replace(",", ""))
        assert gb_seconds == round(count * float(seconds))
        function = 0.20 * count / 1e6 + gb_seconds * 0.0000166667
        parts = (function, count * 2.5e-6 * 0.50, 1.5 * 0.09)
        for told, right in zip(prices, (*parts, sum(parts)), strict=True):
            assert float(told) == pytest.approx(right, abs=0.011)


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
def test_ram_policies_name_each_action_and_the_one_table(name: str, actions: set[str]) -> None:
    policy = json.loads((DOCS / "ram" / f"{name}.json").read_text("utf-8"))
    assert policy["Version"] == "1"
    (statement,) = policy["Statement"]
    assert statement["Effect"] == "Allow"
    assert {action.removeprefix("ots:") for action in statement["Action"]} == actions
    (resource,) = statement["Resource"]
    assert resource == "acs:ots:REGION:ACCOUNT:instance/INSTANCE/table/TABLE"
    assert "*" not in json.dumps(policy)


def test_ram_policies_allow_what_the_code_asks_for() -> None:
    """A call that a tool begins to make has to come into the policy with it."""
    asked: set[str] = set()
    for path in [ROOT / "ots_sync" / "store.py", ROOT / "ots_tools" / "target.py"]:
        calls = re.findall(r"client\.(\w+_(?:row|table|range))\b", path.read_text("utf-8"))
        asked |= {"".join(word.capitalize() for word in call.split("_")) for call in calls}
    only_to_see_whether_it_may = {"GetRow", "ListTable"}
    operator = json.loads((DOCS / "ram" / "operator.json").read_text("utf-8"))
    allowed = {action.removeprefix("ots:") for action in operator["Statement"][0]["Action"]}
    assert asked - only_to_see_whether_it_may == allowed


def test_sam_local_gets_every_setting_and_they_are_usable() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", DEPLOY, re.DOTALL)
    (given,) = json.loads(text).values()
    assert set(given) == {setting.name for setting in SETTINGS}
    assert load(given, {}).endpoint == "http://host.docker.internal:18080"


def test_example_of_samconfig_has_the_templates_parameters() -> None:
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


@pytest.mark.parametrize("page", [OPERATIONS, DEPLOY], ids=["operations", "deploy"])
def test_commands_named_take_the_options_named(page: str) -> None:
    groups: dict[str, click.Group] = {"ots_tools": ots_tools, "ots_local": ots_local}
    lines = re.findall(r"python -m (ots_\w+) (\w+)(.*)", page)
    assert lines
    for group, command, rest in lines:
        shown = CliRunner().invoke(groups[group], [command, "--help"])
        assert shown.exit_code == 0, command
        for option in re.findall(r"(--[a-z-]+)", rest):
            assert option in shown.output, f"{command} {option}"


def test_make_targets_and_files_named_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for page in (OPERATIONS, DEPLOY):
        for target in re.findall(r"(?:`|^ +)make ([a-z-]+)", page, re.MULTILINE):
            assert f"\n{target}:" in makefile, target
        for name in re.findall(r"\b(events/\w+\.json)", page):
            assert (ROOT / name).exists(), name


def test_numbers_of_the_pages_are_the_templates() -> None:
    parameters: dict[str, Any] = raw()["Parameters"]
    for page in (OPERATIONS, DEPLOY):
        for name in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", page):
            known = {*parameters, *raw()["Outputs"]}
            assert name in known or name in _ELSEWHERE, name
    assert f"batch size {parameters['BatchSize']['Default']:,}" in DEPLOY
    assert f"article's {ROWS_PER_BATCH} is a limit" in DEPLOY
    (mapping,) = raw()["Resources"]["SyncFunction"]["Properties"]["Events"].values()
    assert f"maximum age {mapping['Properties']['MaximumRecordAgeInSeconds']:,}" in DEPLOY


# Metrics and names of AWS's own.
_ELSEWHERE = {
    "IteratorAge",
    "LagSeconds",
    "UnclassifiedErrorCodes",
    "DestinationDeliveryFailures",
    "DroppedEventCount",
    "OnFailureDestinationDeliveredEventCount",
    "ApproximateNumberOfMessagesVisible",
}

"""Check the full load in template.yaml: absent by default, complete when enabled."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file

from ots_local import bundle
from tests.support.cloudformation import REGIONS, properties, raw, resolved
from tests.support.paths import ROOT

MACHINE = json.loads((ROOT / "statemachine" / "backfill.asl.json").read_text("utf-8"))
ON = {"Backfill": "true", "ExportBucket": "exports"}
ITS_OWN = {"LEDGER_BUCKET", "SYNC_FUNCTION", "BACKFILL_CONCURRENCY"}
NOT_ITS = {"PARTIAL_RESPONSE"}


def test_nothing_of_it_is_there_by_default() -> None:
    assert not [name for name in resolved() if name.startswith("Backfill")]
    assert "ExportBucket" in json.dumps(raw()["Rules"]["Backfill"])


def test_definition_has_no_fault_that_a_linter_finds(tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/machine"
    text = json.dumps(MACHINE)
    for name, value in {
        "Partition": "aws",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:load",
        "Bucket": "bucket",
    }.items():
        text = text.replace(f"${{{name}}}", value)
    machine = {"Definition": json.loads(text), "RoleArn": role}
    path = tmp_path / "machine.json"
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}
    path.write_text(json.dumps({"Resources": {"Machine": resource}}))
    assert lint_file(path) == []


def test_definition_names_what_the_template_gives_it() -> None:
    given = properties(resolved(**ON), "BackfillMachine")["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(MACHINE))) == set(given)


def test_one_failed_file_fails_the_load_and_permanent_errors_end_it() -> None:
    files = MACHINE["States"]["LoadFiles"]
    assert files["ToleratedFailureCount"] == 0
    assert files["MaxConcurrencyPath"] == "$.concurrency"
    assert files["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] == "STANDARD"
    never, later = files["ItemProcessor"]["States"]["Load"]["Retry"]
    assert never["MaxAttempts"] == 0
    assert "StepOrderError" in never["ErrorEquals"]
    assert later["MaxAttempts"] > 0


def test_every_error_that_is_not_tried_again_is_one_of_ours() -> None:
    from ots_sync import errors
    from ots_tools import migration_rules
    from ots_tools.sources import export

    names = {name for module in (errors, migration_rules, export) for name in vars(module)}
    never, _ = MACHINE["States"]["LoadFiles"]["ItemProcessor"]["States"]["Load"]["Retry"]
    assert set(never["ErrorEquals"]) <= names


def test_function_makes_the_rows_that_the_sync_function_makes() -> None:
    resources = resolved(**ON)
    sync = properties(resources, "SyncFunction")
    load = properties(resources, "BackfillFunction")
    ours = sync["Environment"]["Variables"]
    its = load["Environment"]["Variables"]
    powertools = {name for name in ours if name.startswith("POWERTOOLS_")}
    assert {name: its[name] for name in its.keys() - ITS_OWN} == {
        name: ours[name] for name in ours.keys() - NOT_ITS - powertools
    }
    assert (load["Runtime"], load["Architectures"]) == (sync["Runtime"], sync["Architectures"])
    assert load["Handler"] == "ots_tools.backfill_function.handler"
    assert set(bundle.TOOLS) == {"ots_tools"}
    assert "build-BackfillFunction:" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("partition", REGIONS)
@pytest.mark.parametrize("role", ["BackfillRole", "BackfillMachineRole"])
def test_roles_name_each_action_and_each_resource(partition: str, role: str) -> None:
    (policy,) = properties(resolved(partition, **ON), role)["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        actions, found = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action)
        if actions == "lambda:ListEventSourceMappings":
            assert found == "*"  # it takes no resource
            continue
        for resource in found if isinstance(found, list) else [found]:
            assert re.fullmatch(r"[^*?]{12,}(/\*)?", resource), resource


def _arns(node: Any) -> set[str]:
    return set(re.findall(r"arn:(aws[a-z-]*):", json.dumps(node)))


@pytest.mark.parametrize("partition", REGIONS)
def test_nothing_names_another_partition(partition: str) -> None:
    assert _arns(resolved(partition, **ON)) == {partition}

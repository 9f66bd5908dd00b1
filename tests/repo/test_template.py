"""Check what CloudFormation creates from template.yaml."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file

from ots_sync.connection import CONNECT_TIMEOUT_S, SEND_TIMEOUT_S, max_call_s
from ots_sync.invocation import RESPONSE_RESERVE_S
from ots_sync.quarantine import MAX_STORE_S
from ots_sync.settings import SETTINGS
from tests.support.cloudformation import (
    REGIONS,
    TEMPLATE,
    alarms,
    expanded,
    metric,
    properties,
    raw,
    resolved,
)

GOVCLOUD = "aws-us-gov"
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}


def test_linter_finds_nothing_as_written_and_as_expanded(tmp_path: Path) -> None:
    """cfn-lint looks past what SAM will make of a function's events, so both forms are read."""
    assert lint_file(TEMPLATE) == []
    path = tmp_path / "expanded.json"
    path.write_text(json.dumps(expanded()), "utf-8")
    assert lint_file(path) == []


def test_sam_attaches_no_role_and_no_policy() -> None:
    resources = expanded()["Resources"]
    roles = {name for name, found in resources.items() if found["Type"].startswith("AWS::IAM::")}
    assert roles == {"SyncRole", "BackfillRole", "BackfillMachineRole"}
    assert not any("ManagedPolicyArns" in resources[name]["Properties"] for name in roles)
    assert {found["Type"] for found in resources.values()} >= {"AWS::Lambda::EventSourceMapping"}


def test_mapping_sets_every_property_on_purpose() -> None:
    assert properties(resolved(Enabled="false"), "SyncFunctionStream") == {
        "EventSourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Source/stream/2018",
        "FunctionName": "<SyncFunction>",
        "Enabled": "false",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 1000,
        "MaximumBatchingWindowInSeconds": 1,
        "ParallelizationFactor": 1,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": 82800,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MetricsConfig": {"Metrics": ["EventCount"]},
        "DestinationConfig": {"OnFailure": {"Destination": "<QuarantineBucket>.Arn"}},
    }


def test_what_the_function_answers_is_what_the_mapping_reads() -> None:
    """PARTIAL_RESPONSE=1 under a mapping that ignores the answer would lose changes."""
    resources = resolved()
    environment = properties(resources, "SyncFunction")["Environment"]["Variables"]
    assert environment["PARTIAL_RESPONSE"] == "1"
    types = properties(resources, "SyncFunctionStream")["FunctionResponseTypes"]
    assert types == ["ReportBatchItemFailures"]


def test_function_is_what_the_native_codec_needs() -> None:
    function = properties(resolved(), "SyncFunction")
    assert function["FunctionName"] == "data-to-tablestore"
    assert function["Handler"] == "lambda_function.lambda_handler"
    assert function["Runtime"] == "python3.12"
    assert function["Architectures"] == ["x86_64"]


def test_shortest_time_out_leaves_time_for_a_call_and_the_quarantine() -> None:
    """The article's minute is the least that a user may choose; the function must work with it."""
    shortest_s = raw()["Parameters"]["FunctionTimeout"]["MinValue"]
    (answer_s,) = (setting.default for setting in SETTINGS if setting.name == "OTS_TIMEOUT")
    assert shortest_s >= 60
    assert shortest_s >= max_call_s(float(answer_s or 0)) + MAX_STORE_S + RESPONSE_RESERVE_S


def test_time_around_a_call_is_what_the_parameter_says() -> None:
    """The description of OtsTimeout names what else must fit into the function timeout."""
    around_s = round(max_call_s(0) + MAX_STORE_S + RESPONSE_RESERVE_S)
    parts = f"connect {CONNECT_TIMEOUT_S:.0f}, send {SEND_TIMEOUT_S:.0f}, quarantine {MAX_STORE_S}"
    said = " ".join(raw()["Parameters"]["OtsTimeout"]["Description"].split())
    assert f"{around_s} s" in said
    assert f"{parts}, response {RESPONSE_RESERVE_S:.0f}" in said


def test_environment_is_exactly_the_settings() -> None:
    environment = properties(resolved(), "SyncFunction")["Environment"]["Variables"]
    assert set(environment) == {setting.name for setting in SETTINGS} | POWERTOOLS


def test_every_setting_is_a_parameter_with_the_same_default() -> None:
    template = raw()
    function = template["Resources"]["SyncFunction"]["Properties"]
    chosen_by_the_template = {"PARTIAL_RESPONSE", "QUARANTINE"}
    for setting in SETTINGS:
        if setting.name in chosen_by_the_template:
            continue
        parameter = template["Parameters"][
            function["Environment"]["Variables"][setting.name]["Ref"]
        ]
        if setting.default is not None:
            assert str(parameter["Default"]) == setting.default, setting.name
        assert bool(parameter.get("NoEcho")) == setting.secret, setting.name
        if setting.default is not None and parameter["Type"] == "Number":
            setting.parse(str(parameter["MinValue"]))
            setting.parse(str(parameter["MaxValue"]))


@pytest.mark.parametrize("partition", REGIONS)
@pytest.mark.parametrize("keys", ["", "arn:aws:kms:us-east-1:123456789012:key/a"])
def test_role_names_each_action_and_each_resource(partition: str, keys: str) -> None:
    (policy,) = properties(resolved(partition, KmsKeyArns=keys), "SyncRole")["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    for statement in statements:
        assert statement["Effect"] == "Allow"
        for action in _list(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action)
        for resource in _list(statement["Resource"]):
            # At most the objects under a prefix, or the streams of the table.
            assert re.fullmatch(r"[^*?]{12,}(/\*)?", resource), resource
    actions = {action for statement in statements for action in _list(statement["Action"])}
    assert ("kms:Decrypt" in actions) == bool(keys)
    assert actions <= {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:PutObject",
        "s3:ListBucket",
        "sqs:SendMessage",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
    }


@pytest.mark.parametrize("arn", ["", "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-AbC"])
def test_secret_may_be_read_only_where_there_is_one(arn: str) -> None:
    (policy,) = properties(resolved(OtsSecretArn=arn), "SyncRole")["Policies"]
    readable = [
        statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert readable == ([arn] if arn else [])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("partition", REGIONS)
def test_partition_gets_what_it_has(partition: str) -> None:
    """GovCloud's mappings fail into a queue and report nothing; nothing names another partition."""
    resources = resolved(partition)
    mapping = properties(resources, "SyncFunctionStream")
    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    counted = {metric(alarm)[1] for alarm in alarms(resources).values()}
    optional = {"DroppedEventCount", "OnFailureDestinationDeliveredEventCount"}
    if partition == GOVCLOUD:
        assert destination == "<FailureQueue>.Arn"
        assert "MetricsConfig" not in mapping
        assert "LogFormat" not in properties(resources, "SyncFunction")["LoggingConfig"]
        assert "ApproximateNumberOfMessagesVisible" in counted
        assert not counted & optional
    else:
        assert destination == "<QuarantineBucket>.Arn"
        assert "FailureQueue" not in resources
        assert properties(resources, "SyncFunction")["LoggingConfig"]["LogFormat"] == "JSON"
        assert counted >= optional
    assert set(re.findall(r"arn:(aws[a-z-]*):", json.dumps(resources))) == {partition}


def test_quarantine_bucket_keeps_to_itself_and_stays() -> None:
    bucket = resolved()["QuarantineBucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    found = bucket["Properties"]
    assert set(found["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(found["PublicAccessBlockConfiguration"]) == 4
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}
    assert found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    for rule in found["LifecycleConfiguration"]["Rules"]:
        assert set(rule) == {"Id", "Status", "NoncurrentVersionExpiration"}
    policy = resolved()["QuarantineBucketPolicy"]
    assert (policy["DeletionPolicy"], policy["UpdateReplacePolicy"]) == ("Retain", "Retain")
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

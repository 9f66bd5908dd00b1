"""Test the checks of the function: settings, secret, runtime, mapping, role, quarantine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ots_local.dynamodb import DynamoDB, random_table_name
from ots_tools.doctor.findings import Status
from tests.support.builders import ENVIRON
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.support.doctor import UNREACHABLE, client, deploy, doctor_context, message, status

ALLOWED = {
    "dynamodb:*": "*",
    "s3:PutObject": "arn:aws:s3:::kept/quarantine/*",
    "secretsmanager:GetSecretValue": "*",
}
QUARANTINE = {"QUARANTINE": "s3://kept/quarantine", "PARTIAL_RESPONSE": "1"}
FUNCTION_CHECKS = ("function", "timeout", "mapping", "partial response", "failed batches", "role")


@pytest.fixture
def lambda_aws(dynamodb: DynamoDB, monkeypatch: pytest.MonkeyPatch) -> DynamoDB:
    """ministack, also for calls of the function's own code."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb.endpoint)
    client(dynamodb.endpoint, "s3").create_bucket(Bucket="kept")
    return dynamodb


def test_settings_check_lists_every_fault_and_no_secret() -> None:
    assert status("settings", doctor_context(ENVIRON)) is Status.OK
    wrong = doctor_context(
        {**ENVIRON, "TABLE_NAME": "3", "OTS_TIMEOUT": "x", "OTS_SECRET": "secret-value"}
    )
    assert status("settings", wrong) is Status.ERROR
    assert {"TABLE_NAME", "OTS_TIMEOUT"} <= set(
        message("settings", wrong).replace(":", " ").split()
    )
    assert "secret-value" not in message("settings", wrong)
    assert status("endpoint", wrong) is Status.UNKNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"OTS_ID": "a", "OTS_SECRET": "b"}), Status.OK),
        ("secret-value", Status.ERROR),
        ('{"OTS_ID": "secret-value"}', Status.ERROR),
        (None, Status.ERROR),
    ],
)
def test_secret_must_exist_and_contain_a_key(
    text: str | None, expected: Status, lambda_aws: DynamoDB
) -> None:
    secrets = client(lambda_aws.endpoint, "secretsmanager")
    name = random_table_name("secret")
    arn = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}-AbCdEf"
    if text is not None:
        arn = secrets.create_secret(Name=name, SecretString=text)["ARN"]
    found = doctor_context(
        {**ENVIRON, "OTS_ID": "", "OTS_SECRET": "", "OTS_SECRET_ARN": arn}, lambda_aws
    )
    assert status("secret", found) is expected
    assert "secret-value" not in message("secret", found)


def test_secret_check_is_skipped_if_the_key_is_plain() -> None:
    assert status("secret", doctor_context(ENVIRON)) is Status.SKIPPED


@pytest.mark.parametrize("name", FUNCTION_CHECKS)
def test_correct_deployment_is_ok(
    name: str, lambda_aws: DynamoDB, source_table: SourceTable
) -> None:
    settings = {**ENVIRON, **QUARANTINE}
    function = deploy(
        lambda_aws, source_table.stream_arn, settings, mapping={"Enabled": True}, allowed=ALLOWED
    )
    if name == "function":
        ready = client(lambda_aws.endpoint, "lambda").get_waiter("function_active_v2")
        ready.wait(FunctionName=function, WaiterConfig={"Delay": 1})
    assert status(name, doctor_context(settings, lambda_aws, function=function)) is Status.OK


@pytest.mark.parametrize(
    ("name", "settings", "mapping", "function", "expected", "text"),
    [
        ("mapping", {}, {"Enabled": False}, {}, Status.ERROR, "enable the mapping in time"),
        (
            "mapping",
            {},
            {"Enabled": True, "StartingPosition": "LATEST"},
            {},
            Status.WARNING,
            "create it again with TRIM_HORIZON",
        ),
        ("fast encoder", {}, {}, {"Runtime": "python3.13"}, Status.WARNING, "python3.12"),
        ("fast encoder", {}, {}, {"Architectures": ["arm64"]}, Status.WARNING, "x86_64"),
        ("fast encoder", {}, {}, {}, Status.OK, "fast"),
        ("timeout", {}, {}, {"Timeout": 30}, Status.ERROR, "OTS_TIMEOUT"),
        ("timeout", {"OTS_TIMEOUT": "110"}, {}, {}, Status.ERROR, "138 s"),
        (
            "partial response",
            {"PARTIAL_RESPONSE": "1"},
            {"FunctionResponseTypes": []},
            {},
            Status.ERROR,
            "CHANGES ARE LOST",
        ),
        (
            "partial response",
            {"PARTIAL_RESPONSE": "0"},
            {"FunctionResponseTypes": []},
            {},
            Status.OK,
            "agree",
        ),
        (
            "partial response",
            {"PARTIAL_RESPONSE": "0"},
            {},
            {},
            Status.WARNING,
            "PARTIAL_RESPONSE=1",
        ),
        ("role", {"QUARANTINE": "s3://elsewhere/q"}, {}, {}, Status.ERROR, "s3:PutObject"),
        ("quarantine", {"QUARANTINE": "s3://no-bucket/q"}, {}, {}, Status.ERROR, "does not exist"),
        ("quarantine", {"QUARANTINE": "file:///tmp/q"}, {}, {}, Status.ERROR, "disk"),
        ("quarantine", {}, {}, {}, Status.OK, "kept exists"),
    ],
)
def test_wrong_deployment_is_reported_with_advice(
    name: str,
    settings: dict[str, str],
    mapping: dict[str, Any],
    function: dict[str, Any],
    expected: Status,
    text: str,
    lambda_aws: DynamoDB,
    source_table: SourceTable,
) -> None:
    found = {**ENVIRON, **QUARANTINE, **settings}
    deployed = deploy(
        lambda_aws, source_table.stream_arn, found, mapping=mapping, allowed=ALLOWED, **function
    )
    seen = doctor_context(found, lambda_aws, function=deployed)
    assert status(name, seen) is expected
    assert text in message(name, seen)


def test_mapping_of_an_old_stream_is_reported(
    lambda_aws: DynamoDB, source_table: SourceTable
) -> None:
    """A stream that is disabled and enabled has another ARN; the old mapping reads nothing."""
    old = source_table.stream_arn.rpartition("/")[0] + "/2001-01-01T00:00:00.000"
    function = deploy(lambda_aws, old, ENVIRON)
    found = doctor_context(ENVIRON, lambda_aws, function=function)
    assert status("mapping", found) is Status.ERROR
    assert "no longer exists" in message("mapping", found)


def test_function_without_a_mapping_is_reported(lambda_aws: DynamoDB) -> None:
    found = doctor_context(ENVIRON, lambda_aws, function=deploy(lambda_aws, None, ENVIRON))
    assert status("mapping", found) is Status.ERROR
    assert status("partial response", found) is Status.SKIPPED
    assert status("source keys", found) is Status.SKIPPED


def test_missing_function_is_reported(lambda_aws: DynamoDB) -> None:
    found = doctor_context(ENVIRON, lambda_aws, function="no-such-function")
    assert status("function", found) is Status.ERROR
    for name in ("fast encoder", "timeout", "mapping", "role"):
        assert status(name, found) is Status.UNKNOWN


def test_unreachable_aws_makes_checks_unknown() -> None:
    found = doctor_context(ENVIRON, DynamoDB(UNREACHABLE), function="function", source="Source")
    for name in ("function", "mapping", "role", "source keys", "stream", "column names"):
        assert status(name, found) is Status.UNKNOWN, name


class UnauthorizedClient:
    """A client without any permission."""

    def __getattr__(self, name: str) -> Any:
        def reject(*_: Any, **__: Any) -> Any:
            text = "User: arn:aws:iam::123456789012:user/secret-value is not authorized"
            response = {"Error": {"Code": "AccessDeniedException", "Message": text}}
            raise ClientError(response, name)  # type: ignore[arg-type]

        return reject


def test_missing_permission_makes_checks_unknown() -> None:
    settings = {**ENVIRON, **QUARANTINE, "OTS_SECRET_ARN": "arn:aws:secretsmanager:x:1:secret:s"}
    found = doctor_context(settings, function="function", source="Source")
    found.client = lambda _: UnauthorizedClient()
    for name in ("secret", *FUNCTION_CHECKS, "source keys", "stream", "column names", "quarantine"):
        assert status(name, found) is Status.UNKNOWN, name
        assert "AccessDenied" in message(name, found)
        assert "secret-value" not in message(name, found)


def test_unexpected_error_is_reported_without_its_message() -> None:
    def broken(_: str) -> Any:
        raise LookupError("secret-value")

    found = doctor_context(ENVIRON, source="Source")
    found.client = broken
    assert status("stream", found) is Status.UNKNOWN
    assert "LookupError" in message("stream", found)
    assert "secret-value" not in message("stream", found)


def test_quarantine_check_leaves_nothing_behind(lambda_aws: DynamoDB, tmp_path: Path) -> None:
    s3 = client(lambda_aws.endpoint, "s3")
    assert status("quarantine", doctor_context(ENVIRON)) is Status.WARNING
    bucket = doctor_context({**ENVIRON, "QUARANTINE": "s3://kept/quarantine"}, lambda_aws)
    assert status("quarantine", bucket) is Status.OK
    assert "Contents" not in s3.list_objects_v2(Bucket="kept")
    assert not s3.list_multipart_uploads(Bucket="kept").get("Uploads")
    folder = doctor_context({**ENVIRON, "QUARANTINE": f"file://{tmp_path}/kept"})
    assert status("quarantine", folder) is Status.OK
    assert list((tmp_path / "kept").iterdir()) == []
    (tmp_path / "file").touch()
    blocked = doctor_context({**ENVIRON, "QUARANTINE": f"file://{tmp_path}/file/kept"})
    assert status("quarantine", blocked) is Status.ERROR

"""The doctor on the function's side: settings, secret, runtime, mapping, role and quarantine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ots_local.dynamodb import DynamoDB, random_table_name
from ots_tools.doctor.findings import Mark
from tests.support.builders import ENVIRON
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.doctor_rig import NOWHERE, client, deploy, mark, words, world

ALLOWED = {
    "dynamodb:*": "*",
    "s3:PutObject": "arn:aws:s3:::kept/quarantine/*",
    "secretsmanager:GetSecretValue": "*",
}
KEPT = {"QUARANTINE": "s3://kept/quarantine", "PARTIAL_RESPONSE": "1"}
OF_THE_FUNCTION = ("function", "time-out", "mapping", "partial response", "failed batches", "role")


@pytest.fixture
def lambda_aws(dynamodb: DynamoDB, monkeypatch: pytest.MonkeyPatch) -> DynamoDB:
    """The ministack, also for what the function's own code asks."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb.endpoint)
    client(dynamodb.endpoint, "s3").create_bucket(Bucket="kept")
    return dynamodb


def test_settings_tell_every_fault_at_once_and_no_secret() -> None:
    assert mark("settings", world(ENVIRON)) is Mark.GOOD
    wrong = world({**ENVIRON, "TABLE_NAME": "3", "OTS_TIMEOUT": "x", "OTS_SECRET": "kept-quiet"})
    assert mark("settings", wrong) is Mark.TO_DO
    assert {"TABLE_NAME", "OTS_TIMEOUT"} <= set(words("settings", wrong).replace(":", " ").split())
    assert "kept-quiet" not in words("settings", wrong)
    assert mark("endpoint", wrong) is Mark.UNSEEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"OTS_ID": "a", "OTS_SECRET": "b"}), Mark.GOOD),
        ("kept-quiet", Mark.TO_DO),
        ('{"OTS_ID": "kept-quiet"}', Mark.TO_DO),
        (None, Mark.TO_DO),
    ],
)
def test_secret_has_to_be_there_and_hold_a_key(
    text: str | None, expected: Mark, lambda_aws: DynamoDB
) -> None:
    secrets = client(lambda_aws.endpoint, "secretsmanager")
    name = random_table_name("secret")
    arn = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}-AbCdEf"
    if text is not None:
        arn = secrets.create_secret(Name=name, SecretString=text)["ARN"]
    found = world({**ENVIRON, "OTS_ID": "", "OTS_SECRET": "", "OTS_SECRET_ARN": arn}, lambda_aws)
    assert mark("secret", found) is expected
    assert "kept-quiet" not in words("secret", found)


def test_secret_is_not_asked_for_where_the_key_is_plain() -> None:
    assert mark("secret", world(ENVIRON)) is Mark.NOT_ASKED


@pytest.mark.parametrize("name", OF_THE_FUNCTION)
def test_deployment_that_is_right_is_ticked(
    name: str, lambda_aws: DynamoDB, source_table: SourceTable
) -> None:
    settings = {**ENVIRON, **KEPT}
    function = deploy(
        lambda_aws, source_table.stream_arn, settings, mapping={"Enabled": True}, allowed=ALLOWED
    )
    if name == "function":
        ready = client(lambda_aws.endpoint, "lambda").get_waiter("function_active_v2")
        ready.wait(FunctionName=function, WaiterConfig={"Delay": 1})
    assert mark(name, world(settings, lambda_aws, function=function)) is Mark.GOOD


@pytest.mark.parametrize(
    ("name", "settings", "mapping", "function", "expected", "said"),
    [
        ("mapping", {}, {"Enabled": False}, {}, Mark.TO_DO, "enable it in time"),
        (
            "mapping",
            {},
            {"Enabled": True, "StartingPosition": "LATEST"},
            {},
            Mark.NOTE,
            "make it again with TRIM_HORIZON",
        ),
        ("native codec", {}, {}, {"Runtime": "python3.13"}, Mark.NOTE, "python3.12"),
        ("native codec", {}, {}, {"Architectures": ["arm64"]}, Mark.NOTE, "x86_64"),
        ("native codec", {}, {}, {}, Mark.GOOD, "fast"),
        ("time-out", {}, {}, {"Timeout": 30}, Mark.TO_DO, "OTS_TIMEOUT"),
        ("time-out", {"OTS_TIMEOUT": "110"}, {}, {}, Mark.TO_DO, "138 s"),
        (
            "partial response",
            {"PARTIAL_RESPONSE": "1"},
            {"FunctionResponseTypes": []},
            {},
            Mark.TO_DO,
            "CHANGES ARE LOST",
        ),
        (
            "partial response",
            {"PARTIAL_RESPONSE": "0"},
            {"FunctionResponseTypes": []},
            {},
            Mark.GOOD,
            "agree",
        ),
        ("partial response", {"PARTIAL_RESPONSE": "0"}, {}, {}, Mark.NOTE, "PARTIAL_RESPONSE=1"),
        ("role", {"QUARANTINE": "s3://elsewhere/q"}, {}, {}, Mark.TO_DO, "s3:PutObject"),
        ("quarantine", {"QUARANTINE": "s3://no-bucket/q"}, {}, {}, Mark.TO_DO, "no bucket"),
        ("quarantine", {"QUARANTINE": "file:///tmp/q"}, {}, {}, Mark.TO_DO, "disk"),
        ("quarantine", {}, {}, {}, Mark.GOOD, "kept is there"),
    ],
)
def test_deployment_that_is_wrong_is_told_with_what_to_do(
    name: str,
    settings: dict[str, str],
    mapping: dict[str, Any],
    function: dict[str, Any],
    expected: Mark,
    said: str,
    lambda_aws: DynamoDB,
    source_table: SourceTable,
) -> None:
    found = {**ENVIRON, **KEPT, **settings}
    deployed = deploy(
        lambda_aws, source_table.stream_arn, found, mapping=mapping, allowed=ALLOWED, **function
    )
    seen = world(found, lambda_aws, function=deployed)
    assert mark(name, seen) is expected
    assert said in words(name, seen)


def test_mapping_of_a_stream_that_was_made_anew_is_told(
    lambda_aws: DynamoDB, source_table: SourceTable
) -> None:
    """A stream that is switched off and on has another ARN; the old mapping reads nothing then."""
    old = source_table.stream_arn.rpartition("/")[0] + "/2001-01-01T00:00:00.000"
    function = deploy(lambda_aws, old, ENVIRON)
    found = world(ENVIRON, lambda_aws, function=function)
    assert mark("mapping", found) is Mark.TO_DO
    assert "no longer" in words("mapping", found)


def test_function_without_a_mapping_is_told(lambda_aws: DynamoDB) -> None:
    found = world(ENVIRON, lambda_aws, function=deploy(lambda_aws, None, ENVIRON))
    assert mark("mapping", found) is Mark.TO_DO
    assert mark("partial response", found) is Mark.NOT_ASKED
    assert mark("source keys", found) is Mark.NOT_ASKED


def test_function_that_is_not_there_is_told(lambda_aws: DynamoDB) -> None:
    found = world(ENVIRON, lambda_aws, function="no-such-function")
    assert mark("function", found) is Mark.TO_DO
    for name in ("native codec", "time-out", "mapping", "role"):
        assert mark(name, found) is Mark.UNSEEN


def test_aws_that_does_not_answer_makes_no_check_fail() -> None:
    found = world(ENVIRON, DynamoDB(NOWHERE), function="function", source="Source")
    for name in ("function", "mapping", "role", "source keys", "stream", "column names"):
        assert mark(name, found) is Mark.UNSEEN, name


class Refusing:
    """A client of whoever may do nothing in this account."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: Any, **__: Any) -> Any:
            words = "User: arn:aws:iam::123456789012:user/kept-quiet is not authorized"
            refusal = {"Error": {"Code": "AccessDeniedException", "Message": words}}
            raise ClientError(refusal, name)  # type: ignore[arg-type]

        return refuse


def test_permission_that_lacks_makes_no_check_fail() -> None:
    settings = {**ENVIRON, **KEPT, "OTS_SECRET_ARN": "arn:aws:secretsmanager:x:1:secret:s"}
    found = world(settings, function="function", source="Source")
    found.client = lambda _: Refusing()
    for name in ("secret", *OF_THE_FUNCTION, "source keys", "stream", "column names", "quarantine"):
        assert mark(name, found) is Mark.UNSEEN, name
        assert "AccessDenied" in words(name, found)
        assert "kept-quiet" not in words(name, found)


def test_error_that_nobody_foresaw_dims_one_check_and_is_not_quoted() -> None:
    def broken(_: str) -> Any:
        raise LookupError("kept-quiet")

    found = world(ENVIRON, source="Source")
    found.client = broken
    assert mark("stream", found) is Mark.UNSEEN
    assert "LookupError" in words("stream", found)
    assert "kept-quiet" not in words("stream", found)


def test_quarantine_is_tried_without_leaving_anything(lambda_aws: DynamoDB, tmp_path: Path) -> None:
    s3 = client(lambda_aws.endpoint, "s3")
    assert mark("quarantine", world(ENVIRON)) is Mark.NOTE
    bucket = world({**ENVIRON, "QUARANTINE": "s3://kept/quarantine"}, lambda_aws)
    assert mark("quarantine", bucket) is Mark.GOOD
    assert "Contents" not in s3.list_objects_v2(Bucket="kept")
    assert not s3.list_multipart_uploads(Bucket="kept").get("Uploads")
    folder = world({**ENVIRON, "QUARANTINE": f"file://{tmp_path}/kept"})
    assert mark("quarantine", folder) is Mark.GOOD
    assert list((tmp_path / "kept").iterdir()) == []
    (tmp_path / "file").touch()
    blocked = world({**ENVIRON, "QUARANTINE": f"file://{tmp_path}/file/kept"})
    assert mark("quarantine", blocked) is Mark.TO_DO

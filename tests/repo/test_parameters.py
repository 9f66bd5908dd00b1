"""Check which values the parameters of template.yaml accept."""

from __future__ import annotations

import re

import pytest

from ots_sync.settings import SETTINGS, InvalidValueError
from tests.support.cloudformation import raw

PARAMETERS = raw()["Parameters"]
READ = {setting.name: setting.parse for setting in SETTINGS}
URL = "https://instance.ap-southeast-1.ots.aliyuncs.com"

CASES = [
    ("OtsInstance", "OTS_INSTANCE", ["a-b", "a" * 16], ["ab", "a" * 17, "1ab", "ab-", "a_b"]),
    (
        "OtsRegion",
        "OTS_REGION",
        ["", "cn-hangzhou", "ap-southeast-1"],
        ["Singapore", "singapore", "cn-", "cn hangzhou"],
    ),
    (
        "OtsEndpoint",
        "OTS_ENDPOINT",
        ["", URL, f"{URL}/", "http://127.0.0.1:18080"],
        ["instance.ap-southeast-1.ots.aliyuncs.com", f"{URL}/path", "ftp://host", f"{URL} "],
    ),
    ("TargetTableName", "TABLE_NAME", ["_", "a" * 255], ["", "a" * 256, "1a", "a-b"]),
    (
        "PrimaryKey",
        "PRIMARY_KEY",
        ["id", "a,b,c,d", "user_id:string, action_time:integer", "_1:binary"],
        ["", "a,b,c,d,e", "a,", "1a", "a-b", "a:text", "a:", ":string", "a:string:string"],
    ),
    (
        "ColumnTypes",
        "COLUMN_TYPES",
        ["", "price:String", "price:String,qty:Integer, ratio:Double", "a:b:String"],
        ["price", "price:", ":String", "price:Number", "price:string"],
    ),
]


@pytest.mark.parametrize(("parameter", "setting", "right", "wrong"), CASES)
def test_parameter_accepts_the_same_values_as_its_setting(
    parameter: str, setting: str, right: list[str], wrong: list[str]
) -> None:
    """A typing error ends the deployment, not the first invocation."""
    pattern = PARAMETERS[parameter]["AllowedPattern"]
    for text in right:
        assert re.fullmatch(pattern, text), text
        READ[setting](text)
    for text in wrong:
        assert not re.fullmatch(pattern, text), text
        if text.strip() == text:  # settings are read without the blanks around them
            with pytest.raises(InvalidValueError):
                READ[setting](text)


@pytest.mark.parametrize(("length", "taken"), [(0, False), (1, True), (55, True), (56, False)])
def test_function_name_leaves_space_for_its_suffixes(length: int, taken: bool) -> None:
    """The function of a full load is FunctionName-backfill, and Lambda takes 64 characters."""
    pattern = PARAMETERS["FunctionName"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, "a" * length)) is taken
    assert 55 + len("-backfill") == 64


@pytest.mark.parametrize(
    ("parameter", "right", "wrong"),
    [
        (
            "StreamArn",
            "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/a.b/stream/2026-01-01T00:00:00.000",
            "arn:aws:dynamodb:us-east-1:123456789012:table/Source",
        ),
        (
            "OtsSecretArn",
            "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:ots-AbCdEf",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:*",
        ),
        (
            "KmsKeyArns",
            "arn:aws:kms:us-east-1:123456789012:key/mrk-0a",
            "arn:aws:kms:us-east-1:123456789012:key/*",
        ),
        (
            "AlarmTopicArn",
            "arn:aws:sns:us-east-1:123456789012:alarms",
            "alarms",
        ),
    ],
)
def test_arn_is_of_its_service_and_names_one_thing(parameter: str, right: str, wrong: str) -> None:
    pattern = PARAMETERS[parameter]["AllowedPattern"]
    assert re.fullmatch(pattern, right)
    assert not re.fullmatch(pattern, wrong)

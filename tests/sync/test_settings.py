"""Test the settings: their sources, parsers and faults."""

from __future__ import annotations

import pytest

from ots_sync import settings
from ots_sync.errors import SettingsError
from tests.support.builders import ENVIRON, make_settings


def faults(**environ: str) -> tuple[str, ...]:
    """Return the faults of a valid environment with these changes."""
    try:
        settings.load({**ENVIRON, **environ}, {})
    except SettingsError as error:
        return error.faults
    return ()


def test_unset_settings_have_their_defaults() -> None:
    found = make_settings()
    assert (found.timeout_s, found.max_concurrency, found.partial_response) == (15.0, 16, False)
    assert (found.column_names, dict(found.column_types), found.quarantine) == ("escape", {}, "")
    assert found.key_list == ("user_id", "action_time")


def test_environment_overrides_the_file_unless_it_is_empty() -> None:
    fallback = {"TABLE_NAME": "from_file", "OTS_TIMEOUT": 20, "PARTIAL_RESPONSE": True}
    found = settings.load({**ENVIRON, "TABLE_NAME": " "}, fallback)
    assert (found.table_name, found.timeout_s, found.partial_response) == ("from_file", 20.0, True)
    assert settings.load({**ENVIRON, "TABLE_NAME": "mine"}, fallback).table_name == "mine"


def test_all_settings_can_be_in_the_file() -> None:
    """The article's second method, without environment variables."""
    assert settings.load({}, ENVIRON) == settings.load(ENVIRON, {})


def test_shipped_file_lists_every_setting_without_a_value() -> None:
    from config import example_config

    shipped = {n: v for n, v in vars(example_config).items() if not n.startswith("_")}
    assert set(shipped) == {setting.name for setting in settings.SETTINGS}
    assert set(shipped.values()) == {""}


def test_all_faults_are_reported_at_once_by_name() -> None:
    with pytest.raises(SettingsError) as error:
        settings.load({"OTS_TIMEOUT": "soon", "PRIMARY_KEY": "a,b,c,d,e", "COLUMN_NAMES": "x"}, {})
    reported = error.value.faults
    for name in (
        "OTS_ID",
        "OTS_SECRET",
        "OTS_INSTANCE",
        "OTS_ENDPOINT and OTS_REGION",
        "TABLE_NAME",
        "PRIMARY_KEY",
        "OTS_TIMEOUT",
        "COLUMN_NAMES",
    ):
        assert len([fault for fault in reported if fault.startswith(name)]) >= 1, name
    assert all(fault in str(error.value) for fault in reported)


INVALID = [
    ("OTS_ID", "", "OTS_ID: missing"),
    ("OTS_SECRET", "", "OTS_SECRET: missing"),
    ("OTS_INSTANCE", "", "OTS_INSTANCE: missing; it must be an instance name"),
    ("OTS_INSTANCE", "ab", "3-16 letters"),
    ("OTS_INSTANCE", "a" * 17, "3-16 letters"),
    ("OTS_INSTANCE", "1abc", "3-16 letters"),
    ("OTS_INSTANCE", "abc-", "3-16 letters"),
    ("TABLE_NAME", "", "TABLE_NAME: missing"),
    ("TABLE_NAME", "1st", "'1st', but it must be a table name"),
    ("TABLE_NAME", "a-b", "must be a table name"),
    ("TABLE_NAME", "a" * 256, "must be a table name"),
    ("PRIMARY_KEY", "", "PRIMARY_KEY: missing; name 1-4 key columns"),
    ("PRIMARY_KEY", "a,b,c,d,e", "name 1-4 key columns"),
    ("PRIMARY_KEY", "a,,b", "name 1-4 key columns"),
    ("PRIMARY_KEY", "a,a", "name 1-4 key columns"),
    ("PRIMARY_KEY", "a:text", "types are string, integer, binary"),
    ("PRIMARY_KEY", "a:", "types are string, integer, binary"),
    ("PRIMARY_KEY", "user-id", "a key column has the same name as in the source"),
    ("PRIMARY_KEY", "1st", "a key column has the same name as in the source"),
    ("PRIMARY_KEY", "a_0x31_", "a key column has the same name as in the source"),
    ("PRIMARY_KEY", "a" * 256, "a key column has the same name as in the source"),
    ("OTS_ENDPOINT", "local.ots.aliyuncs.com", "must be a URL such as https://"),
    ("OTS_ENDPOINT", "ftp://host", "must be a URL"),
    ("OTS_ENDPOINT", "https://", "must be a URL"),
    ("OTS_ENDPOINT", "https://host/path", "without a path"),
    ("OTS_ENDPOINT", "https://host?x=1", "must be a URL"),
    ("OTS_ENDPOINT", "https://ho st", "must be a URL"),
    ("OTS_ENDPOINT", "https://ho\nst", "must be a URL"),
    ("OTS_ENDPOINT", "https://host:port", "must be a URL"),
    ("OTS_ENDPOINT", "https://host:70000", "must be a URL"),
    ("OTS_ENDPOINT", "https://[::1", "must be a URL"),
    ("OTS_ENDPOINT", "http://10.0.0.1", "plain http"),
    ("OTS_ENDPOINT", "HTTP://10.0.0.1", "plain http"),
    ("OTS_ENDPOINT", "http://127.0.0.1.example.com", "plain http"),
    ("OTS_REGION", "Hangzhou", "an Alibaba Cloud region ID"),
    ("OTS_SECRET_ARN", "my-secret", "ARN of a Secrets Manager secret"),
    ("OTS_TIMEOUT", "0.5", "from 1 to 300"),
    ("OTS_TIMEOUT", "300.1", "from 1 to 300"),
    ("OTS_TIMEOUT", "-1", "from 1 to 300"),
    ("OTS_TIMEOUT", "1e2", "from 1 to 300"),
    ("OTS_TIMEOUT", "\uff11\uff10", "from 1 to 300"),
    ("OTS_TIMEOUT", "nan", "from 1 to 300"),
    ("OTS_ALLOW_HTTP", "yes", "must be 1 or 0"),
    ("COLUMN_NAMES", "Escape", "one of escape, verbatim"),
    ("COLUMN_TYPES", "price", "price:String"),
    ("COLUMN_TYPES", "price:Decimal", "types are Integer, Double, String"),
    ("COLUMN_TYPES", ":String", "price:String"),
    ("COLUMN_TYPES", "a:String,a:Double", "price:String"),
    ("MAX_CONCURRENCY", "0", "from 1 to 100"),
    ("MAX_CONCURRENCY", "101", "from 1 to 100"),
    ("MAX_CONCURRENCY", "1.0", "from 1 to 100"),
    ("PARTIAL_RESPONSE", "on", "must be 1 or 0"),
    ("QUARANTINE", "bucket", "s3://bucket/prefix"),
    ("QUARANTINE", "file://relative", "s3://bucket/prefix"),
]


@pytest.mark.parametrize(("name", "text", "expected"), INVALID, ids=lambda value: ascii(value)[:30])
def test_invalid_setting_is_reported_with_what_would_be_valid(
    name: str, text: str, expected: str
) -> None:
    (fault,) = faults(**{name: text})
    assert fault.startswith(name)
    assert expected in fault


VALID = [
    ("OTS_INSTANCE", "a-1", "instance", "a-1"),
    ("OTS_INSTANCE", "a" * 16, "instance", "a" * 16),
    ("TABLE_NAME", "_", "table_name", "_"),
    ("TABLE_NAME", "a" * 255, "table_name", "a" * 255),
    ("PRIMARY_KEY", "a", "primary_key", {"a": None}),
    (
        "PRIMARY_KEY",
        " b : string , a:integer,c:binary,d",
        "primary_key",
        {"b": str, "a": int, "c": bytearray, "d": None},
    ),
    ("OTS_ENDPOINT", "https://host:443/", "endpoint", "https://host:443"),
    ("OTS_ENDPOINT", "http://localhost:8080", "endpoint", "http://localhost:8080"),
    ("OTS_ENDPOINT", "http://[::1]:8080", "endpoint", "http://[::1]:8080"),
    ("OTS_TIMEOUT", "1", "timeout_s", 1.0),
    ("OTS_TIMEOUT", "300", "timeout_s", 300.0),
    ("COLUMN_TYPES", "a:String, b_1:Integer,", "column_types", {"a": "String", "b_1": "Integer"}),
    ("MAX_CONCURRENCY", "1", "max_concurrency", 1),
    ("MAX_CONCURRENCY", "100", "max_concurrency", 100),
    ("PARTIAL_RESPONSE", "TRUE", "partial_response", True),
    ("PARTIAL_RESPONSE", "0", "partial_response", False),
    ("QUARANTINE", "s3://a-bucket/some/prefix", "quarantine", "s3://a-bucket/some/prefix"),
    ("QUARANTINE", "file:///somewhere", "quarantine", "file:///somewhere"),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), VALID, ids=lambda v: ascii(v)[:30])
def test_valid_setting_is_parsed(name: str, text: str, field: str, value: object) -> None:
    assert getattr(make_settings(**{name: text}), field) == value


def test_endpoint_defaults_to_the_public_domain_of_the_region() -> None:
    found = make_settings(OTS_ENDPOINT="", OTS_REGION="cn-hangzhou", OTS_INSTANCE="mine")
    assert found.endpoint == "https://mine.cn-hangzhou.ots.aliyuncs.com"


def test_missing_endpoint_and_region_are_one_fault() -> None:
    (fault,) = faults(OTS_ENDPOINT="", OTS_REGION="")
    assert fault.startswith("OTS_ENDPOINT and OTS_REGION: both missing")


def test_plain_http_to_another_host_needs_a_setting() -> None:
    assert faults(OTS_ENDPOINT="http://10.0.0.1", OTS_ALLOW_HTTP="1") == ()


def test_secret_arn_replaces_the_key_settings() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ots"
    assert faults(OTS_ID="", OTS_SECRET="", OTS_SECRET_ARN=arn) == ()
    (fault,) = faults(OTS_ID="", OTS_SECRET="", OTS_SECRET_ARN="my-secret")
    assert fault.startswith("OTS_SECRET_ARN")


def test_faults_and_repr_contain_no_secret() -> None:
    hidden = {name: f"hidden-{name}" for name in ("OTS_ID", "OTS_SECRET", "OTS_STS_TOKEN")}
    assert "hidden" not in repr(make_settings(**hidden))
    reported = faults(TABLE_NAME="a-b", OTS_ENDPOINT="https://me:hidden@host", **hidden)
    assert len(reported) == 2
    assert "hidden" not in "".join(reported)


def test_fingerprint_differs_if_the_same_item_would_have_another_row() -> None:
    different: list[dict[str, str]] = [
        {},
        {"PRIMARY_KEY": "action_time,user_id"},
        {"COLUMN_NAMES": "verbatim"},
        {"COLUMN_TYPES": "a:String"},
        {"COLUMN_TYPES": "a:Integer"},
    ]
    assert len({make_settings(**environ).fingerprint for environ in different}) == len(different)
    same: list[dict[str, str]] = [
        {},
        {"OTS_ID": "b", "TABLE_NAME": "other", "MAX_CONCURRENCY": "3"},
        {"PRIMARY_KEY": "user_id:string,action_time:integer"},
    ]
    assert len({make_settings(**environ).fingerprint for environ in same}) == 1
    one, other = (
        make_settings(COLUMN_TYPES=types).fingerprint
        for types in ("a:String,b:Double", "b:Double,a:String")
    )
    assert one == other


def test_fingerprint_does_not_change_between_versions() -> None:
    """Tools write nothing if it differs, so it may change only together with the rows."""
    assert make_settings().fingerprint == "74a5e9de98e4cec8"

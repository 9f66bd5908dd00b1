"""Authentication: signatures, tokens, dates, checksums of bodies, and their errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tablestore import OTSClient

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import client_of, get, make_table, put, raises
from tests.tablestore.support.raw_http import date, send, signed

BODY = b""
NOW = datetime.now(timezone.utc)
AUTH_FAILED = "OTSAuthFailed"
INVALID = "OTSParameterInvalid"


@pytest.fixture
def restricted() -> Iterator[TableStore]:
    """An emulator with credentials, an STS token and a region of its own."""
    with TableStore(
        access_key_id="id", access_key_secret="secret", sts_token="token", region="eu-central-1"
    ) as store:
        yield store


@pytest.mark.parametrize("options", [{}, {"region": "cn-hangzhou"}], ids=["V2", "V4"])
def test_sdk_and_emulator_accept_v2_and_v4_signatures_of_each_other(
    store: TableStore, sdk: OTSClient, options: Mapping[str, Any]
) -> None:
    """The client sends requests, and reads a result and an error."""
    client = client_of(store, **options)
    make_table(client)
    put(client, "k")
    assert get(client, "k") == {"a": 1}
    with raises("OTSObjectNotExist", "Requested table does not exist.", 404):
        client.describe_table("missing")


@pytest.mark.parametrize("options", [{}, {"region": "eu-central-1"}], ids=["V2", "V4"])
def test_sts_token_must_be_the_configured_one(
    restricted: TableStore, options: Mapping[str, Any]
) -> None:
    """Both signature versions; a wrong and a missing token fail."""
    assert client_of(restricted, sts_token="token", **options).list_table() == ()
    wrong_tokens: list[dict[str, Any]] = [{"sts_token": "other"}, {}]
    for wrong in wrong_tokens:
        with raises(AUTH_FAILED, "The STS token is invalid.", 403):
            client_of(restricted, **wrong, **options).list_table()


def test_unexpected_sts_token_is_rejected(store: TableStore) -> None:
    with raises(AUTH_FAILED, "The STS token is invalid.", 403):
        client_of(store, sts_token="token").list_table()


@pytest.mark.parametrize(
    "options",
    [
        {"access_key_secret": "wrong", "sts_token": "token"},
        {"access_key_secret": "wrong", "sts_token": "token", "region": "eu-central-1"},
        {"sts_token": "token", "region": "us-east-1"},
        {"sts_token": "token", "region": "eu-central-1", "sign_date": "20200101"},
    ],
    ids=["secret, V2", "secret, V4", "region", "day"],
)
def test_wrong_secret_region_or_day_is_a_signature_mismatch(
    restricted: TableStore, options: dict[str, Any]
) -> None:
    with raises(AUTH_FAILED, "Signature mismatch.", 403):
        client_of(restricted, **options).list_table()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access_key_id": "unknown"}, "The AccessKey ID does not exist."),
        ({"instance": "unknown"}, "The instance is not found."),
    ],
)
def test_unknown_access_key_or_instance_is_rejected(
    store: TableStore, options: dict[str, Any], message: str
) -> None:
    with raises(AUTH_FAILED, message, 403):
        client_of(store, **options).list_table()


@pytest.mark.parametrize(
    "name",
    [
        "x-ots-date",
        "x-ots-apiversion",
        "x-ots-accesskeyid",
        "x-ots-instancename",
        "x-ots-contentmd5",
        "x-ots-signature",
    ],
)
def test_missing_header_is_named_in_the_error(store: TableStore, name: str) -> None:
    found = send(store, "ListTable", BODY, {name: None})
    assert found.error == (400, INVALID, f"Missing header: {name}.")


@pytest.mark.parametrize(
    ("deviation", "accepted"), [(-880, True), (880, True), (-920, False), (920, False)]
)
def test_date_may_deviate_by_15_minutes(store: TableStore, deviation: int, accepted: bool) -> None:
    when = date(datetime.now(timezone.utc) + timedelta(seconds=deviation))
    found = send(store, "ListTable", BODY, signed(store, "ListTable", BODY, {"x-ots-date": when}))
    if accepted:
        assert found.status == 200
    else:
        mismatch = f"Mismatch between system time and x-ots-date: {when}."
        assert found.error == (403, AUTH_FAILED, mismatch)


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("x-ots-date", "yesterday", (400, INVALID, "Invalid date format: yesterday.")),
        ("x-ots-instancename", "a_c", (400, INVALID, "Invalid instance name: 'a_c'.")),
        ("x-ots-apiversion", "2014-08-08", (400, INVALID, "Invalid API version: 2014-08-08.")),
        (
            "x-ots-contentmd5",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            (
                403,
                AUTH_FAILED,
                "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
            ),
        ),
    ],
)
def test_wrong_header_is_rejected_although_its_signature_is_valid(
    store: TableStore, header: str, value: str, expected: tuple[int, str, str]
) -> None:
    change = signed(store, "ListTable", BODY, {header: value})
    assert send(store, "ListTable", BODY, change).error == expected


@pytest.mark.parametrize(
    "change",
    [{"x-ots-extra": "1"}, {"x-ots-signature": "AAAA"}, {"x-ots-date": date(NOW + timedelta(1))}],
    ids=["added", "wrong signature", "changed"],
)
def test_signature_covers_every_ots_header(store: TableStore, change: dict[str, str]) -> None:
    """No header can be added or changed."""
    found = send(store, "ListTable", BODY, change)
    assert found.error[:2] == (403, AUTH_FAILED)


@pytest.mark.parametrize(
    "name",
    [
        "x-ots-date",
        "x-ots-apiversion",
        "x-ots-accesskeyid",
        "x-ots-instancename",
        "x-ots-contentmd5",
        "x-ots-signature",
        "x-ots-ststoken",
        "x-ots-more",
    ],
)
def test_header_that_is_not_utf8_is_rejected(store: TableStore, name: str) -> None:
    status, code, _ = send(store, "ListTable", BODY, {name: "\xff\xfe"}).error
    assert (status, code) in [(400, INVALID), (403, AUTH_FAILED)]


def test_changed_body_is_detected(store: TableStore) -> None:
    headers = signed(store, "ListTable", b"one")
    assert send(store, "ListTable", b"two", headers).error[2].startswith("Mismatch between MD5")


def test_only_post_is_accepted(store: TableStore) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert send(store, "ListTable", BODY, method=method).error == (
            405,
            "OTSMethodNotAllowed",
            "Only POST method for requests is supported.",
        )


def test_success_and_error_responses_have_signed_headers(store: TableStore) -> None:
    """The SDKs read these headers."""
    for api, status in (("ListTable", 200), ("Nothing", 400)):
        found = send(store, api, BODY)
        assert found.status == status
        for name in ("x-ots-requestid", "x-ots-date", "x-ots-contentmd5", "x-ots-contenttype"):
            assert found.headers[name]
        assert found.headers["authorization"].startswith(f"OTS {store.access_key_id}:")

"""Who may make a request: signatures, dates, checksums of bodies, and the service's refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone

import pytest
from tablestore import OTSClient

from ots_local.tablestore import TableStore
from tests.tablestore.clients import client_of, get, make_table, put, refused
from tests.tablestore.raw import date, send, signed

BODY = b""
NOW = datetime.now(timezone.utc)
DENIED = "OTSAuthFailed"
INVALID = "OTSParameterInvalid"


@pytest.fixture
def sealed() -> Iterator[TableStore]:
    """A store with an STS token and a region of its own."""
    with TableStore(
        access_key_id="id", access_key_secret="secret", sts_token="token", region="eu-central-1"
    ) as store:
        yield store


@pytest.mark.parametrize("options", [{}, {"region": "cn-hangzhou"}], ids=["V2", "V4"])
def test_signatures(store: TableStore, sdk: OTSClient, options: Mapping[str, str]) -> None:
    """The SDK is admitted by either signature, and accepts the answers' signatures."""
    client = client_of(store, **options)
    make_table(client)
    put(client, "k")
    assert get(client, "k") == {"a": 1}
    with refused("OTSObjectNotExist", "Requested table does not exist.", 404):
        client.describe_table("missing")


@pytest.mark.parametrize("options", [{}, {"region": "eu-central-1"}], ids=["V2", "V4"])
def test_token(sealed: TableStore, options: Mapping[str, str]) -> None:
    """Where a token is needed, the right one is, with either signature."""
    assert client_of(sealed, sts_token="token", **options).list_table() == ()
    for wrong in ({"sts_token": "other"}, {}):
        with refused(DENIED, "The STS token is invalid.", 403):
            client_of(sealed, **wrong, **options).list_table()


def test_token_that_is_not_needed(store: TableStore) -> None:
    """A token that belongs to nobody is refused."""
    with refused(DENIED, "The STS token is invalid.", 403):
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
def test_wrong_signatures(sealed: TableStore, options: dict[str, str]) -> None:
    """A wrong secret, region or day is a signature that does not fit."""
    with refused(DENIED, "Signature mismatch.", 403):
        client_of(sealed, **options).list_table()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access_key_id": "nobody"}, "The AccessKey ID does not exist."),
        ({"instance": "elsewhere"}, "The instance is not found."),
    ],
)
def test_strangers(store: TableStore, options: dict[str, str], message: str) -> None:
    """Unknown keys and instances are refused."""
    with refused(DENIED, message, 403):
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
def test_missing_headers(store: TableStore, name: str) -> None:
    """Every header is needed."""
    found = send(store, "ListTable", BODY, {name: None})
    assert found.error == (400, INVALID, f"Missing header: {name}.")


@pytest.mark.parametrize(("off", "fits"), [(-880, True), (880, True), (-920, False), (920, False)])
def test_dates(store: TableStore, off: int, fits: bool) -> None:
    """A request's date may be off by 15 minutes."""
    when = date(datetime.now(timezone.utc) + timedelta(seconds=off))
    found = send(store, "ListTable", BODY, signed(store, "ListTable", BODY, {"x-ots-date": when}))
    if fits:
        assert found.status == 200
    else:
        mismatch = f"Mismatch between system time and x-ots-date: {when}."
        assert found.error == (403, DENIED, mismatch)


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
                DENIED,
                "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
            ),
        ),
    ],
)
def test_headers_that_are_signed_and_wrong(
    store: TableStore, header: str, value: str, expected: tuple[int, str, str]
) -> None:
    """A good signature over a wrong header does not help."""
    change = signed(store, "ListTable", BODY, {header: value})
    assert send(store, "ListTable", BODY, change).error == expected


@pytest.mark.parametrize(
    "change",
    [{"x-ots-extra": "1"}, {"x-ots-signature": "AAAA"}, {"x-ots-date": date(NOW + timedelta(1))}],
    ids=["one more", "another signature", "changed"],
)
def test_what_is_signed(store: TableStore, change: dict[str, str]) -> None:
    """Every x-ots- header is under the signature: none can be added or changed."""
    found = send(store, "ListTable", BODY, change)
    assert found.error[:2] == (403, DENIED)


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
def test_headers_that_are_no_text(store: TableStore, name: str) -> None:
    """Bytes that are no UTF-8 are refused as any wrong header is."""
    status, code, _ = send(store, "ListTable", BODY, {name: "\xff\xfe"}).error
    assert (status, code) in [(400, INVALID), (403, DENIED)]


def test_body_is_signed(store: TableStore) -> None:
    """A body that was changed on the way is seen."""
    headers = signed(store, "ListTable", b"one")
    assert send(store, "ListTable", b"two", headers).error[2].startswith("Mismatch between MD5")


def test_methods(store: TableStore) -> None:
    """Only POST is taken."""
    for method in ("GET", "PUT", "DELETE"):
        assert send(store, "ListTable", BODY, method=method).error == (
            405,
            "OTSMethodNotAllowed",
            "Only POST method for requests is supported.",
        )


def test_answers(store: TableStore) -> None:
    """Every answer has what the SDKs look for, an error too."""
    for api, status in (("ListTable", 200), ("Nothing", 400)):
        found = send(store, api, BODY)
        assert found.status == status
        for name in ("x-ots-requestid", "x-ots-date", "x-ots-contentmd5", "x-ots-contenttype"):
            assert found.headers[name]
        assert found.headers["authorization"].startswith(f"OTS {store.access_key_id}:")

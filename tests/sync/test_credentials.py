"""Test credentials: a secret is read once, again after a rejection, and never shown."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ots_local.tablestore import TableStore
from ots_sync import client as ots_client
from ots_sync import credentials
from ots_sync.credentials import SecretProvider
from ots_sync.errors import ConfigurationError, TableStoreError
from tests.support import proxies
from tests.support.builders import event, make_settings, record, write
from tests.support.handler import create_table, load_handler

OLD = json.dumps({"OTS_ID": "old-id", "OTS_SECRET": "old-secret"})
NEW = json.dumps({"OTS_ID": "new-id", "OTS_SECRET": "new-secret", "OTS_STS_TOKEN": "new-token"})


def parts(credentials: Any) -> tuple[str, str, str | None]:
    """Return what the SDK uses of credentials."""
    return (
        credentials.get_access_key_id(),
        credentials.get_access_key_secret(),
        credentials.get_security_token(),
    )


@pytest.mark.parametrize("token", ["", "a-token"])
def test_credentials_without_a_secret_are_those_of_the_settings(token: str) -> None:
    provider = credentials.credentials_provider(make_settings(OTS_STS_TOKEN=token))
    assert parts(provider.get_credentials()) == ("an-id", "a-secret", token or None)


def test_concurrent_requests_read_the_secret_once() -> None:
    fetches: list[bool] = []
    barrier = threading.Barrier(8, timeout=10)

    def fetch(force: bool) -> str:
        fetches.append(force)
        return NEW

    def get() -> None:
        barrier.wait()
        provider.get_credentials()

    provider = SecretProvider(fetch)
    threads = [threading.Thread(target=get, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert fetches == [False]
    assert parts(provider.get_credentials()) == ("new-id", "new-secret", "new-token")


def test_rejected_credentials_are_read_again_once_for_all_requests() -> None:
    texts = [OLD, NEW, "not fetched"]
    provider = SecretProvider(lambda _: texts.pop(0))
    rejected = provider.get_credentials()
    assert [provider.refresh(rejected) for _ in range(3)] == [True, True, True]
    assert texts == ["not fetched"]
    assert parts(provider.get_credentials())[0] == "new-id"


def test_refresh_returns_false_if_the_secret_has_not_changed() -> None:
    provider = SecretProvider(lambda _: OLD)
    assert not provider.refresh(provider.get_credentials())


INVALID_SECRETS = [
    "",
    "top-secret",
    "[]",
    "{}",
    '"top-secret"',
    '{"OTS_ID": "top-secret"}',
    '{"OTS_ID": "", "OTS_SECRET": "top-secret"}',
    '{"OTS_ID": 7, "OTS_SECRET": "top-secret"}',
]


@pytest.mark.parametrize("text", INVALID_SECRETS)
def test_invalid_secret_raises_without_showing_its_content(text: str) -> None:
    with pytest.raises(ConfigurationError, match="must be a JSON object") as error:
        SecretProvider(lambda _: text).get_credentials()
    assert "top-secret" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.fixture
def secrets() -> Iterator[Any]:
    """Run an empty Secrets Manager."""
    with mock_aws():
        yield boto3.client("secretsmanager")


def environ_with_secret(
    table_store: TableStore, secrets: Any, text: str
) -> tuple[dict[str, str], str]:
    """Create a secret; return the environment of a function that uses it, and its ARN."""
    arn = secrets.create_secret(Name="ots", SecretString=text)["ARN"]
    environ = create_table(table_store, "target")
    return {**environ, "OTS_ID": "", "OTS_SECRET": "", "OTS_SECRET_ARN": arn}, arn


def test_rotated_secret_costs_one_failed_request(table_store: TableStore, secrets: Any) -> None:
    """The function has read the old secret; Table Store accepts only the new one."""
    environ, arn = environ_with_secret(table_store, secrets, OLD)
    handler = load_handler(environ)
    handler.client()
    valid = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(valid))
    assert handler.lambda_handler(event(record()), None) == {"batchItemFailures": []}
    counters = table_store.counters()
    assert counters["request_errors"] == {"OTSAuthFailed": 1}
    assert counters["requests"]["BatchWriteRow"] == 2


def test_request_is_retried_if_another_one_refreshed_the_credentials(
    table_store: TableStore, secrets: Any
) -> None:
    """A concurrent request with the old key can be rejected after another has read the new key."""
    environ, arn = environ_with_secret(table_store, secrets, OLD)
    valid = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}

    class RotatingProxy(proxies.Proxy):
        """Rotates the secret after the request was signed, and refreshes it as another request."""

        def serve(self, client: socket.socket) -> None:
            secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(valid))
            assert provider.refresh(old)
            super().serve(client)

    proxy = RotatingProxy(proxies.port_of(table_store.endpoint))
    client = ots_client.connect(make_settings(**{**environ, "OTS_ENDPOINT": proxy.endpoint}))
    provider = client.credentials_provider
    old = provider.get_credentials()
    with closing(proxy), pytest.raises(TableStoreError, match="CredentialsRefreshed"):
        ots_client.batch_write_row(client, "target", [write()])


def test_secret_with_a_wrong_key_raises_without_showing_it(
    table_store: TableStore, secrets: Any
) -> None:
    environ, _ = environ_with_secret(table_store, secrets, OLD)
    handler = load_handler(environ)
    with pytest.raises(ConfigurationError, match="OTSAuthFailed") as error:
        handler.lambda_handler(event(record()), None)
    assert "old-" not in str(error.value)


def test_secret_that_cannot_be_read_raises(secrets: Any) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-abcdef"
    settings = make_settings(OTS_SECRET_ARN=arn)
    with pytest.raises(ConfigurationError, match="secretsmanager:GetSecretValue"):
        ots_client.connect(settings)


def test_rejected_key_from_the_settings_is_not_refreshed(table_store: TableStore) -> None:
    client = ots_client.connect(
        make_settings(**{**create_table(table_store, "target"), "OTS_ID": "wrong"})
    )
    with pytest.raises(TableStoreError) as error:
        ots_client.batch_write_row(client, "target", [])
    assert error.value.code == "OTSAuthFailed"

"""Credentials: a secret is read once, and again when it is refused; nothing of it is ever told."""

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
from tests.support.builders import configuration, event, record, write
from tests.support.handler import create_table, load_handler

OLD = json.dumps({"OTS_ID": "old-id", "OTS_SECRET": "old-secret"})
NEW = json.dumps({"OTS_ID": "new-id", "OTS_SECRET": "new-secret", "OTS_STS_TOKEN": "new-token"})


def parts(found: Any) -> tuple[str, str, str | None]:
    """What the SDK takes of credentials."""
    return (
        found.get_access_key_id(),
        found.get_access_key_secret(),
        found.get_security_token(),
    )


@pytest.mark.parametrize("token", ["", "a-token"])
def test_plain_settings_are_the_credentials(token: str) -> None:
    source = credentials.credentials_provider(configuration(OTS_STS_TOKEN=token))
    assert parts(source.get_credentials()) == ("an-id", "a-secret", token or None)


def test_secret_is_read_once_however_many_ask() -> None:
    asked: list[bool] = []
    together = threading.Barrier(8)

    def fetch(renew: bool) -> str:
        asked.append(renew)
        return NEW

    def ask() -> None:
        together.wait()
        source.get_credentials()

    source = SecretProvider(fetch)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [False]
    assert parts(source.get_credentials()) == ("new-id", "new-secret", "new-token")


def test_refused_credentials_are_read_again_once_for_all_calls_that_used_them() -> None:
    texts = [OLD, NEW, "not asked for"]
    source = SecretProvider(lambda _: texts.pop(0))
    refused = source.get_credentials()
    assert [source.refresh(refused) for _ in range(3)] == [True, True, True]
    assert texts == ["not asked for"]
    assert parts(source.get_credentials())[0] == "new-id"


def test_secret_that_has_not_changed_is_no_reason_to_try_again() -> None:
    source = SecretProvider(lambda _: OLD)
    assert not source.refresh(source.get_credentials())


WRONG = [
    "",
    "top-secret",
    "[]",
    "{}",
    '"top-secret"',
    '{"OTS_ID": "top-secret"}',
    '{"OTS_ID": "", "OTS_SECRET": "top-secret"}',
    '{"OTS_ID": 7, "OTS_SECRET": "top-secret"}',
]


@pytest.mark.parametrize("text", WRONG)
def test_secret_that_holds_something_else_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(ConfigurationError, match="must be a JSON object") as error:
        SecretProvider(lambda _: text).get_credentials()
    assert "top-secret" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.fixture
def secrets() -> Iterator[Any]:
    """Secrets Manager, empty."""
    with mock_aws():
        yield boto3.client("secretsmanager")


def secret_environ(running: TableStore, secrets: Any, text: str) -> tuple[dict[str, str], str]:
    """The environment of a function that has its key from a secret, and the secret's ARN."""
    arn = secrets.create_secret(Name="ots", SecretString=text)["ARN"]
    environ = create_table(running, "target")
    return {**environ, "OTS_ID": "", "OTS_SECRET": "", "OTS_SECRET_ARN": arn}, arn


def test_rotated_secret_costs_one_try(table_store: TableStore, secrets: Any) -> None:
    """The container has read the old one; Table Store knows the new one only."""
    environ, arn = secret_environ(table_store, secrets, OLD)
    door = load_handler(environ)
    door.client()
    right = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(right))
    assert door.lambda_handler(event(record()), None) == {"batchItemFailures": []}
    counters = table_store.counters()
    assert counters["request_errors"] == {"OTSAuthFailed": 1}
    assert counters["requests"]["BatchWriteRow"] == 2


def test_key_that_another_call_renewed_meanwhile_is_tried_again(
    table_store: TableStore, secrets: Any
) -> None:
    """Calls fly side by side: one that was signed with the old key may be refused after another
    has read the new one, and the new one is not at fault.
    """
    environ, arn = secret_environ(table_store, secrets, OLD)
    right = {"OTS_ID": table_store.access_key_id, "OTS_SECRET": table_store.access_key_secret}

    class Between(proxies.Proxy):
        def talk(self, client: socket.socket) -> None:
            secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(right))
            assert source.refresh(old)
            super().talk(client)

    between = Between(int(table_store.endpoint.rpartition(":")[2]))
    client = ots_client.connect(configuration(**{**environ, "OTS_ENDPOINT": between.endpoint}))
    source = client.credentials_provider
    old = source.get_credentials()
    with closing(between), pytest.raises(TableStoreError, match="CredentialsRefreshed"):
        ots_client.batch_write_row(client, "target", [write()])


def test_wrong_secret_is_configuration(table_store: TableStore, secrets: Any) -> None:
    environ, _ = secret_environ(table_store, secrets, OLD)
    door = load_handler(environ)
    with pytest.raises(ConfigurationError, match="OTSAuthFailed") as error:
        door.lambda_handler(event(record()), None)
    assert "old-" not in str(error.value)


def test_secret_that_cannot_be_read_is_configuration(secrets: Any) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-abcdef"
    settings = configuration(OTS_SECRET_ARN=arn)
    with pytest.raises(ConfigurationError, match="secretsmanager:GetSecretValue"):
        ots_client.connect(settings)


def test_plain_key_that_is_refused_is_not_read_again(table_store: TableStore) -> None:
    client = ots_client.connect(
        configuration(**{**create_table(table_store, "target"), "OTS_ID": "wrong"})
    )
    with pytest.raises(TableStoreError) as error:
        ots_client.batch_write_row(client, "target", [])
    assert error.value.code == "OTSAuthFailed"

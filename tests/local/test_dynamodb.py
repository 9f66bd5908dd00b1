"""Test DynamoDB endpoints and tables, and that ministack always ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from ots_local.dynamodb import (
    DynamoDB,
    EndpointError,
    TableExistsError,
    create_table,
    delete_table,
    is_loopback,
    open_dynamodb,
    random_table_name,
)
from ots_local.dynamodb.ministack import MinistackError, run_ministack
from tests.support.fixtures_dynamodb import SourceTable


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8000", True),
        ("https://localhost:1", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://128.0.0.1", False),
        ("http://127.0.0.1@example.com/", False),
        ("https://dynamodb.us-east-1.amazonaws.com", False),
        ("aws", False),
        ("", False),
    ],
)
def test_only_loopback_addresses_are_this_machine(endpoint: str, local: bool) -> None:
    assert is_loopback(endpoint) is local


@pytest.mark.parametrize("endpoint", ["localhost:8000", "ftp://127.0.0.1", "http://", "", "AWS"])
def test_invalid_endpoint_is_rejected_with_an_example(endpoint: str) -> None:
    with (
        pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:8000, or 'aws'"),
        open_dynamodb(endpoint),
    ):
        pass


def test_endpoint_is_used_unchanged() -> None:
    with open_dynamodb("http://127.0.0.1:9") as dynamodb:
        assert dynamodb.tables.meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [("http://127.0.0.1:9", "local"), ("https://example.com", "testing"), ("aws", "testing")],
)
def test_access_keys_of_the_user_are_never_sent_to_loopback(endpoint: str, key: str) -> None:
    client = DynamoDB(endpoint).client("dynamodb")
    assert client._request_signer._credentials.access_key == key


def test_created_table_has_the_requested_stream(dynamodb_clients: tuple[Any, Any]) -> None:
    tables, streams = dynamodb_clients
    name = random_table_name("view")
    arn = create_table(tables, name, {"id": "B"}, "NEW_IMAGE")
    description = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert description["StreamViewType"] == "NEW_IMAGE"
    assert description["TableName"] == name
    delete_table(tables, name)
    assert name not in tables.list_tables()["TableNames"]
    delete_table(tables, name)  # deleting a missing table is not an error


def test_existing_table_is_rejected_and_not_changed(source_table: SourceTable) -> None:
    source_table.tables.put_item(
        TableName=source_table.name, Item={"user_id": {"S": "a"}, "action_time": {"N": "1"}}
    )
    with pytest.raises(TableExistsError, match=source_table.name):
        create_table(source_table.tables, source_table.name, {"id": "S"})
    assert source_table.tables.scan(TableName=source_table.name)["Count"] == 1


def test_random_table_names_are_unique_and_valid() -> None:
    names = {random_table_name() for _ in range(100)}
    assert len(names) == 100
    assert all(3 <= len(name) <= 255 and name.startswith("ots-sync-") for name in names)


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_next_port_is_used_when_another_ministack_has_the_first(dynamodb: DynamoDB) -> None:
    """A healthy response on the first port comes from the other ministack."""
    used = int(dynamodb.endpoint.rsplit(":", 1)[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    with run_ministack([used, free]) as url:
        assert url == f"http://127.0.0.1:{free}"
        assert _responds(url)
    assert not _responds(url)
    assert _responds(dynamodb.endpoint)


def test_error_when_every_port_is_in_use(dynamodb: DynamoDB) -> None:
    used = int(dynamodb.endpoint.rsplit(":", 1)[1])
    with pytest.raises(MinistackError, match="already in use"), run_ministack([used]):
        pass


def test_ministack_ends_when_its_parent_is_killed() -> None:
    """A killed demo leaves no server running."""
    program = (
        "from ots_local.dynamodb.ministack import run_ministack\n"
        "with run_ministack() as url:\n"
        "    print(url, flush=True)\n"
        "    input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdin, parent.stdout:
        url = parent.stdout.readline().strip()
        assert _responds(url)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for _ in range(200):
        if not _responds(url):
            break
        time.sleep(0.05)
    assert not _responds(url)

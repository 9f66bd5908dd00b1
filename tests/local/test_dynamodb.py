"""DynamoDB's side on a laptop: endpoints, tables, and a ministack that never stays behind."""

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
from ots_local.ministack import MinistackError, ministack
from tests.support.fixtures_dynamodb import SourceTable


@pytest.mark.parametrize(
    ("endpoint", "here"),
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
def test_loopback_is_this_machine_only(endpoint: str, here: bool) -> None:
    assert is_loopback(endpoint) is here


@pytest.mark.parametrize("endpoint", ["localhost:8000", "ftp://127.0.0.1", "http://", "", "AWS"])
def test_what_is_no_endpoint_is_refused_with_an_example(endpoint: str) -> None:
    with (
        pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:8000, or 'aws'"),
        open_dynamodb(endpoint),
    ):
        pass


def test_an_endpoint_is_taken_as_it_is() -> None:
    with open_dynamodb("http://127.0.0.1:9") as dynamodb:
        assert dynamodb.tables.meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [("http://127.0.0.1:9", "local"), ("https://example.com", "testing"), ("aws", "testing")],
)
def test_the_users_keys_go_to_the_users_endpoint_and_never_to_loopback(
    endpoint: str, key: str
) -> None:
    client = DynamoDB(endpoint).client("dynamodb")
    assert client._request_signer._credentials.access_key == key


def test_a_table_has_the_asked_stream(dynamodb_clients: tuple[Any, Any]) -> None:
    tables, streams = dynamodb_clients
    name = random_table_name("view")
    arn = create_table(tables, name, {"id": "B"}, "NEW_IMAGE")
    description = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert description["StreamViewType"] == "NEW_IMAGE"
    assert description["TableName"] == name
    delete_table(tables, name)
    assert name not in tables.list_tables()["TableNames"]
    delete_table(tables, name)  # gone already is fine


def test_an_existing_table_is_refused_and_kept(source_table: SourceTable) -> None:
    source_table.tables.put_item(
        TableName=source_table.name, Item={"user_id": {"S": "a"}, "action_time": {"N": "1"}}
    )
    with pytest.raises(TableExistsError, match=source_table.name):
        create_table(source_table.tables, source_table.name, {"id": "S"})
    assert source_table.tables.scan(TableName=source_table.name)["Count"] == 1


def test_random_names_differ_and_are_legal() -> None:
    names = {random_table_name() for _ in range(100)}
    assert len(names) == 100
    assert all(3 <= len(name) <= 255 and name.startswith("ots-sync-") for name in names)


def _alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_a_taken_port_is_left_to_its_owner_and_another_is_tried(dynamodb: DynamoDB) -> None:
    """The owner is another ministack, whose healthy answer must not be taken for ours."""
    taken = int(dynamodb.endpoint.rsplit(":", 1)[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    with ministack([taken, free]) as url:
        assert url == f"http://127.0.0.1:{free}"
        assert _alive(url)
    assert not _alive(url)
    assert _alive(dynamodb.endpoint)


def test_when_every_port_is_taken_the_error_says_so(dynamodb: DynamoDB) -> None:
    taken = int(dynamodb.endpoint.rsplit(":", 1)[1])
    with pytest.raises(MinistackError, match="already in use"), ministack([taken]):
        pass


def test_ministack_ends_with_a_killed_parent() -> None:
    """A demo that is killed leaves no server behind."""
    program = (
        "from ots_local.ministack import ministack\n"
        "with ministack() as url:\n"
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
        assert _alive(url)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for _ in range(200):
        if not _alive(url):
            break
        time.sleep(0.05)
    assert not _alive(url)

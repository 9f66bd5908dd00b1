"""Test that a quarantine lists every object by its full name, whatever their number."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from ots_tools.quarantine_store import open_store


@pytest.mark.parametrize("prefix", ["", "kept", "kept/deep"])
def test_every_page_of_a_bucket_is_listed(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has two names here, not a thousand. A key that only begins like the prefix is not
    listed.
    """
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="quarantine")
        for number in range(5):
            key = f"{prefix}/target/{number}.json".lstrip("/")
            client.put_object(Bucket="quarantine", Key=key, Body=str(number).encode())
        if prefix:
            client.put_object(Bucket="quarantine", Key=f"{prefix}-other/target/9.json", Body=b"")
        assert client.list_objects_v2(Bucket="quarantine")["IsTruncated"]
        store = open_store(f"s3://quarantine/{prefix}", lambda: client)
        assert store.names() == [f"target/{number}.json" for number in range(5)]
        assert [store.read(name) for name in store.names()] == [b"0", b"1", b"2", b"3", b"4"]
        store.remove("target/3.json")
        store.remove("target/3.json")  # as a concurrent run does
        assert len(store.names()) == 4

"""Where refused records are kept: whatever their number, each is found, and by its whole name."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from ots_tools.kept_objects import open_kept


@pytest.mark.parametrize("prefix", ["", "kept", "kept/deep"])
def test_every_page_of_a_bucket_is_read(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 lists a thousand names a page; here two. What only begins like the prefix is not kept."""
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
        kept = open_kept(f"s3://quarantine/{prefix}", lambda: client)
        assert kept.names() == [f"target/{number}.json" for number in range(5)]
        assert [kept.read(name) for name in kept.names()] == [b"0", b"1", b"2", b"3", b"4"]
        kept.remove("target/3.json")
        kept.remove("target/3.json")  # by a run beside this one
        assert len(kept.names()) == 4

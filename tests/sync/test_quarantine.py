"""Test the quarantine: a record is stored whole under a constant name, or is unprocessed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from ots_local.tablestore import TableStore
from ots_sync.errors import QuarantineError, RejectedError, UnprocessedRecordsError
from ots_sync.model import Rejected
from ots_sync.quarantine import Quarantine, object_name, open_quarantine
from tests.support.builders import event, item, make_settings, record
from tests.support.handler import create_table, load_handler

TOO_LONG_NAME = {"n" * 256: {"S": "no column can have this name"}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def rejected_records(count: int = 1) -> list[Rejected]:
    error = RejectedError("ColumnName", "a column's name is not 1-255 bytes")
    return [Rejected(record(new=item("user-of-the-key", n)), error) for n in range(count)]


class Context:
    """Lambda's context of an invocation with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@given(JSON)
def test_object_name_is_constant_and_different_per_record(received: Any) -> None:
    """A record can be any JSON."""
    name = object_name("target", received)
    assert name == object_name("target", json.loads(json.dumps(received)))
    assert re.fullmatch(r"target/[0-9]{40}-[0-9a-f]{16}\.json", name)
    assert name != object_name("target", [received])


def test_object_name_has_the_sequence_number_and_no_key() -> None:
    one = record(new=item("user-of-the-key", 7), number="123")
    redelivered = json.loads(json.dumps(one))
    assert object_name("target", one) == object_name("target", redelivered)
    assert object_name("target", one).startswith(f"target/{'123'.zfill(40)}-")
    assert "user-of" not in object_name("target", one)
    assert object_name("target", one) != object_name("target", record(number="124"))


def test_object_has_the_whole_record_and_the_reason(tmp_path: Path) -> None:
    settings = make_settings(QUARANTINE=f"file://{tmp_path}")
    quarantine = open_quarantine(settings)
    assert quarantine is not None
    (rejected,) = rejected_records()
    for now_s in (1_800_000_000.4, 1_900_000_000.0):  # redelivered: the same object
        quarantine.store(rejected, now_s)
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert json.loads(path.read_text()) == {
        "code": "ColumnName",
        "reason": "a column's name is not 1-255 bytes",
        "fingerprint": settings.fingerprint,
        "quarantined_at_s": 1_900_000_000,
        "record": rejected.record,
    }


def test_record_from_boto3_is_stored_in_the_form_of_lambda() -> None:
    bodies: list[bytes] = []
    quarantine = Quarantine(lambda _, body: bodies.append(body), "target", "f")
    created = datetime(2018, 6, 18, tzinfo=timezone.utc)
    new_image = {"b": {"B": b"\x00\x01"}, "s": {"SS": {"b", "a"}}}
    received = {"dynamodb": {"ApproximateCreationDateTime": created, "NewImage": new_image}}
    quarantine.store(Rejected(received, RejectedError("X", "x")), 0)
    stored = json.loads(bodies[0])["record"]["dynamodb"]
    assert stored["NewImage"] == {"b": {"B": "AAE="}, "s": {"SS": ["a", "b"]}}
    assert stored["ApproximateCreationDateTime"] == "2018-06-18 00:00:00+00:00"


def test_store_all_returns_one_result_per_record_in_order() -> None:
    """A failure does not affect other records."""
    names: list[str] = []
    records = rejected_records(40)
    failing = {object_name("target", one.record) for one in records[5:7]}

    def put(name: str, _: bytes) -> None:
        if name in failing:
            raise ConnectionError("user-of-the-key")
        names.append(name)

    quarantine = Quarantine(put, "target", "f")
    errors = quarantine.store_all(records, 0, lambda: True)
    assert [n for n, error in enumerate(errors) if error] == [5, 6]
    assert isinstance(errors[5], QuarantineError)
    assert str(errors[5]) == "ConnectionError"
    assert len(names) == 38


def test_store_all_stores_no_record_without_time_for_it() -> None:
    names: list[str] = []
    checks = count()
    quarantine = Quarantine(lambda name, _: names.append(name), "target", "f")
    errors = quarantine.store_all(rejected_records(40), 0, lambda: next(checks) < 25)
    assert len(names) == errors.count(None) == 25
    assert {str(error) for error in errors if error} == {"DeadlineExceeded"}


@pytest.fixture
def target(table_store: TableStore) -> dict[str, str]:
    """Create a target table; return its environment."""
    return {**create_table(table_store, "target"), "PARTIAL_RESPONSE": "1"}


@pytest.fixture
def s3() -> Iterator[Any]:
    """Run an S3 with the bucket `quarantine`."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="quarantine")
        yield client


RECORDS = [
    record(new=item("a", 1)),
    record(new=item("b", 1, **TOO_LONG_NAME)),
    record(new=item("c", 1)),
]


def test_rejected_record_is_stored_in_s3_and_does_not_stop_the_stream(
    table_store: TableStore, target: dict[str, str], s3: Any
) -> None:
    handler = load_handler({**target, "QUARANTINE": "s3://quarantine/some/prefix"})
    assert handler.lambda_handler(event(*RECORDS), Context()) == {"batchItemFailures": []}
    assert table_store.rows("target") == {("a", 1): {}, ("c", 1): {}}
    (found,) = s3.list_objects_v2(Bucket="quarantine")["Contents"]
    assert found["Key"] == f"some/prefix/{object_name('target', RECORDS[1])}"
    stored = s3.get_object(Bucket="quarantine", Key=found["Key"])
    assert json.loads(stored["Body"].read())["record"] == RECORDS[1]


UNUSABLE = [
    pytest.param("", None, id="not-configured"),
    pytest.param("s3://no-such-bucket", None, id="no-such-bucket"),
    pytest.param("s3://quarantine", "http://127.0.0.1:1", id="unreachable"),
    pytest.param("file:///dev/null/folder", None, id="no-such-folder"),
]


@pytest.mark.parametrize(("location", "endpoint"), UNUSABLE)
def test_rejected_record_that_cannot_be_stored_is_unprocessed(
    target: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    location: str,
    endpoint: str | None,
) -> None:
    """Lambda delivers again from this record."""
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    handler = load_handler({**target, "QUARANTINE": location})
    with mock_aws():
        response = handler.lambda_handler(event(*RECORDS), Context())
    number = RECORDS[1]["dynamodb"]["SequenceNumber"]
    assert response == {"batchItemFailures": [{"itemIdentifier": number}]}


def test_error_of_s3_is_reported_by_its_code() -> None:
    """A missing bucket and a missing permission need different actions."""
    with mock_aws():
        quarantine = open_quarantine(make_settings(QUARANTINE="s3://no-such-bucket/rejected"))
        assert quarantine is not None
        (error,) = quarantine.store_all(rejected_records(1), 0, lambda: True)
    assert str(error) == "NoSuchBucket"


def test_rejected_record_without_quarantine_and_partial_response_raises(
    target: dict[str, str],
) -> None:
    handler = load_handler({**target, "PARTIAL_RESPONSE": "0"})
    with pytest.raises(UnprocessedRecordsError, match="1 of 3 records are unprocessed"):
        handler.lambda_handler(event(*RECORDS), Context())


def test_folder_has_no_partial_files(tmp_path: Path) -> None:
    """A concurrent reader sees the whole file or none."""
    quarantine = open_quarantine(make_settings(QUARANTINE=f"file://{tmp_path}/a%20b"))
    assert quarantine is not None
    quarantine.store(rejected_records()[0], 0)
    assert [path.suffix for path in (tmp_path / "a b" / "target").iterdir()] == [".json"]
    assert os.listdir(tmp_path) == ["a b"]

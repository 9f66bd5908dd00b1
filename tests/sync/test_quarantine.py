"""Quarantine: a refused record is kept whole, under the same name each time, or it is not done."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
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
from tests.support.builders import configuration, event, item, record
from tests.support.handler import create_table, load_handler

BAD = {"n" * 256: {"S": "no column can have this name"}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def refusals(count: int = 1) -> list[Rejected]:
    """Records that were refused."""
    error = RejectedError("ColumnName", "a column's name is not 1-255 bytes")
    return [Rejected(record(new=item("user-of-the-key", n)), error) for n in range(count)]


class Context:
    """Lambda's context, of an invocation with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@given(JSON)
def test_every_record_has_one_name_of_its_own_and_always_the_same(odd: Any) -> None:
    name = object_name("target", odd)
    assert name == object_name("target", json.loads(json.dumps(odd)))
    assert re.fullmatch(r"target/[0-9]{40}-[0-9a-f]{16}\.json", name)
    assert name != object_name("target", [odd])


def test_name_tells_the_place_in_the_stream_and_no_key() -> None:
    one = record(new=item("user-of-the-key", 7), number="123")
    again = json.loads(json.dumps(one))
    assert object_name("target", one) == object_name("target", again)
    assert object_name("target", one).startswith(f"target/{'123'.zfill(40)}-")
    assert "user-of" not in object_name("target", one)
    assert object_name("target", one) != object_name("target", record(number="124"))


def test_object_holds_the_whole_record_and_why(tmp_path: Path) -> None:
    settings = configuration(QUARANTINE=f"file://{tmp_path}")
    kept = open_quarantine(settings)
    assert kept is not None
    (refused,) = refusals()
    for now_s in (1_800_000_000.4, 1_900_000_000.0):  # delivered again, it lands on the same object
        kept.store(refused, now_s)
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert json.loads(path.read_text()) == {
        "code": "ColumnName",
        "reason": "a column's name is not 1-255 bytes",
        "fingerprint": settings.fingerprint,
        "quarantined_at_s": 1_900_000_000,
        "record": refused.record,
    }


def test_record_of_boto3_is_kept_as_lambda_writes_it() -> None:
    bodies: list[bytes] = []
    kept = Quarantine(lambda _, body: bodies.append(body), "target", "f")
    odd = {"dynamodb": {"NewImage": {"b": {"B": b"\x00\x01"}, "s": {"SS": {"b", "a"}}}}}
    kept.store(Rejected(odd, RejectedError("X", "x")), 0)
    image = json.loads(bodies[0])["record"]["dynamodb"]["NewImage"]
    assert image == {"b": {"B": "AAE="}, "s": {"SS": ["a", "b"]}}


def test_each_of_many_has_its_own_answer_in_order() -> None:
    """One that fails stops no other."""
    names: list[str] = []
    some = refusals(40)
    failing = {object_name("target", one.record) for one in some[5:7]}

    def put(name: str, _: bytes) -> None:
        if name in failing:
            raise ConnectionError("user-of-the-key")
        names.append(name)

    kept = Quarantine(put, "target", "f")
    answers = kept.store_all(some, 0, lambda: True)
    assert [n for n, answer in enumerate(answers) if answer] == [5, 6]
    assert isinstance(answers[5], QuarantineError)
    assert str(answers[5]) == "ConnectionError"
    assert len(names) == 38


def test_one_that_there_is_no_time_for_is_not_begun() -> None:
    names: list[str] = []
    asked = count()
    kept = Quarantine(lambda name, _: names.append(name), "target", "f")
    answers = kept.store_all(refusals(40), 0, lambda: next(asked) < 25)
    assert len(names) == answers.count(None) == 25
    assert {str(answer) for answer in answers if answer} == {"DeadlineExceeded"}


@pytest.fixture
def target(table_store: TableStore) -> dict[str, str]:
    """The environment of a target table."""
    return {**create_table(table_store, "target"), "PARTIAL_RESPONSE": "1"}


@pytest.fixture
def s3() -> Iterator[Any]:
    """A bucket named quarantine."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="quarantine")
        yield client


RECORDS = [record(new=item("a", 1)), record(new=item("b", 1, **BAD)), record(new=item("c", 1))]


def test_stream_goes_on_past_a_refused_record(
    table_store: TableStore, target: dict[str, str], s3: Any
) -> None:
    door = load_handler({**target, "QUARANTINE": "s3://quarantine/some/prefix"})
    assert door.lambda_handler(event(*RECORDS), Context()) == {"batchItemFailures": []}
    assert table_store.rows("target") == {("a", 1): {}, ("c", 1): {}}
    (found,) = s3.list_objects_v2(Bucket="quarantine")["Contents"]
    assert found["Key"] == f"some/prefix/{object_name('target', RECORDS[1])}"
    answer = s3.get_object(Bucket="quarantine", Key=found["Key"])
    assert json.loads(answer["Body"].read())["record"] == RECORDS[1]


UNREACHABLE = [
    pytest.param("", None, id="none is configured"),
    pytest.param("s3://no-such-bucket", None, id="no such bucket"),
    pytest.param("s3://quarantine", "http://127.0.0.1:1", id="nobody listens"),
    pytest.param("file:///dev/null/folder", None, id="no folder"),
]


@pytest.mark.parametrize(("place", "endpoint"), UNREACHABLE)
def test_record_that_cannot_be_kept_is_not_done(
    target: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    endpoint: str | None,
) -> None:
    """Rows before and after it are written; Lambda begins again with it."""
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    door = load_handler({**target, "QUARANTINE": place})
    with mock_aws():
        answer = door.lambda_handler(event(*RECORDS), Context())
    number = RECORDS[1]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": number}]}


def test_s3_is_quoted_by_its_code() -> None:
    """Who reads the log has to tell a bucket that is missing from a right that is."""
    with mock_aws():
        kept = open_quarantine(configuration(QUARANTINE="s3://no-such-bucket/refused"))
        assert kept is not None
        (answer,) = kept.store_all(refusals(1), 0, lambda: True)
    assert str(answer) == "NoSuchBucket"


def test_without_a_report_of_failures_it_raises(target: dict[str, str]) -> None:
    door = load_handler({**target, "PARTIAL_RESPONSE": "0"})
    with pytest.raises(UnprocessedRecordsError, match="1 of 3 records are unprocessed"):
        door.lambda_handler(event(*RECORDS), Context())


def test_folder_shows_all_of_an_object_or_nothing(tmp_path: Path) -> None:
    """Whoever reads meanwhile sees no half of it."""
    kept = open_quarantine(configuration(QUARANTINE=f"file://{tmp_path}/a%20b"))
    assert kept is not None
    kept.store(refusals()[0], 0)
    assert [path.suffix for path in (tmp_path / "a b" / "target").iterdir()] == [".json"]
    assert os.listdir(tmp_path) == ["a b"]

"""Test the sample events: each file is an event that Lambda could send, without real account IDs.

The article's three events are one history of one item: put, update, delete.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import EVENTS

FILES = sorted(EVENTS.glob("*.json"))
ARTICLE_EVENTS = ["test_data_put.json", "test_data_update.json", "test_data_delete.json"]
NOT_FROM_A_STREAM = {"no_records.json", "foreign_source.json", "empty.json"}
KEYS = {"user_id", "action_time"}
STREAM_FILES = [path for path in FILES if path.name not in NOT_FROM_A_STREAM]

Record = dict[str, Any]


def load(name: str) -> list[Record]:
    records: list[Record] = json.loads((EVENTS / name).read_text("utf-8"))["Records"]
    return records


def images(record: Record) -> tuple[Record | None, Record | None]:
    return record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")


def same(one: Record | None, other: Record | None) -> bool:
    """Return whether DynamoDB would call the images equal; the order inside a set is irrelevant."""

    def value(tagged: Any) -> Any:
        if isinstance(tagged, dict) and set(tagged) <= {"SS", "NS", "BS"}:
            return {tag: sorted(members) for tag, members in tagged.items()}
        if isinstance(tagged, dict):
            return {name: value(inner) for name, inner in tagged.items()}
        return [value(inner) for inner in tagged] if isinstance(tagged, list) else tagged

    return bool(value(one) == value(other))


def test_each_old_image_of_the_articles_events_is_the_new_image_before() -> None:
    """They can be sent one after the other, or in one invocation."""
    before = None
    for name in ARTICLE_EVENTS:
        (record,) = load(name)
        old, new = images(record)
        assert old == before, name
        before = new
    assert before is None


def test_articles_events_insert_modify_and_remove_one_key_in_order() -> None:
    records = [load(name)[0] for name in ARTICLE_EVENTS]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [record["dynamodb"]["ApproximateCreationDateTime"] for record in records] == [
        1529280000,
        1529280060,
        1529280120,
    ]
    for record in records:
        assert record["dynamodb"]["Keys"] == {
            "user_id": {"S": "sample-user"},
            "action_time": {"N": "1529280000"},
        }
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))


def test_put_event_has_the_examples_of_the_type_table() -> None:
    _, image = images(load(ARTICLE_EVENTS[0])[0])
    assert image is not None
    attributes = {name: value for name, value in image.items() if name not in KEYS}
    assert attributes == {
        "number": {"N": "123"},
        "number_2": {"N": "2.3"},
        "null": {"NULL": True},
        "binary": {"B": base64.b64encode(bytes([0x01, 0x23, 0x15])).decode()},
        "binary_set": {"BS": ["ASM=", "ARE="]},
        "bool": {"BOOL": True},
        "bool_2": {"BOOL": False},
        "list": {"L": [{"S": "a"}, {"N": "1"}]},
        "map": {"M": {"key1": {"S": "value1"}}},
        "str": {"S": "This is test!"},
        "num_set": {"NS": ["1", "2"]},
        "str_set": {"SS": ["a", "b"]},
    }


def test_update_event_changes_adds_and_removes_attributes() -> None:
    old, new = images(load(ARTICLE_EVENTS[1])[0])
    assert old is not None
    assert new is not None
    assert set(old) - set(new) == {"null", "binary_set"}
    assert set(new) - set(old) == {"added"}
    changed = {name for name in set(old) & set(new) if old[name] != new[name]}
    assert changed == {"number", "number_2", "bool_2", "list", "map", "str", "str_set"}
    assert new["number_2"] == {"N": "3"}
    assert sorted(new["str_set"]["SS"]) == ["a", "b", "c"]
    assert new["str_set"]["SS"][:2] != old["str_set"]["SS"]


@pytest.mark.parametrize("path", STREAM_FILES, ids=lambda path: path.stem)
def test_envelope_is_that_of_a_dynamodb_stream(path: Path) -> None:
    numbers: dict[str, int] = {}
    previous = 0
    for record in load(path.name):
        assert re.fullmatch(r"[0-9a-f]{32}", record["eventID"])
        assert record["eventName"] in {"INSERT", "MODIFY", "REMOVE"}
        assert re.fullmatch(r"1\.\d+", record["eventVersion"])
        assert record["eventSource"] == "aws:dynamodb"
        assert record["awsRegion"] == "us-east-1"
        assert re.fullmatch(
            r"arn:aws:dynamodb:us-east-1:123456789012:table/Source/stream/[\d:T.-]+",
            record["eventSourceARN"],
        )
        change = record["dynamodb"]
        assert 21 <= len(change["SequenceNumber"]) <= 40
        assert change["SizeBytes"] > 0
        number = int(change["SequenceNumber"])
        assert numbers.get(record["eventID"], number) == number, "a redelivered record differs"
        assert number > previous or record["eventID"] in numbers
        numbers[record["eventID"]] = previous = number


@pytest.mark.parametrize("path", STREAM_FILES, ids=lambda path: path.stem)
def test_images_match_the_event_name_and_the_view_type(path: Path) -> None:
    """An image includes its keys. The old image of a change is the new image of the one before."""
    latest: dict[str, Record | None] = {}
    seen: set[str] = set()
    for record in load(path.name):
        change, name = record["dynamodb"], record["eventName"]
        old, new = images(record)
        view = change["StreamViewType"]
        assert (new is not None) == (
            name != "REMOVE" and view in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"}
        )
        assert (old is not None) == (
            name != "INSERT" and view in {"OLD_IMAGE", "NEW_AND_OLD_IMAGES"}
        )
        for image in filter(None, (old, new)):
            assert change["Keys"].items() <= image.items()
        key = json.dumps(change["Keys"])
        if record["eventID"] not in seen and view == "NEW_AND_OLD_IMAGES" and key in latest:
            assert same(old, latest[key])
        seen.add(record["eventID"])
        latest[key] = new


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_has_no_real_account_id_and_no_access_key(path: Path) -> None:
    text = path.read_text("utf-8")
    fields = re.findall(r'"(?:account|SenderId)": "(\d+)"|arn:aws:[^"]*?:(\d{12}):', text)
    assert {number for pair in fields for number in pair if number} <= {"123456789012"}
    assert not re.search(r"\b(AKIA|ASIA|LTAI)[A-Za-z0-9]{12,}", text)


def test_events_readme_lists_every_file_and_no_other() -> None:
    listed = set(re.findall(r"`(\w+\.json)`", (EVENTS / "README.md").read_text("utf-8")))
    assert listed == {path.name for path in FILES}

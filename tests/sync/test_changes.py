"""Test the parsing of stream records: changes, rejected records and wrong streams."""

from __future__ import annotations

from typing import Any

import pytest

from ots_sync import changes
from ots_sync.errors import ConfigurationError, RejectedError
from ots_sync.model import Change
from tests.support.builders import event, item, record

OLD, NEW = item(a={"N": "1"}), item(a={"N": "2"})


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [(None, NEW, "INSERT"), (OLD, NEW, "MODIFY"), (OLD, None, "REMOVE")],
    ids=["insert", "modify", "remove"],
)
def test_record_is_parsed_into_a_change(old: Any, new: Any, name: str) -> None:
    received = record(old, new)
    change = changes.parse_record(received)
    keys = {key: NEW[key] for key in ("user_id", "action_time")}
    assert change == Change(name, keys, new, old, received)


def test_remove_has_no_new_image_and_old_images_are_optional() -> None:
    assert changes.parse_record(record(OLD, None, NewImage=NEW)).new_image is None
    assert changes.parse_record(record(OLD, NEW, OldImage=None)).old_image is None


def test_unknown_fields_and_a_missing_envelope_are_ignored() -> None:
    minimal = {key: record()[key] for key in ("eventName", "dynamodb")}
    assert changes.parse_record({**minimal, "unknown": [1]}).event_name == "INSERT"


def without(field: str, of: str | None = None) -> dict[str, Any]:
    shortened = record(OLD, NEW)
    del (shortened if of is None else shortened[of])[field]
    return shortened


MALFORMED: dict[str, tuple[Any, str]] = {
    "text": ("record", "a record is not an object"),
    "null": (None, "a record is not an object"),
    "no-dynamodb": (without("dynamodb"), "no object 'dynamodb'"),
    "dynamodb-list": ({**record(), "dynamodb": []}, "no object 'dynamodb'"),
    "no-event-name": (without("eventName"), "eventName"),
    "event-name-unknown": ({**record(), "eventName": "UPSERT"}, "eventName"),
    "event-name-list": ({**record(), "eventName": ["INSERT"]}, "eventName"),
    "no-keys": (without("Keys", "dynamodb"), "no object 'Keys'"),
    "keys-empty": (record(Keys={}), "no object 'Keys'"),
    "keys-list": (record(Keys=[]), "no object 'Keys'"),
    "no-new-image": (without("NewImage", "dynamodb"), "no object 'NewImage'"),
    "new-image-empty": (record(NewImage={}), "no object 'NewImage'"),
    "new-image-null": (record(NewImage=None), "no object 'NewImage'"),
    "old-image-text": (record(OLD, NEW, OldImage="a"), "no object 'OldImage'"),
}


@pytest.mark.parametrize(("malformed", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_record_alone_is_rejected_and_names_the_field(
    malformed: Any, reason: str
) -> None:
    good = [record(), record()]
    parsed, rejected = changes.parse_event(event(good[0], malformed, good[1]))
    assert [change.record for change in parsed] == good
    (one,) = rejected
    assert one.record is malformed
    assert one.error.code == "MalformedRecord"
    assert reason in str(one.error)


@pytest.mark.parametrize(
    "lambda_event", [None, [], "x", {}, {"records": []}, {"Records": None}, {"Records": {}}]
)
def test_event_without_a_list_of_records_raises(lambda_event: Any) -> None:
    with pytest.raises(ConfigurationError, match="no list 'Records'"):
        changes.parse_event(lambda_event)


def test_event_with_an_empty_list_has_no_changes() -> None:
    assert changes.parse_event(event()) == ([], [])


@pytest.mark.parametrize("source", ["aws:kinesis", "aws:sqs", None, 5, ["aws:dynamodb"]])
def test_foreign_event_source_raises(source: Any) -> None:
    with pytest.raises(ConfigurationError, match="eventSource is not aws:dynamodb"):
        changes.parse_event(event(record(), {**record(), "eventSource": source}))


@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
@pytest.mark.parametrize("new", [NEW, None], ids=["modify", "remove"])
def test_stream_without_new_images_raises(view: str, new: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"view type is {view}.*NEW_AND_OLD_IMAGES"):
        changes.parse_event(event(record(OLD, new, StreamViewType=view)))


@pytest.mark.parametrize(
    "view", ["NEW_IMAGE", "NEW_AND_OLD_IMAGES", None, ["KEYS_ONLY"], "UNKNOWN"]
)
def test_any_other_view_type_is_accepted(view: Any) -> None:
    assert len(changes.parse_event(event(record(StreamViewType=view)))[0]) == 1


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("123", "123"),
        ("00123", "00123"),
        ("1" * 40, "1" * 40),
        (123, ""),
        (None, ""),
        ("", ""),
        ("12a", ""),
        ("-1", ""),
        ("\u0661", ""),
        ("1" * 5000, ""),
    ],
    ids=lambda value: ascii(value)[:16],
)
def test_sequence_number_is_empty_unless_lambda_accepts_it(number: Any, expected: str) -> None:
    """Anything else could be neither named in a response nor compared as an integer."""
    assert changes.sequence_number(record(SequenceNumber=number)) == expected


@pytest.mark.parametrize("malformed", [None, [], "x", {}, {"dynamodb": None}])
def test_sequence_number_of_a_malformed_record_is_empty(malformed: Any) -> None:
    assert changes.sequence_number(malformed) == ""


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        (1529280000, 1529280000.0),
        (1.5e9, 1.5e9),
        (None, None),
        ("1529280000", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (-1, None),
    ],
    ids=lambda value: repr(value)[:16],
)
def test_creation_time_that_is_not_a_time_is_ignored(created: Any, seconds: float | None) -> None:
    """It only affects the lag, so an invalid one must not reject the record."""
    change = changes.parse_record(record(ApproximateCreationDateTime=created))
    assert changes.oldest_creation_s([change]) == seconds


def test_parse_record_raises_what_parse_event_collects() -> None:
    with pytest.raises(RejectedError, match="not an object"):
        changes.parse_record(None)

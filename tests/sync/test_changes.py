"""Stream records become changes; a malformed one is refused alone, a wrong stream as a whole."""

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
def test_record_is_understood(old: Any, new: Any, name: str) -> None:
    whole = record(old, new)
    change = changes.parse_record(whole)
    keys = {key: NEW[key] for key in ("user_id", "action_time")}
    assert change == Change(name, keys, new, old, whole)


def test_remove_takes_no_new_image_and_old_images_may_be_missing() -> None:
    assert changes.parse_record(record(OLD, None, NewImage=NEW)).new_image is None
    assert changes.parse_record(record(OLD, NEW, OldImage=None)).old_image is None


def test_unknown_fields_and_missing_envelope_are_passed_over() -> None:
    bare = {key: record()[key] for key in ("eventName", "dynamodb")}
    assert changes.parse_record({**bare, "more": [1]}).event_name == "INSERT"


def without(field: str, of: str | None = None) -> dict[str, Any]:
    whole = record(OLD, NEW)
    del (whole if of is None else whole[of])[field]
    return whole


MALFORMED: dict[str, tuple[Any, str]] = {
    "no-object": ("record", "a record is not an object"),
    "none": (None, "a record is not an object"),
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
    "new-image-none": (record(NewImage=None), "no object 'NewImage'"),
    "old-image-text": (record(OLD, NEW, OldImage="a"), "no object 'OldImage'"),
}


@pytest.mark.parametrize(("wrong", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_record_is_refused_alone_with_the_field(wrong: Any, reason: str) -> None:
    good = [record(), record()]
    understood, refused = changes.parse_event(event(good[0], wrong, good[1]))
    assert [change.record for change in understood] == good
    (one,) = refused
    assert one.record is wrong
    assert one.error.code == "MalformedRecord"
    assert reason in str(one.error)


@pytest.mark.parametrize(
    "whole", [None, [], "x", {}, {"records": []}, {"Records": None}, {"Records": {}}]
)
def test_event_without_records_is_configuration(whole: Any) -> None:
    with pytest.raises(ConfigurationError, match="no list 'Records'"):
        changes.parse_event(whole)


def test_empty_event_is_no_changes() -> None:
    assert changes.parse_event(event()) == ([], [])


@pytest.mark.parametrize("source", ["aws:kinesis", "aws:sqs", None, 5, ["aws:dynamodb"]])
def test_foreign_source_is_configuration(source: Any) -> None:
    with pytest.raises(ConfigurationError, match="eventSource is not aws:dynamodb"):
        changes.parse_event(event(record(), {**record(), "eventSource": source}))


@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
@pytest.mark.parametrize("new", [NEW, None], ids=["modify", "remove"])
def test_stream_without_new_images_is_configuration(view: str, new: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"view type is {view}.*NEW_AND_OLD_IMAGES"):
        changes.parse_event(event(record(OLD, new, StreamViewType=view)))


@pytest.mark.parametrize("view", ["NEW_IMAGE", "NEW_AND_OLD_IMAGES", None, ["KEYS_ONLY"], "NEWER"])
def test_other_views_are_read(view: Any) -> None:
    assert len(changes.parse_event(event(record(StreamViewType=view)))[0]) == 1


@pytest.mark.parametrize(
    ("number", "known"),
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
def test_sequence_number_is_one_that_lambda_would_know(number: Any, known: str) -> None:
    """Anything else cannot be named in an answer, nor compared as an integer."""
    assert changes.sequence_number(record(SequenceNumber=number)) == known


@pytest.mark.parametrize("malformed", [None, [], "x", {}, {"dynamodb": None}])
def test_sequence_number_of_a_malformed_record_is_none(malformed: Any) -> None:
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
def test_creation_time_is_seconds_or_nothing(created: Any, seconds: float | None) -> None:
    """It is for the lag alone, so an odd one stops no record."""
    change = changes.parse_record(record(ApproximateCreationDateTime=created))
    assert changes.oldest_creation_s([change]) == seconds


def test_understand_raises_what_read_collects() -> None:
    with pytest.raises(RejectedError, match="not an object"):
        changes.parse_record(None)

"""Test bad input: an error that names the field, for the whole event or for one record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ots_sync.errors import ConfigurationError
from tests.support.builders import event, item, record
from tests.support.handler import load_handler
from tests.support.paths import EVENTS
from tests.support.pipeline import PipelineRig

GOOD = record(new=item("good", a={"N": "1"}))

EVERY_RECORD_FAILS: dict[str, tuple[Any, str]] = {
    "not-an-event": (None, "no list 'Records'"),
    "no-records": ({"detail": {}}, "no list 'Records'"),
    "records-null": ({"Records": None}, "no list 'Records'"),
    "foreign-source": (event(GOOD, {**record(), "eventSource": "aws:sqs"}), "eventSource"),
    "other-keys": (event(GOOD, record(Keys={"id": {"S": "a"}})), "'id', but PRIMARY_KEY is"),
    "extra-key": (
        event(GOOD, record(Keys={**item(), "extra": {"S": "a"}})),
        "'extra', but PRIMARY_KEY is 'user_id', 'action_time'",
    ),
    "keys-only": (event(GOOD, record(StreamViewType="KEYS_ONLY")), "KEYS_ONLY"),
    "old-image": (event(GOOD, record(StreamViewType="OLD_IMAGE")), "OLD_IMAGE"),
}


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig(load_handler().row_mapper())


@pytest.mark.parametrize(
    ("lambda_event", "reason"), EVERY_RECORD_FAILS.values(), ids=EVERY_RECORD_FAILS
)
def test_event_whose_every_record_would_fail_raises_and_writes_nothing(
    lambda_event: Any, reason: str, rig: PipelineRig
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        rig.run(lambda_event)
    assert (rig.table.rows, rig.table.calls, rig.quarantined) == ({}, [], {})


@pytest.mark.parametrize(
    "name", ["no_records", "foreign_source", "other_keys", "keys_only", "old_image_only"]
)
def test_sample_event_of_a_wrong_deployment_raises(name: str, rig: PipelineRig) -> None:
    with pytest.raises(ConfigurationError):
        rig.run(json.loads((EVENTS / f"{name}.json").read_text("utf-8")))
    assert rig.table.calls == []


def test_event_without_records_succeeds(rig: PipelineRig) -> None:
    assert rig.deliver([]) is None
    assert rig.table.calls == []


TOO_LONG = "x" * 2_097_153
ONE_RECORD_FAILS: dict[str, tuple[Any, str, str]] = {
    "unknown-type": (item(a={"X": "1"}), "UnknownType", "attribute 'a': "),
    "two-type-tags": (item(a={"S": "1", "N": "1"}), "UnknownType", "attribute 'a': "),
    "untagged": (item(a="1"), "UnknownType", "attribute 'a': "),
    "null-value": (item(a=None), "UnknownType", "attribute 'a': "),
    "nested-untagged": (item(a={"L": [None]}), "UnknownType", "attribute 'a': "),
    "not-a-number": (item(a={"N": "1_000"}), "MalformedNumber", "attribute 'a': an N is not a"),
    "full-width-number": (item(a={"N": "\uff11"}), "MalformedNumber", "attribute 'a': an N"),
    "nan": (item(a={"N": "NaN"}), "MalformedNumber", "attribute 'a': an N"),
    "json-number": (item(a={"N": 1.5}), "MalformedNumber", "attribute 'a': an N"),
    "boolean-number": (item(a={"N": True}), "MalformedNumber", "attribute 'a': an N"),
    "39-digits": (item(a={"N": "1" * 39}), "NumberRange", "attribute 'a': an N has more"),
    "100000-digits": (item(a={"N": "9" * 100_000}), "NumberRange", "attribute 'a': an N has"),
    "exponent-over-a-limit": (
        item(a={"N": "1e126"}),
        "NumberRange",
        "attribute 'a': an N is outside",
    ),
    "integer-for-bool": (item(a={"BOOL": 1}), "MalformedValue", "attribute 'a': a BOOL"),
    "not-base64": (item(a={"B": "!"}), "MalformedValue", "attribute 'a': a B"),
    "empty-set": (item(a={"SS": []}), "MalformedValue", "attribute 'a': a set"),
    "too-deep": (item(a=json.loads('{"L":[' * 40 + "]}" * 40)), "Nesting", "attribute 'a': "),
    "lone-surrogate": (item(a={"S": "\ud83d"}), "Text", "column 'a': "),
    "value-over-a-limit": (item(a={"S": TOO_LONG}), "ColumnLength", "column 'a' has 2097153 bytes"),
    "name-over-a-limit": (item(**{"n" * 256: {"S": ""}}), "ColumnName", "attribute 'nnnnn"),
    "key-with-a-fraction": (
        {**item(), "action_time": {"N": "1.5"}},
        "KeyNumber",
        "key 'action_time': a key number is not a 64-bit integer",
    ),
    "key-not-a-number": ({**item(), "action_time": {"N": "x"}}, "MalformedNumber", "'action_time'"),
    "key-over-a-limit": (item("k" * 1025), "KeyLength", "key column user_id has 1025 bytes"),
}


@pytest.mark.parametrize(
    ("image", "code", "reason"), ONE_RECORD_FAILS.values(), ids=ONE_RECORD_FAILS
)
def test_bad_record_is_quarantined_whole_and_the_others_are_written(
    image: Any, code: str, reason: str, rig: PipelineRig
) -> None:
    """The reason names the field and contains no value."""
    bad = record(new=image)
    outcome = rig.run(event(GOOD, bad, record(new=item("good", 2))))
    assert rig.table.rows == {("good", 1): {"a": 1}, ("good", 2): {}}
    assert (outcome.rejected, outcome.quarantined, outcome.unprocessed) == (1, 1, [])
    (body,) = rig.quarantined.values()
    stored = json.loads(body)
    assert stored["record"] == bad
    assert stored["code"] == code
    assert reason in stored["reason"]
    assert len(stored["reason"]) < 200

"""Bad input: a clear error that names the field, before anything is written or for one record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ots_sync.errors import ConfigurationError, SettingsError
from tests.support.builders import ENVIRON, event, item, record
from tests.support.handler import DOOR, load_handler
from tests.support.pipeline import Scene

EVENTS = DOOR.parent / "events"
GOOD = record(new=item("good", a={"N": "1"}))

EVERY_RECORD_FAILS: dict[str, tuple[Any, str]] = {
    "no-event": (None, "no list 'Records'"),
    "no-records": ({"detail": {}}, "no list 'Records'"),
    "records-none": ({"Records": None}, "no list 'Records'"),
    "foreign-source": (event(GOOD, {**record(), "eventSource": "aws:sqs"}), "eventSource"),
    "other-keys": (event(GOOD, record(Keys={"id": {"S": "a"}})), "'id', but PRIMARY_KEY is"),
    "more-keys": (
        event(GOOD, record(Keys={**item(), "more": {"S": "a"}})),
        "'more', but PRIMARY_KEY is 'user_id', 'action_time'",
    ),
    "keys-only": (event(GOOD, record(StreamViewType="KEYS_ONLY")), "KEYS_ONLY"),
    "old-image": (event(GOOD, record(StreamViewType="OLD_IMAGE")), "OLD_IMAGE"),
}


@pytest.fixture
def scene() -> Scene:
    return Scene(load_handler().row_mapper())


@pytest.mark.parametrize(("whole", "reason"), EVERY_RECORD_FAILS.values(), ids=EVERY_RECORD_FAILS)
def test_where_every_record_would_fail_nothing_is_written(
    whole: Any, reason: str, scene: Scene
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        scene.run(whole)
    assert (scene.store.rows, scene.store.calls, scene.kept) == ({}, [], {})


@pytest.mark.parametrize(
    "name", ["no_records", "foreign_source", "other_keys", "keys_only", "old_image_only"]
)
def test_event_file_of_another_kind_is_refused_as_a_whole(name: str, scene: Scene) -> None:
    with pytest.raises(ConfigurationError):
        scene.run(json.loads((EVENTS / f"{name}.json").read_text("utf-8")))
    assert scene.store.calls == []


def test_empty_batch_is_success(scene: Scene) -> None:
    assert scene.deliver([]) is None
    assert scene.store.calls == []


WIDE = "x" * 2_097_153
ONE_RECORD_FAILS: dict[str, tuple[Any, str, str]] = {
    "unknown-type": (item(a={"X": "1"}), "UnknownType", "attribute 'a': "),
    "two-types": (item(a={"S": "1", "N": "1"}), "UnknownType", "attribute 'a': "),
    "untagged": (item(a="1"), "UnknownType", "attribute 'a': "),
    "null-for-a-value": (item(a=None), "UnknownType", "attribute 'a': "),
    "nested-untagged": (item(a={"L": [None]}), "UnknownType", "attribute 'a': "),
    "no-number": (item(a={"N": "1_000"}), "MalformedNumber", "attribute 'a': an N is not a"),
    "full-width-number": (item(a={"N": "\uff11"}), "MalformedNumber", "attribute 'a': an N"),
    "nan": (item(a={"N": "NaN"}), "MalformedNumber", "attribute 'a': an N"),
    "json-number": (item(a={"N": 1.5}), "MalformedNumber", "attribute 'a': an N"),
    "boolean-number": (item(a={"N": True}), "MalformedNumber", "attribute 'a': an N"),
    "39-digits": (item(a={"N": "1" * 39}), "NumberRange", "attribute 'a': an N has more"),
    "huge-number": (item(a={"N": "9" * 100_000}), "NumberRange", "attribute 'a': an N has"),
    "huge-exponent": (item(a={"N": "1e126"}), "NumberRange", "attribute 'a': an N is outside"),
    "integer-bool": (item(a={"BOOL": 1}), "MalformedValue", "attribute 'a': a BOOL"),
    "no-base64": (item(a={"B": "!"}), "MalformedValue", "attribute 'a': a B"),
    "empty-set": (item(a={"SS": []}), "MalformedValue", "attribute 'a': a set"),
    "too-deep": (item(a=json.loads('{"L":[' * 40 + "]}" * 40)), "Nesting", "attribute 'a': "),
    "surrogate": (item(a={"S": "\ud83d"}), "Text", "column 'a': "),
    "value-over-a-limit": (item(a={"S": WIDE}), "ColumnLength", "column 'a' has 2097153 bytes"),
    "name-over-a-limit": (item(**{"n" * 256: {"S": ""}}), "ColumnName", "attribute 'nnnnn"),
    "key-with-a-fraction": (
        {**item(), "action_time": {"N": "1.5"}},
        "KeyNumber",
        "key 'action_time': a key number is not a 64-bit integer",
    ),
    "key-no-number": ({**item(), "action_time": {"N": "x"}}, "MalformedNumber", "'action_time'"),
    "key-over-a-limit": (item("k" * 1025), "KeyLength", "key column user_id has 1025 bytes"),
}


@pytest.mark.parametrize(
    ("image", "code", "reason"), ONE_RECORD_FAILS.values(), ids=ONE_RECORD_FAILS
)
def test_where_one_record_is_wrong_the_others_arrive(
    image: Any, code: str, reason: str, scene: Scene
) -> None:
    """It is kept whole with a reason that names the field; no value is told."""
    bad = record(new=image)
    outcome = scene.run(event(GOOD, bad, record(new=item("good", 2))))
    assert scene.store.rows == {("good", 1): {"a": 1}, ("good", 2): {}}
    assert (outcome.rejected, outcome.quarantined, outcome.unprocessed) == (1, 1, [])
    (body,) = scene.kept.values()
    kept = json.loads(body)
    assert kept["record"] == bad
    assert kept["code"] == code
    assert reason in kept["reason"]
    assert len(kept["reason"]) < 200


BAD_ENVIRONMENTS = {
    "nothing-set": (
        {"OTS_ID": "", "OTS_SECRET": "", "OTS_INSTANCE": "", "TABLE_NAME": "", "PRIMARY_KEY": ""},
        ["OTS_ID: missing", "OTS_SECRET: missing", "OTS_INSTANCE: missing", "TABLE_NAME: missing",
         "PRIMARY_KEY: missing"],
    ),
    "unknown-value": ({"COLUMN_NAMES": "as-is"}, ["COLUMN_NAMES is 'as-is', but it must be one"]),
    "five-keys": ({"PRIMARY_KEY": "a,b,c,d,e"}, ["PRIMARY_KEY is 'a,b,c,d,e', but name 1-4 key"]),
    "no-url": ({"OTS_ENDPOINT": "not a url"}, ["OTS_ENDPOINT is 'not a url', but it must be a"]),
}  # fmt: skip


@pytest.mark.parametrize(("environ", "faults"), BAD_ENVIRONMENTS.values(), ids=BAD_ENVIRONMENTS)
def test_wrong_settings_are_told_all_at_once(
    environ: dict[str, str], faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler raises before it reads the event, and says each fault on a line of its own."""
    door = load_handler()
    door.settings.cache_clear()
    for name, value in {**ENVIRON, **environ}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        door.lambda_handler(event(GOOD), None)
    for fault in faults:
        assert f"\n- {fault}" in str(error.value)
    assert len(error.value.faults) == len(faults)

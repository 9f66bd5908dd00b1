"""Keys and columns as the settings say, and refusals that name the attribute, never its value."""

from __future__ import annotations

from typing import Any

import pytest

from ots_sync.columns import Columns
from ots_sync.errors import ConfigurationError, RejectedError
from tests.support.builders import configuration, item


def columns(**environ: str) -> Columns:
    return Columns(configuration(**environ))


def test_primary_key_is_in_the_target_tables_order() -> None:
    keys = {"action_time": {"N": "5"}, "user_id": {"S": "a"}}
    assert columns().primary_key(keys) == [("user_id", "a"), ("action_time", 5)]
    turned = columns(PRIMARY_KEY="action_time,user_id").primary_key(keys)
    assert turned == [("action_time", 5), ("user_id", "a")]


@pytest.mark.parametrize(
    "keys",
    [
        {"user_id": {"S": "a"}},
        {"user_id": {"S": "a"}, "action_time": {"N": "1"}, "more": {"S": "b"}},
        {"user_id": {"S": "a"}, "time": {"N": "1"}},
    ],
    ids=["fewer", "more", "other"],
)
def test_keys_that_are_not_primary_keys_are_configuration(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as error:
        columns().primary_key(keys)
    for name in ("PRIMARY_KEY", "'user_id', 'action_time'", *map(repr, keys)):
        assert name in str(error.value)


def test_key_of_another_type_than_primary_key_says_is_configuration() -> None:
    typed = columns(PRIMARY_KEY="user_id:string,action_time:integer")
    assert typed.primary_key(item()) == [("user_id", "user"), ("action_time", 1)]
    with pytest.raises(ConfigurationError, match="another type for the key user_id"):
        typed.primary_key({"user_id": {"B": "AQ=="}, "action_time": {"N": "1"}})


@pytest.mark.parametrize("tagged", [{"N": "1.5"}, {"N": "1e30"}, {"BOOL": True}, {"S": 1}], ids=str)
def test_one_key_that_cannot_be_one_is_refused_alone_and_named(tagged: dict[str, Any]) -> None:
    """Only its record is wrong, whatever type PRIMARY_KEY gives the column."""
    for typed in ("user_id,action_time", "user_id:string,action_time:integer"):
        with pytest.raises(RejectedError, match="'action_time'"):
            columns(PRIMARY_KEY=typed).primary_key({"user_id": {"S": "a"}, "action_time": tagged})


def test_column_by_mode_and_pin() -> None:
    assert columns().column("a-b", {"N": "2"}) == ("a_0x2d_b", 2)
    assert columns(COLUMN_NAMES="verbatim").column("a-b", {"N": "2"}) == ("a-b", 2)
    pinned = columns(COLUMN_TYPES="a_0x2d_b:Double,price:String")
    assert pinned.column("a-b", {"N": "2"}) == ("a_0x2d_b", 2.0)
    assert pinned.column("price", {"N": "2.50"}) == ("price", "2.5")
    assert pinned.column("other", {"N": "2"}) == ("other", 2)


def test_pin_touches_numbers_only() -> None:
    pinned = columns(COLUMN_TYPES="a:Double")
    assert pinned.column("a", {"S": "2"}) == ("a", "2")
    assert pinned.column("a", {"NS": ["2"]}) == ("a", '["2"]')
    assert pinned.column("a", {"L": [{"N": "2"}]}) == ("a", '[{"N":"2"}]')
    with pytest.raises(RejectedError, match=r"attribute 'a': .*not exact as Double"):
        pinned.column("a", {"N": "9007199254740993"})


@pytest.mark.parametrize(
    ("attribute", "tagged"),
    [
        ("price", {"N": "secret"}),
        ("price", {"M": {"a": {"S": "secret", "N": "1"}}}),
        ("a\nb", {"B": "secret!"}),
        ("n" * 256, {"S": "secret"}),
        ("-" * 200, {"S": "secret"}),
        ("a\ud800", {"S": "secret"}),
    ],
    ids=ascii,
)
def test_refusal_names_the_attribute_on_one_line_and_not_its_value(
    attribute: str, tagged: dict[str, Any]
) -> None:
    with pytest.raises(RejectedError) as refused:
        columns().column(attribute, tagged)
    reason = str(refused.value)
    assert ascii(attribute)[:40].rstrip("'") in reason
    assert "secret" not in reason
    assert reason.isascii()
    assert reason.isprintable()


def test_names_to_delete_leave_out_what_was_never_written() -> None:
    """A column whose name no table takes cannot be there, so it needs no delete."""
    names = ["a", "n" * 256, "b-c", "", "\ud800"]
    assert columns().names(names) == ["a", "b_0x2d_c"]


def test_names_of_an_event_are_forgotten() -> None:
    """Nothing of an event outlives its invocation, not even attribute names."""
    met = columns()
    met.column("a-b", {"N": "2"})
    met.clear_cache()
    assert "a-b" not in repr(vars(met))

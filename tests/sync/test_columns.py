"""Test the conversion of items to keys and columns; a rejection names only the attribute."""

from __future__ import annotations

from typing import Any

import pytest

from ots_sync.columns import Columns
from ots_sync.errors import ConfigurationError, RejectedError
from tests.support.builders import item, make_settings


def columns(**environ: str) -> Columns:
    return Columns(make_settings(**environ))


def test_primary_key_is_in_the_target_tables_order() -> None:
    keys = {"action_time": {"N": "5"}, "user_id": {"S": "a"}}
    assert columns().primary_key(keys) == [("user_id", "a"), ("action_time", 5)]
    reversed_order = columns(PRIMARY_KEY="action_time,user_id").primary_key(keys)
    assert reversed_order == [("action_time", 5), ("user_id", "a")]


@pytest.mark.parametrize(
    "keys",
    [
        {"user_id": {"S": "a"}},
        {"user_id": {"S": "a"}, "action_time": {"N": "1"}, "extra": {"S": "b"}},
        {"user_id": {"S": "a"}, "time": {"N": "1"}},
    ],
    ids=["missing", "extra", "other"],
)
def test_keys_that_differ_from_primary_key_raise(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as error:
        columns().primary_key(keys)
    for name in ("PRIMARY_KEY", "'user_id', 'action_time'", *map(repr, keys)):
        assert name in str(error.value)


def test_key_with_another_type_than_in_primary_key_raises() -> None:
    typed = columns(PRIMARY_KEY="user_id:string,action_time:integer")
    assert typed.primary_key(item()) == [("user_id", "user"), ("action_time", 1)]
    with pytest.raises(ConfigurationError, match="another type for the key user_id"):
        typed.primary_key({"user_id": {"B": "AQ=="}, "action_time": {"N": "1"}})


@pytest.mark.parametrize("tagged", [{"N": "1.5"}, {"N": "1e30"}, {"BOOL": True}, {"S": 1}], ids=str)
def test_invalid_key_value_is_rejected_with_the_name_of_the_key(tagged: dict[str, Any]) -> None:
    """Only its record is rejected, with every type that PRIMARY_KEY gives to the column."""
    for primary_key in ("user_id,action_time", "user_id:string,action_time:integer"):
        with pytest.raises(RejectedError, match="'action_time'"):
            columns(PRIMARY_KEY=primary_key).primary_key(
                {"user_id": {"S": "a"}, "action_time": tagged}
            )


def test_column_depends_on_column_names_and_column_types() -> None:
    assert columns().column("a-b", {"N": "2"}) == ("a_0x2d_b", 2)
    assert columns(COLUMN_NAMES="verbatim").column("a-b", {"N": "2"}) == ("a-b", 2)
    typed = columns(COLUMN_TYPES="a_0x2d_b:Double,price:String")
    assert typed.column("a-b", {"N": "2"}) == ("a_0x2d_b", 2.0)
    assert typed.column("price", {"N": "2.50"}) == ("price", "2.5")
    assert typed.column("other", {"N": "2"}) == ("other", 2)


def test_column_types_affect_numbers_only() -> None:
    typed = columns(COLUMN_TYPES="a:Double")
    assert typed.column("a", {"S": "2"}) == ("a", "2")
    assert typed.column("a", {"NS": ["2"]}) == ("a", '["2"]')
    assert typed.column("a", {"L": [{"N": "2"}]}) == ("a", '[{"N":"2"}]')
    with pytest.raises(RejectedError, match=r"attribute 'a': .*not exact as Double"):
        typed.column("a", {"N": "9007199254740993"})


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
def test_rejection_names_the_attribute_on_one_line_without_its_value(
    attribute: str, tagged: dict[str, Any]
) -> None:
    with pytest.raises(RejectedError) as rejected:
        columns().column(attribute, tagged)
    reason = str(rejected.value)
    assert ascii(attribute)[:40].rstrip("'") in reason
    assert "secret" not in reason
    assert reason.isascii()
    assert reason.isprintable()


def test_invalid_names_are_left_out_of_the_columns_to_delete() -> None:
    """No table accepts such a name, so the column was never written."""
    names = ["a", "n" * 256, "b-c", "", "\ud800"]
    assert columns().names(names) == ["a", "b_0x2d_c"]


def test_clear_cache_removes_the_names_of_an_event() -> None:
    """No data of an event outlives its invocation, not even attribute names."""
    used = columns()
    used.column("a-b", {"N": "2"})
    assert "a-b" in repr(vars(used))
    used.clear_cache()
    assert "a-b" not in repr(vars(used))

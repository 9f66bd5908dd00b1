"""PutRow, GetRow, UpdateRow and DeleteRow, mostly with both codecs."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import PK_AUTO_INCR, Condition, OTSClient, ReturnType, Row

from tests.tablestore.support.clients import get, make_table, put, raises

EVERY_TYPE = [
    ("binary", bytearray(b"\x00\xff")),
    ("double", -0.5),
    ("empty", ""),
    ("largest", 2**63 - 1),
    ("nothing", bytearray()),
    ("smallest", -(2**63)),
    ("text", "武汉 é"),
    ("truth", True),
]
UPDATES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("put adds a column", {"put": [("c", 3)]}, {"a": 1, "b": 2, "c": 3}),
    ("put replaces a value of another type", {"put": [("a", "x")]}, {"a": "x", "b": 2}),
    ("delete_all removes a column", {"delete_all": ["a"]}, {"b": 2}),
    ("delete_all ignores a missing column", {"delete_all": ["z"]}, {"a": 1, "b": 2}),
    ("put and delete_all together", {"put": [("c", 3)], "delete_all": ["a", "b"]}, {"c": 3}),
    ("increment adds", {"increment": [("a", 5)]}, {"a": 6, "b": 2}),
    ("negative increment subtracts", {"increment": [("a", -5)]}, {"a": -4, "b": 2}),
    (
        "increment of a missing column begins at 0",
        {"increment": [("z", 5)]},
        {"a": 1, "b": 2, "z": 5},
    ),
]


def test_value_of_every_type_is_read_as_written(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", EVERY_TYPE)
    _, row, _ = client.get_row("t", [("id", "k")])
    assert [(name, value) for name, value, _ in row.attribute_columns] == EVERY_TYPE
    assert row.primary_key == [("id", "k")]


def test_key_of_every_type_identifies_its_row(client: OTSClient) -> None:
    """The empty string and the empty binary are valid keys."""
    key = [("s", ""), ("i", -(2**63)), ("b", bytearray()), ("t", "\x00 é")]
    make_table(client, key=[("s", "STRING"), ("i", "INTEGER"), ("b", "BINARY"), ("t", "STRING")])
    client.put_row("t", Row(key, [("a", 1)]), Condition("IGNORE"))
    _, row, _ = client.get_row("t", key)
    assert row.primary_key == key


def test_put_replaces_the_whole_row(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2)])
    put(client, "k", [("c", 3)])
    assert get(client, "k") == {"c": 3}


def test_columns_are_returned_sorted_by_name(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", [("b", 1), ("a", 2), ("B", 3)])
    _, row, _ = client.get_row("t", [("id", "k")])
    assert [name for name, _, _ in row.attribute_columns] == ["B", "a", "b"]


def test_last_cell_of_a_duplicate_column_wins(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", [("a", 1), ("a", 2)])
    assert get(client, "k") == {"a": 2}


def test_row_can_consist_of_key_columns_only(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", [])
    assert get(client, "k") == {}
    client.delete_row("t", Row([("id", "k")]), Condition("EXPECT_EXIST"))
    assert get(client, "k") is None


@pytest.mark.parametrize(
    ("change", "after"), [case[1:] for case in UPDATES], ids=[case[0] for case in UPDATES]
)
def test_update_changes_only_the_named_columns(
    client: OTSClient, change: dict[str, Any], after: dict[str, Any]
) -> None:
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2)])
    client.update_row("t", Row([("id", "k")], change), Condition("IGNORE"))
    assert get(client, "k") == after


def test_update_of_a_missing_row_creates_it(client: OTSClient) -> None:
    make_table(client)
    client.update_row("t", Row([("id", "k")], {"put": [("a", 1)]}), Condition("IGNORE"))
    assert get(client, "k") == {"a": 1}


def test_update_with_deletes_only_creates_no_row(client: OTSClient) -> None:
    make_table(client)
    client.update_row("t", Row([("id", "k")], {"delete_all": ["a"]}), Condition("IGNORE"))
    assert get(client, "k") is None


def test_row_remains_after_its_last_column_is_deleted(client: OTSClient) -> None:
    make_table(client)
    put(client, "k", [("a", 1)])
    client.update_row("t", Row([("id", "k")], {"delete_all": ["a"]}), Condition("IGNORE"))
    assert get(client, "k") == {}


def test_delete_removes_the_row_and_can_be_repeated(client: OTSClient) -> None:
    make_table(client)
    put(client, "k")
    for _ in range(2):
        client.delete_row("t", Row([("id", "k")]), Condition("IGNORE"))
        assert get(client, "k") is None


@pytest.mark.parametrize(
    ("stored", "added"),
    [("text", 1), (1.5, 1), (2**63 - 1, 1), (-(2**63), -1)],
    ids=["string", "double", "overflow", "underflow"],
)
def test_increment_needs_an_integer_and_must_not_overflow(
    sdk: OTSClient, stored: object, added: int
) -> None:
    """The row is unchanged after the error."""
    make_table(sdk)
    put(sdk, "k", [("n", stored)])
    why = "overflows when incremented." if isinstance(stored, int) else "is not an integer."
    with raises("OTSParameterInvalid", f"The value of column: 'n' {why}"):
        sdk.update_row("t", Row([("id", "k")], {"increment": [("n", added)]}), None)
    assert get(sdk, "k") == {"n": stored}


@pytest.mark.parametrize("existence", ["IGNORE", "EXPECT_EXIST", "EXPECT_NOT_EXIST"])
@pytest.mark.parametrize("exists", [True, False], ids=["existing", "missing"])
@pytest.mark.parametrize("write", ["put", "update", "delete"])
def test_write_succeeds_only_if_the_row_existence_is_as_expected(
    sdk: OTSClient, write: str, exists: bool, existence: str
) -> None:
    make_table(sdk)
    if exists:
        put(sdk, "k", [("a", 0)])
    calls: dict[str, tuple[Any, Any]] = {
        "put": (sdk.put_row, [("a", 1)]),
        "update": (sdk.update_row, {"put": [("a", 1)]}),
        "delete": (sdk.delete_row, []),
    }
    method, columns = calls[write]
    before = get(sdk, "k")
    after = None if write == "delete" else {"a": 1}
    if existence == "IGNORE" or (existence == "EXPECT_EXIST") is exists:
        method("t", Row([("id", "k")], columns), Condition(existence))
        assert get(sdk, "k") == after
    else:
        with raises("OTSConditionCheckFail", "Condition check failed.", 403):
            method("t", Row([("id", "k")], columns), Condition(existence))
        assert get(sdk, "k") == before


def test_rt_pk_returns_the_key_and_rt_none_nothing(client: OTSClient) -> None:
    make_table(client)
    row = Row([("id", "k")], [("a", 1)])
    assert client.put_row("t", row, Condition("IGNORE"))[1] is None
    _, back = client.put_row("t", row, Condition("IGNORE"), ReturnType.RT_PK)
    assert back.primary_key == [("id", "k")]
    assert not back.attribute_columns


def test_auto_increment_column_gets_growing_numbers(client: OTSClient) -> None:
    make_table(client, key=[("id", "STRING"), ("n", "INTEGER", PK_AUTO_INCR)])
    numbers = []
    for _ in range(3):
        row = Row([("id", "k"), ("n", PK_AUTO_INCR)], [("a", 1)])
        _, back = client.put_row("t", row, Condition("IGNORE"), ReturnType.RT_PK)
        numbers.append(back.primary_key[1][1])
    assert numbers == sorted(set(numbers))
    _, row, _ = client.get_row("t", [("id", "k"), ("n", numbers[1])])
    assert row.primary_key == [("id", "k"), ("n", numbers[1])]


def test_only_selected_columns_are_returned(client: OTSClient) -> None:
    """A row without any of them is not returned."""
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2)])
    assert get(client, "k", columns_to_get=["a", "z"]) == {"a": 1}
    assert get(client, "k", columns_to_get=["z"]) is None
    assert get(client, "k", columns_to_get=["z", "id"]) == {}
    assert get(client, "k", start_column="b", end_column="c") == {"b": 2}
    assert get(client, "k", start_column="a", end_column="b") == {"a": 1}

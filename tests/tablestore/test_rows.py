"""PutRow, GetRow, UpdateRow and DeleteRow do to a row what the service does, on both codecs."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import PK_AUTO_INCR, Condition, OTSClient, ReturnType, Row

from tests.tablestore.clients import get, make_table, put, refused

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
    ("put adds", {"put": [("c", 3)]}, {"a": 1, "b": 2, "c": 3}),
    ("put replaces, of any type", {"put": [("a", "x")]}, {"a": "x", "b": 2}),
    ("delete_all takes a column", {"delete_all": ["a"]}, {"b": 2}),
    ("delete_all of no column is no fault", {"delete_all": ["z"]}, {"a": 1, "b": 2}),
    ("both at once", {"put": [("c", 3)], "delete_all": ["a", "b"]}, {"c": 3}),
    ("increment adds", {"increment": [("a", 5)]}, {"a": 6, "b": 2}),
    ("increment takes away", {"increment": [("a", -5)]}, {"a": -4, "b": 2}),
    ("increment begins at 0", {"increment": [("z", 5)]}, {"a": 1, "b": 2, "z": 5}),
]


def test_every_type_comes_back(client: OTSClient) -> None:
    """A value is read as it was written: type, bounds, emptiness and all."""
    make_table(client)
    put(client, "k", EVERY_TYPE)
    _, row, _ = client.get_row("t", [("id", "k")])
    assert [(name, value) for name, value, _ in row.attribute_columns] == EVERY_TYPE
    assert row.primary_key == [("id", "k")]


def test_every_key_type_comes_back(client: OTSClient) -> None:
    """Keys of every type find their row, and the empty string and binary are keys too."""
    key = [("s", ""), ("i", -(2**63)), ("b", bytearray()), ("t", "\x00 é")]
    make_table(client, key=[("s", "STRING"), ("i", "INTEGER"), ("b", "BINARY"), ("t", "STRING")])
    client.put_row("t", Row(key, [("a", 1)]), Condition("IGNORE"))
    _, row, _ = client.get_row("t", key)
    assert row.primary_key == key


def test_put_replaces_the_whole_row(client: OTSClient) -> None:
    """PutRow leaves nothing of the row that was there."""
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2)])
    put(client, "k", [("c", 3)])
    assert get(client, "k") == {"c": 3}


def test_columns_come_by_name(client: OTSClient) -> None:
    """Columns are returned in the order of their names, whatever the order they were given in."""
    make_table(client)
    put(client, "k", [("b", 1), ("a", 2), ("B", 3)])
    _, row, _ = client.get_row("t", [("id", "k")])
    assert [name for name, _, _ in row.attribute_columns] == ["B", "a", "b"]


def test_last_of_a_column_given_twice_stays(client: OTSClient) -> None:
    """A column twice in one PutRow is no fault: the last one counts."""
    make_table(client)
    put(client, "k", [("a", 1), ("a", 2)])
    assert get(client, "k") == {"a": 2}


def test_row_of_key_columns_only(client: OTSClient) -> None:
    """A row needs no attributes to exist."""
    make_table(client)
    put(client, "k", [])
    assert get(client, "k") == {}
    client.delete_row("t", Row([("id", "k")]), Condition("EXPECT_EXIST"))
    assert get(client, "k") is None


@pytest.mark.parametrize(
    ("change", "after"), [case[1:] for case in UPDATES], ids=[case[0] for case in UPDATES]
)
def test_update(client: OTSClient, change: dict[str, Any], after: dict[str, Any]) -> None:
    """UpdateRow does each kind of change to the columns it names, and leaves the others."""
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2)])
    client.update_row("t", Row([("id", "k")], change), Condition("IGNORE"))
    assert get(client, "k") == after


def test_update_makes_a_row(client: OTSClient) -> None:
    """UpdateRow of a missing row creates it."""
    make_table(client)
    client.update_row("t", Row([("id", "k")], {"put": [("a", 1)]}), Condition("IGNORE"))
    assert get(client, "k") == {"a": 1}


def test_update_of_deletes_makes_no_row(client: OTSClient) -> None:
    """UpdateRow of a missing row with deletes alone succeeds and creates nothing."""
    make_table(client)
    client.update_row("t", Row([("id", "k")], {"delete_all": ["a"]}), Condition("IGNORE"))
    assert get(client, "k") is None


def test_row_stays_without_its_last_column(client: OTSClient) -> None:
    """Deleting every attribute of a row leaves the row."""
    make_table(client)
    put(client, "k", [("a", 1)])
    client.update_row("t", Row([("id", "k")], {"delete_all": ["a"]}), Condition("IGNORE"))
    assert get(client, "k") == {}


def test_delete_is_for_ever_and_repeatable(client: OTSClient) -> None:
    """DeleteRow takes the row; deleting it again is no fault."""
    make_table(client)
    put(client, "k")
    for _ in range(2):
        client.delete_row("t", Row([("id", "k")]), Condition("IGNORE"))
        assert get(client, "k") is None


@pytest.mark.parametrize(
    ("stored", "added"),
    [("text", 1), (1.5, 1), (2**63 - 1, 1), (-(2**63), -1)],
    ids=["string", "double", "over the top", "under the bottom"],
)
def test_increment_refuses(sdk: OTSClient, stored: object, added: int) -> None:
    """An increment needs an integer that stays within 64 bits, and changes nothing otherwise."""
    make_table(sdk)
    put(sdk, "k", [("n", stored)])
    why = "overflows when incremented." if isinstance(stored, int) else "is not an integer."
    with refused("OTSParameterInvalid", f"The value of column: 'n' {why}"):
        sdk.update_row("t", Row([("id", "k")], {"increment": [("n", added)]}), None)
    assert get(sdk, "k") == {"n": stored}


@pytest.mark.parametrize("existence", ["IGNORE", "EXPECT_EXIST", "EXPECT_NOT_EXIST"])
@pytest.mark.parametrize("there", [True, False], ids=["there", "missing"])
@pytest.mark.parametrize("write", ["put", "update", "delete"])
def test_row_existence(sdk: OTSClient, write: str, there: bool, existence: str) -> None:
    """Each write is done where its row's existence is as expected, and refused elsewhere."""
    make_table(sdk)
    if there:
        put(sdk, "k", [("a", 0)])
    calls: dict[str, tuple[Any, Any]] = {
        "put": (sdk.put_row, [("a", 1)]),
        "update": (sdk.update_row, {"put": [("a", 1)]}),
        "delete": (sdk.delete_row, []),
    }
    method, columns = calls[write]
    before = get(sdk, "k")
    after = None if write == "delete" else {"a": 1}
    if existence == "IGNORE" or (existence == "EXPECT_EXIST") is there:
        method("t", Row([("id", "k")], columns), Condition(existence))
        assert get(sdk, "k") == after
    else:
        with refused("OTSConditionCheckFail", "Condition check failed.", 403):
            method("t", Row([("id", "k")], columns), Condition(existence))
        assert get(sdk, "k") == before


def test_returned_key(client: OTSClient) -> None:
    """RT_PK gives the key back; without it nothing is returned."""
    make_table(client)
    row = Row([("id", "k")], [("a", 1)])
    assert client.put_row("t", row, Condition("IGNORE"))[1] is None
    _, back = client.put_row("t", row, Condition("IGNORE"), ReturnType.RT_PK)
    assert back.primary_key == [("id", "k")]
    assert not back.attribute_columns


def test_generated_keys(client: OTSClient) -> None:
    """A key column that counts by itself gives each row another, growing number."""
    make_table(client, key=[("id", "STRING"), ("n", "INTEGER", PK_AUTO_INCR)])
    numbers = []
    for _ in range(3):
        row = Row([("id", "k"), ("n", PK_AUTO_INCR)], [("a", 1)])
        _, back = client.put_row("t", row, Condition("IGNORE"), ReturnType.RT_PK)
        numbers.append(back.primary_key[1][1])
    assert numbers == sorted(set(numbers))
    _, row, _ = client.get_row("t", [("id", "k"), ("n", numbers[1])])
    assert row.primary_key == [("id", "k"), ("n", numbers[1])]


def test_columns_to_get(client: OTSClient) -> None:
    """Only the columns asked for come back; a row that has none of them does not show."""
    make_table(client)
    put(client, "k", [("a", 1), ("b", 2)])
    assert get(client, "k", columns_to_get=["a", "z"]) == {"a": 1}
    assert get(client, "k", columns_to_get=["z"]) is None
    assert get(client, "k", columns_to_get=["z", "id"]) == {}
    assert get(client, "k", start_column="b", end_column="c") == {"b": 2}
    assert get(client, "k", start_column="a", end_column="b") == {"a": 1}

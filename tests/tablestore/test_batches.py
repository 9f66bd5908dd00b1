"""A BatchWriteRow is done row by row, told row by row, and refused as a whole where it must be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tablestore import (
    BatchGetRowRequest,
    BatchWriteRowRequest,
    ComparatorType,
    Condition,
    DeleteRowItem,
    OTSClient,
    PutRowItem,
    ReturnType,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
    TableInBatchWriteRowItem,
    UpdateRowItem,
)

from ots_local.tablestore import TableStore
from tests.tablestore.clients import (
    batch,
    client_of,
    get,
    make_table,
    put,
    put_item,
    refusal,
    refused,
)

KEY = [("id", "k")]
IGNORE = Condition("IGNORE")
INVALID = "OTSParameterInvalid"


@pytest.fixture
def loose() -> Iterator[OTSClient]:
    """The SDK on a store that takes every lenient reading."""
    with TableStore(loose=True) as store:
        client = client_of(store)
        make_table(client)
        yield client


def test_every_row_has_its_own_answer(client: OTSClient) -> None:
    """Rows succeed and fail each for itself, and are told in the order of the request."""
    make_table(client)
    put(client, "there", [("a", 0)])
    expect = Condition("EXPECT_EXIST")
    answer = client.batch_write_row(
        batch(
            PutRowItem(Row([("id", "missing")], [("a", 1)]), expect),
            PutRowItem(Row([("id", "there")], [("a", 1)]), expect),
            UpdateRowItem(Row([("id", "none")], {"put": [("a", 1)]}), expect),
            UpdateRowItem(Row([("id", "new")], {"put": [("a", 1)]}), IGNORE),
            DeleteRowItem(Row([("id", "gone")]), expect),
        )
    )
    found = answer.get_put_by_table("t") + answer.get_update_by_table("t")
    found += answer.get_delete_by_table("t")
    fails = "OTSConditionCheckFail"
    assert [item.error_code for item in found] == [fails, None, fails, None, fails]
    assert {item.error_message for item in found if not item.is_ok} == {"Condition check failed."}
    assert (get(client, "there"), get(client, "new")) == ({"a": 1}, {"a": 1})
    assert (get(client, "missing"), get(client, "none")) == (None, None)


def test_several_tables(client: OTSClient) -> None:
    """A batch may write to several tables."""
    for name in ("t", "u"):
        make_table(client, name)
    request = batch(put_item("k"))
    request.add(TableInBatchWriteRowItem("u", [put_item("k", [("b", 2)])]))
    assert client.batch_write_row(request).is_all_succeed()
    keys = BatchGetRowRequest()
    for name in ("u", "t"):
        keys.add(TableInBatchGetRowItem(name, [KEY, [("id", "none")]], [], None, 1))
    found = client.batch_get_row(keys)
    rows = [item.row for name in ("t", "u") for item in found.get_result_by_table(name)]
    assert [row and row.attribute_columns[0][:2] for row in rows] == [
        ("a", 1),
        None,
        ("b", 2),
        None,
    ]


def test_keys_are_returned(client: OTSClient) -> None:
    """RT_PK gives back the key of each row that asks for it."""
    make_table(client)
    asks = PutRowItem(Row(KEY, [("a", 1)]), IGNORE, ReturnType.RT_PK)
    found = client.batch_write_row(batch(asks, put_item("other"))).get_put_by_table("t")
    assert found[0].row.primary_key == KEY
    assert not (found[1].row and found[1].row.primary_key)


def test_one_key_twice(client: OTSClient) -> None:
    """One key twice in a batch fails all of it, as the documentation has it."""
    make_table(client)
    twice = batch(put_item("k"), put_item("other"), DeleteRowItem(Row(KEY), IGNORE))
    with refused(INVALID, "The input parameter is invalid."):
        client.batch_write_row(twice)
    assert (get(client, "k"), get(client, "other")) == (None, None)


def test_one_key_twice_in_two_tables(client: OTSClient) -> None:
    """The same key in two tables is two rows."""
    for name in ("t", "u"):
        make_table(client, name)
    request = batch(put_item("k"))
    request.add(TableInBatchWriteRowItem("u", [put_item("k")]))
    assert client.batch_write_row(request).is_all_succeed()


def test_one_key_twice_loosely(loose: OTSClient) -> None:
    """With the flag the changes of a key are made in their order, as official tests have it."""
    items = [
        put_item("k", [("a", 1), ("b", 1)]),
        UpdateRowItem(Row(KEY, {"put": [("a", 2)]}), IGNORE),
        put_item("gone"),
        DeleteRowItem(Row([("id", "gone")]), IGNORE),
    ]
    assert loose.batch_write_row(batch(*items)).is_all_succeed()
    assert get(loose, "k") == {"a": 2, "b": 1}
    assert get(loose, "gone") is None


def test_one_key_twice_loosely_has_conditions(loose: OTSClient) -> None:
    """Even with the flag, rows that depend on something may stand once only."""
    newer = Condition("IGNORE", SingleColumnCondition("a", 1, ComparatorType.EQUAL))
    for item, message in (
        (
            PutRowItem(Row(KEY, [("a", 1)]), Condition("EXPECT_EXIST")),
            "Repeated rows do not support row exist expectation check in BatchModify.",
        ),
        (
            PutRowItem(Row(KEY, [("a", 1)]), newer),
            "Repeated rows do not support row condition check in BatchModify.",
        ),
        (
            UpdateRowItem(Row(KEY, {"increment": [("a", 1)]}), IGNORE),
            "Duplicate rows detected in MultiPut.",
        ),
    ):
        both = batch(put_item("k"), item)
        assert refusal(lambda both=both: loose.batch_write_row(both)) == (INVALID, message, 400)


def test_reading_a_key_twice(client: OTSClient, loose: OTSClient) -> None:
    """One key twice in a BatchGetRow is refused, or read twice with the flag."""
    make_table(client)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [KEY, KEY], [], None, 1))
    with refused(INVALID, "Duplicate rows detected in MultiGet."):
        client.batch_get_row(keys)
    put(loose, "k")
    assert len(loose.batch_get_row(keys).get_succeed_rows()) == 2


def test_unknown_table(client: OTSClient, loose: OTSClient) -> None:
    """An unknown table fails the batch, or with the flag only the rows that name it."""
    make_table(client)
    request = batch(put_item("k"))
    request.add(TableInBatchWriteRowItem("u", [put_item("k")]))
    with refused("OTSObjectNotExist", "Requested table does not exist.", 404):
        client.batch_write_row(request)
    assert get(client, "k") is None
    answer = loose.batch_write_row(request)
    assert [item.is_ok for item in answer.get_put_by_table("t")] == [True]
    assert [item.error_code for item in answer.get_put_by_table("u")] == ["OTSObjectNotExist"]


def test_any_names_loosely(loose: OTSClient) -> None:
    """The flag takes any column name that does not begin with "#"."""
    names = ["公司", "price-2", "1st", *(f"a{sign}b" for sign in ".:'\"$&*()/\\\n\r ")]
    put(loose, "k", [(name.encode(), 1) for name in names])
    assert get(loose, "k") == dict.fromkeys(names, 1)
    for name in ("", "#abc", "n" * 256):
        with pytest.raises(Exception, match="nvalid"):
            put(loose, "k", [(name, 1)])


def test_one_table_twice(sdk: OTSClient) -> None:
    """A table stands once in a request; the SDK's request cannot even say otherwise."""
    make_table(sdk)
    request = BatchWriteRowRequest()
    request.add(TableInBatchWriteRowItem("t", [put_item("a")]))
    request.add(TableInBatchWriteRowItem("t", [put_item("b")]))
    sdk.batch_write_row(request)
    assert (get(sdk, "a"), get(sdk, "b")) == (None, {"a": 1})

"""BatchWriteRow and BatchGetRow: results per row and errors of the whole request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

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
from tests.tablestore.support.clients import (
    batch,
    client_of,
    error_of,
    get,
    make_table,
    put,
    put_item,
    raises,
)

KEY = [("id", "k")]
IGNORE = Condition("IGNORE")
INVALID = "OTSParameterInvalid"


@pytest.fixture
def lenient() -> Iterator[OTSClient]:
    """An SDK client of an emulator with all flags of leniency."""
    with TableStore(lenient=True) as store:
        client = client_of(store)
        make_table(client)
        yield client


def test_each_row_of_a_batch_has_its_own_result_in_request_order(client: OTSClient) -> None:
    make_table(client)
    put(client, "existing", [("a", 0)])
    expect = Condition("EXPECT_EXIST")
    response = client.batch_write_row(
        batch(
            PutRowItem(Row([("id", "missing")], [("a", 1)]), expect),
            PutRowItem(Row([("id", "existing")], [("a", 1)]), expect),
            UpdateRowItem(Row([("id", "none")], {"put": [("a", 1)]}), expect),
            UpdateRowItem(Row([("id", "new")], {"put": [("a", 1)]}), IGNORE),
            DeleteRowItem(Row([("id", "gone")]), expect),
        )
    )
    found = response.get_put_by_table("t") + response.get_update_by_table("t")
    found += response.get_delete_by_table("t")
    fails = "OTSConditionCheckFail"
    assert [item.error_code for item in found] == [fails, None, fails, None, fails]
    assert {item.error_message for item in found if not item.is_ok} == {"Condition check failed."}
    assert (get(client, "existing"), get(client, "new")) == ({"a": 1}, {"a": 1})
    assert (get(client, "missing"), get(client, "none")) == (None, None)


def test_batch_writes_and_reads_several_tables(client: OTSClient) -> None:
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


def test_rt_pk_returns_the_key_of_each_row_that_requests_it(client: OTSClient) -> None:
    make_table(client)
    with_key = PutRowItem(Row(KEY, [("a", 1)]), IGNORE, ReturnType.RT_PK)
    found = client.batch_write_row(batch(with_key, put_item("other"))).get_put_by_table("t")
    assert found[0].row.primary_key == KEY
    assert not (found[1].row and found[1].row.primary_key)


def test_duplicate_key_fails_the_whole_batch(client: OTSClient) -> None:
    make_table(client)
    twice = batch(put_item("k"), put_item("other"), DeleteRowItem(Row(KEY), IGNORE))
    with raises(INVALID, "The input parameter is invalid."):
        client.batch_write_row(twice)
    assert (get(client, "k"), get(client, "other")) == (None, None)


def test_same_key_in_two_tables_is_not_a_duplicate(client: OTSClient) -> None:
    for name in ("t", "u"):
        make_table(client, name)
    request = batch(put_item("k"))
    request.add(TableInBatchWriteRowItem("u", [put_item("k")]))
    assert client.batch_write_row(request).is_all_succeed()


def test_lenient_duplicate_keys_are_applied_in_order(lenient: OTSClient) -> None:
    items = [
        put_item("k", [("a", 1), ("b", 1)]),
        UpdateRowItem(Row(KEY, {"put": [("a", 2)]}), IGNORE),
        put_item("gone"),
        DeleteRowItem(Row([("id", "gone")]), IGNORE),
    ]
    assert lenient.batch_write_row(batch(*items)).is_all_succeed()
    assert get(lenient, "k") == {"a": 2, "b": 1}
    assert get(lenient, "gone") is None


def test_lenient_duplicate_keys_exclude_conditions_and_increments(lenient: OTSClient) -> None:
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
        call = partial(lenient.batch_write_row, batch(put_item("k"), item))
        assert error_of(call) == (INVALID, message, 400)


def test_duplicate_key_in_batch_get_is_rejected_or_lenient_read_twice(
    client: OTSClient, lenient: OTSClient
) -> None:
    make_table(client)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [KEY, KEY], [], None, 1))
    with raises(INVALID, "Duplicate rows detected in MultiGet."):
        client.batch_get_row(keys)
    put(lenient, "k")
    assert len(lenient.batch_get_row(keys).get_succeed_rows()) == 2


def test_unknown_table_fails_the_batch_or_lenient_only_its_rows(
    client: OTSClient, lenient: OTSClient
) -> None:
    make_table(client)
    request = batch(put_item("k"))
    request.add(TableInBatchWriteRowItem("u", [put_item("k")]))
    with raises("OTSObjectNotExist", "Requested table does not exist.", 404):
        client.batch_write_row(request)
    assert get(client, "k") is None
    response = lenient.batch_write_row(request)
    assert [item.is_ok for item in response.get_put_by_table("t")] == [True]
    assert [item.error_code for item in response.get_put_by_table("u")] == ["OTSObjectNotExist"]


def test_lenient_column_names_exclude_only_a_leading_hash_sign(lenient: OTSClient) -> None:
    """Empty and too long names remain invalid."""
    names = ["公司", "price-2", "1st", *(f"a{sign}b" for sign in ".:'\"$&*()/\\\n\r ")]
    put(lenient, "k", [(name.encode(), 1) for name in names])
    assert get(lenient, "k") == dict.fromkeys(names, 1)
    for name in ("", "#abc", "n" * 256):
        with pytest.raises(Exception, match="nvalid"):
            put(lenient, "k", [(name, 1)])


def test_sdk_request_contains_each_table_once(sdk: OTSClient) -> None:
    """The second item of a table replaces the first."""
    make_table(sdk)
    request = BatchWriteRowRequest()
    request.add(TableInBatchWriteRowItem("t", [put_item("a")]))
    request.add(TableInBatchWriteRowItem("t", [put_item("b")]))
    sdk.batch_write_row(request)
    assert (get(sdk, "a"), get(sdk, "b")) == (None, {"a": 1})

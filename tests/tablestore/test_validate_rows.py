"""Keys and table names: which errors fail a row and which fail the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    PK_AUTO_INCR,
    BatchGetRowRequest,
    ComparatorType,
    Condition,
    DeleteRowItem,
    OTSClient,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
    TableOptions,
    UpdateRowItem,
)

from tests.tablestore.support.clients import batch, error_of, make_table, put_item

KEY = [("id", "k")]
IGNORE = Condition("IGNORE")
INVALID = "OTSParameterInvalid"

BOUNDS = [
    (INF_MIN, "VT_INF_MIN is an invalid type for the primary key."),
    (INF_MAX, "VT_INF_MAX is an invalid type for the primary key."),
    ("", None),
]


@pytest.mark.parametrize(("value", "message"), BOUNDS, ids=["lowest", "highest", "empty"])
def test_range_bound_is_no_key_but_the_empty_string_is(
    client: OTSClient, value: Any, message: str | None
) -> None:
    make_table(client)
    key = [("id", value)]
    both = BatchGetRowRequest()
    both.add(TableInBatchGetRowItem("t", [key], [], None, 1))
    calls: list[Callable[[], object]] = [
        lambda: client.put_row("t", Row(key, [("a", 1)]), IGNORE),
        lambda: client.update_row("t", Row(key, {"put": [("a", 1)]}), IGNORE),
        lambda: client.get_row("t", key),
        lambda: client.delete_row("t", Row(key), IGNORE),
        lambda: client.batch_write_row(batch(DeleteRowItem(Row(key), IGNORE))),
        lambda: client.batch_get_row(both),
    ]
    for call in calls:
        if message is None:
            call()
        else:
            assert error_of(call) == (INVALID, message, 400)


WRONG_KEYS: list[tuple[str, list[tuple[str, Any]], str]] = [
    ("wrong name", [("pk", "k"), ("n", 1)], "Validate PK name fail. Input: pk, Meta: id."),
    ("wrong order", [("n", 1), ("id", "k")], "Validate PK name fail. Input: n, Meta: id."),
    ("too few columns", [("id", "k")], "Validate PK size fail. Input: 1, Meta: 2."),
    (
        "too many columns",
        [("id", "k"), ("n", 1), ("m", 1)],
        "Validate PK size fail. Input: 3, Meta: 2.",
    ),
    (
        "wrong type",
        [("id", "k"), ("n", "1")],
        "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
    ),
    (
        "binary instead of string",
        [("id", bytearray(b"k")), ("n", 1)],
        "Validate PK type fail. Input: VT_BLOB, Meta: VT_STRING.",
    ),
]


@pytest.mark.parametrize(
    ("key", "message"), [case[1:] for case in WRONG_KEYS], ids=[case[0] for case in WRONG_KEYS]
)
def test_mismatching_key_fails_its_row_in_a_batch_and_a_single_request(
    client: OTSClient, key: Any, message: str
) -> None:
    make_table(client, key=[("id", "STRING"), ("n", "INTEGER")])
    end = [(name, INF_MAX) for name, _ in key]
    calls: list[Callable[[], object]] = [
        lambda: client.put_row("t", Row(key, [("a", 1)]), IGNORE),
        lambda: client.update_row("t", Row(key, {"put": [("a", 1)]}), IGNORE),
        lambda: client.delete_row("t", Row(key), IGNORE),
        lambda: client.get_row("t", key),
        lambda: client.get_range("t", "FORWARD", key, end),
    ]
    for call in calls:
        assert error_of(call) == ("OTSInvalidPK", message, 400)
    good = UpdateRowItem(Row([("id", "good"), ("n", 1)], {"put": [("a", 1)]}), IGNORE)
    response = client.batch_write_row(batch(good, DeleteRowItem(Row(key), IGNORE)))
    assert [item.is_ok for item in response.get_update_by_table("t")] == [True]
    assert [(item.error_code, item.error_message) for item in response.get_failed_of_delete()] == [
        ("OTSInvalidPK", message)
    ]
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [[("id", "good"), ("n", 1)], key], [], None, 1))
    found = client.batch_get_row(keys).get_result_by_table("t")
    assert [item.error_code for item in found] == [None, "OTSInvalidPK"]


NAMES = ["0", "#", "中文", "T#", "3t", "-", ""]


@pytest.mark.parametrize("name", NAMES)
def test_invalid_table_name_and_unknown_table_have_different_errors(
    sdk: OTSClient, name: str
) -> None:
    expected = (INVALID, f"Invalid table name: '{name}'.", 400)
    for call in calls_with_table(sdk, name):
        assert error_of(call) == expected
    assert error_of(lambda: make_table(sdk, name)) == expected
    absent = ("OTSObjectNotExist", "Requested table does not exist.", 404)
    for call in calls_with_table(sdk, "missing"):
        assert error_of(call) == absent


def calls_with_table(sdk: OTSClient, name: str) -> list[Callable[[], object]]:
    """Return one call of each operation that names a table."""
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem(name, [KEY], [], None, 1))
    return [
        lambda: sdk.describe_table(name),
        lambda: sdk.update_table(name, TableOptions(-1, 2, 86400)),
        lambda: sdk.delete_table(name),
        lambda: sdk.put_row(name, Row(KEY, [("a", 1)]), IGNORE),
        lambda: sdk.update_row(name, Row(KEY, {"put": [("a", 1)]}), IGNORE),
        lambda: sdk.delete_row(name, Row(KEY), IGNORE),
        lambda: sdk.get_row(name, KEY),
        lambda: sdk.get_range(name, "FORWARD", [("id", INF_MIN)], [("id", INF_MAX)]),
        lambda: sdk.batch_write_row(batch(put_item("k"), table=name)),
        lambda: sdk.batch_get_row(keys),
    ]


def test_auto_increment_key_excludes_conditions_deletes_and_reads(sdk: OTSClient) -> None:
    make_table(sdk, key=[("id", "STRING"), ("n", "INTEGER", PK_AUTO_INCR)])
    key = [("id", "k"), ("n", PK_AUTO_INCR)]
    row = Row(key, [("a", 1)])
    check = SingleColumnCondition("a", 1, ComparatorType.EQUAL)
    for call, message in (
        (
            lambda: sdk.put_row("t", row, Condition("EXPECT_EXIST")),
            "Invalid expect:EXPECT_EXIST when modify row with pk auto increment.",
        ),
        (
            lambda: sdk.put_row("t", row, Condition("IGNORE", check)),
            "Can't set condition when modify row with pk auto increment.",
        ),
        (
            lambda: sdk.delete_row("t", Row(key), IGNORE),
            "Invalid row to delete which with pk auto increment.",
        ),
        (lambda: sdk.get_row("t", key), "PKAutoIncr can't be used for read operations."),
    ):
        assert error_of(call) == (INVALID, message, 400)

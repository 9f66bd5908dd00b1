"""What a request may not say, and what the service says to that: whole requests, word by word."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    PK_AUTO_INCR,
    BatchGetRowRequest,
    BatchWriteRowRequest,
    ComparatorType,
    CompositeColumnCondition,
    Condition,
    DeleteRowItem,
    LogicalOperator,
    OTSClient,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
    TableInBatchWriteRowItem,
    TableOptions,
    UpdateRowItem,
)

from tests.tablestore.clients import batch, get, make_table, put, put_item, refusal

KEY = [("id", "k")]
IGNORE = Condition("IGNORE")
INVALID = "OTSParameterInvalid"

CHANGES: list[tuple[str, Any, str]] = [
    ("not a number", [("a", math.nan)], "NaN can't be set to double value."),
    ("infinite", [("a", -math.inf)], "Infinity can't be set to double value."),
    ("no UTF-8", [("a", b"\xff")], "Value of column a must be UTF8 encoding."),
    ("empty name", [("", 1)], "invalid name of column: empty name."),
    ("name with a digit first", [("1a", 1)], "Invalid column name: '1a'."),
    ("name with a sign", [("a-b", 1)], "Invalid column name: 'a-b'."),
    ("name beyond ASCII", [("é".encode(), 1)], "Invalid column name: 'é'."),
    (
        "name of a key column",
        [("id", 1)],
        "Duplicated attribute column name with primary key column: id.",
    ),
    ("dated before 1970", [("a", 1, -1)], "Timestamp must be in range [0, INT64_MAX/1000)."),
    (
        "dated beyond all time",
        [("a", 1, (2**63 - 1) // 1000)],
        "Timestamp must be in range [0, INT64_MAX/1000).",
    ),
    ("dated too early", [("a", 1, 1)], "Invalid timestamp. Cell:a."),
]
UPDATES: list[tuple[str, dict[str, Any], str]] = [
    ("nothing", {}, "Attribute column is missing."),
    (
        "two changes of an incremented column",
        {"increment": [("a", 1)], "put": [("a", 1)]},
        "A column that is incremented must not be changed otherwise in one request.",
    ),
    (
        "increment by no integer",
        {"increment": [("a", "x")]},
        "Only an integer can be added to column: 'a'.",
    ),
    *((f"put {name}", {"put": cells}, message) for name, cells, message in CHANGES),
]


@pytest.mark.parametrize(
    ("cells", "message"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES]
)
def test_put(client: OTSClient, cells: Any, message: str) -> None:
    """A PutRow that breaks a rule is refused, alone and with all that stands beside it."""
    make_table(client)
    row = Row(KEY, cells)
    assert refusal(lambda: client.put_row("t", row, IGNORE)) == (INVALID, message, 400)
    both = batch(put_item("good"), put_item("k", cells))
    assert refusal(lambda: client.batch_write_row(both)) == (INVALID, message, 400)
    assert get(client, "good") is None


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in UPDATES], ids=[case[0] for case in UPDATES]
)
def test_update(client: OTSClient, change: Any, message: str) -> None:
    """An UpdateRow that breaks a rule is refused, alone and with all that stands beside it."""
    make_table(client)
    row = Row(KEY, change)
    assert refusal(lambda: client.update_row("t", row, IGNORE)) == (INVALID, message, 400)
    both = batch(put_item("good"), UpdateRowItem(row, IGNORE))
    assert refusal(lambda: client.batch_write_row(both)) == (INVALID, message, 400)
    assert get(client, "good") is None


BORDERS = [
    (INF_MIN, "VT_INF_MIN is an invalid type for the primary key."),
    (INF_MAX, "VT_INF_MAX is an invalid type for the primary key."),
    ("", None),
]


@pytest.mark.parametrize(("value", "message"), BORDERS, ids=["lowest", "highest", "empty"])
def test_border_as_key(client: OTSClient, value: Any, message: str | None) -> None:
    """What lies before and after all keys is the key of no row; the empty string is one."""
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
            assert refusal(call) == (INVALID, message, 400)


WRONG_KEYS: list[tuple[str, list[tuple[str, Any]], str]] = [
    ("another name", [("pk", "k"), ("n", 1)], "Validate PK name fail. Input: pk, Meta: id."),
    ("another order", [("n", 1), ("id", "k")], "Validate PK name fail. Input: n, Meta: id."),
    ("too few", [("id", "k")], "Validate PK size fail. Input: 1, Meta: 2."),
    ("too many", [("id", "k"), ("n", 1), ("m", 1)], "Validate PK size fail. Input: 3, Meta: 2."),
    (
        "another type",
        [("id", "k"), ("n", "1")],
        "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
    ),
    (
        "bytes for text",
        [("id", bytearray(b"k")), ("n", 1)],
        "Validate PK type fail. Input: VT_BLOB, Meta: VT_STRING.",
    ),
]


@pytest.mark.parametrize(
    ("key", "message"), [case[1:] for case in WRONG_KEYS], ids=[case[0] for case in WRONG_KEYS]
)
def test_key_that_does_not_fit(client: OTSClient, key: Any, message: str) -> None:
    """A key that is not the table's fails its row: in a batch alone, elsewhere the request."""
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
        assert refusal(call) == ("OTSInvalidPK", message, 400)
    good = UpdateRowItem(Row([("id", "good"), ("n", 1)], {"put": [("a", 1)]}), IGNORE)
    answer = client.batch_write_row(batch(good, DeleteRowItem(Row(key), IGNORE)))
    assert [item.is_ok for item in answer.get_update_by_table("t")] == [True]
    assert [(item.error_code, item.error_message) for item in answer.get_failed_of_delete()] == [
        ("OTSInvalidPK", message)
    ]
    asked = BatchGetRowRequest()
    asked.add(TableInBatchGetRowItem("t", [[("id", "good"), ("n", 1)], key], [], None, 1))
    found = client.batch_get_row(asked).get_result_by_table("t")
    assert [item.error_code for item in found] == [None, "OTSInvalidPK"]


NAMES = ["0", "#", "中文", "T#", "3t", "-", ""]


@pytest.mark.parametrize("name", NAMES)
def test_table_name(sdk: OTSClient, name: str) -> None:
    """A name that no table can have is refused everywhere; one that none has does not exist."""
    expected = (INVALID, f"Invalid table name: '{name}'.", 400)
    for call in calls_on(sdk, name):
        assert refusal(call) == expected
    assert refusal(lambda: make_table(sdk, name)) == expected
    absent = ("OTSObjectNotExist", "Requested table does not exist.", 404)
    for call in calls_on(sdk, "missing"):
        assert refusal(call) == absent


def calls_on(sdk: OTSClient, name: str) -> list[Callable[[], object]]:
    """Make one call of each operation on a table."""
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


def empty_batch(*tables: str) -> BatchWriteRowRequest:
    """Make a BatchWriteRow that names tables and no rows."""
    request = BatchWriteRowRequest()
    for table in tables:
        request.add(TableInBatchWriteRowItem(table, []))
    return request


def test_empty_batches(client: OTSClient) -> None:
    """A batch must ask for something; a BatchGetRow may name a table without rows."""
    make_table(client)
    for call, message in (
        (lambda: client.batch_write_row(empty_batch()), "No row is specified in BatchWriteRow."),
        (
            lambda: client.batch_write_row(empty_batch("t")),
            "No operation is specified for table: 't'.",
        ),
        (
            lambda: client.batch_get_row(BatchGetRowRequest()),
            "No row specified in the request of BatchGetRow.",
        ),
    ):
        assert refusal(call) == (INVALID, message, 400)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [], [], None, 1))
    assert client.batch_get_row(keys).is_all_succeed()


def combined(operator: Any, parts: int) -> CompositeColumnCondition:
    """Combine so many conditions."""
    found = CompositeColumnCondition(operator)
    for _ in range(parts):
        found.add_sub_condition(SingleColumnCondition("a", 1, ComparatorType.EQUAL))
    return found


READS: list[tuple[str, dict[str, Any], str]] = [
    ("no versions", {"max_version": None}, "No version condition is specified."),
    (
        "0 versions",
        {"max_version": 0},
        "Invalid max versions: 0 . Reason: Max versions must be positive.",
    ),
    ("a name that cannot be", {"columns_to_get": ["#"]}, "Invalid column name: '#'."),
    (
        "a filter on a name that cannot be",
        {"column_filter": SingleColumnCondition("#", 1, ComparatorType.EQUAL)},
        "Invalid column name: '#'.",
    ),
    (
        "NOT of two",
        {"column_filter": combined(LogicalOperator.NOT, 2)},
        "Invalid NOT operator: the number of sub-filters must be 1.",
    ),
    (
        "AND of one",
        {"column_filter": combined(LogicalOperator.AND, 1)},
        "Invalid AND/OR operator: the number of sub-filters must be 2.",
    ),
    (
        "OR of three",
        {"column_filter": combined(LogicalOperator.OR, 3)},
        "Invalid AND/OR operator: the number of sub-filters must be 2.",
    ),
    ("times the wrong way", {"time_range": (5, 5)}, "Invalid time range: [5, 5)."),
]


@pytest.mark.parametrize(
    ("asked", "message"), [case[1:] for case in READS], ids=[case[0] for case in READS]
)
def test_reads(sdk: OTSClient, asked: dict[str, Any], message: str) -> None:
    """A read that breaks a rule is refused: of a row, of many, and of a range."""
    make_table(sdk)
    put(sdk, "k")
    assert refusal(lambda: sdk.get_row("t", KEY, **asked)) == (INVALID, message, 400)
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    ranged = refusal(lambda: sdk.get_range("t", "FORWARD", low, high, **asked))
    assert ranged == (INVALID, message, 400)
    options = {"columns_to_get": None, "column_filter": None, "max_version": 1, **asked}
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [KEY], **options))
    if "No version" in message:
        message = "No version condition is specified while querying row."
    assert refusal(lambda: sdk.batch_get_row(keys)) == (INVALID, message, 400)


def test_ranges(client: OTSClient) -> None:
    """A range has borders in the order of its direction, and a limit of one or more."""
    make_table(client)
    low, high = [("id", "a")], [("id", "b")]
    forward = "Begin key must less than end key in FORWARD"
    backward = "Begin key must more than end key in BACKWARD"
    limit = "The limit must be greater than 0."
    cases: list[tuple[str, Any, Any, int | None, str]] = [
        ("FORWARD", high, low, None, forward),
        ("FORWARD", low, low, None, forward),
        ("BACKWARD", low, high, None, backward),
        ("BACKWARD", low, low, None, backward),
        ("FORWARD", low, high, 0, limit),
        ("FORWARD", low, high, -1, limit),
    ]
    for direction, start, end, most, message in cases:
        found = refusal(
            lambda d=direction, s=start, e=end, m=most: client.get_range("t", d, s, e, limit=m)
        )
        assert found == (INVALID, message, 400)


def test_generated_keys(sdk: OTSClient) -> None:
    """What cannot be done to a row whose key is still to be made."""
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
        assert refusal(call) == (INVALID, message, 400)


def test_update_where_it_is_not_allowed(client: OTSClient) -> None:
    """A table may forbid UpdateRow."""
    make_table(client, allow_update=False)
    put(client, "k")
    row = Row(KEY, {"put": [("a", 2)]})
    expected = (INVALID, "Update operation is not allowed in this table", 400)
    assert refusal(lambda: client.update_row("t", row, IGNORE)) == expected
    assert refusal(lambda: client.batch_write_row(batch(UpdateRowItem(row, IGNORE)))) == expected

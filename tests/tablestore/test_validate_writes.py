"""Invalid writes and the errors that they get."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tablestore import (
    BatchGetRowRequest,
    BatchWriteRowRequest,
    Condition,
    OTSClient,
    Row,
    TableInBatchGetRowItem,
    TableInBatchWriteRowItem,
    UpdateRowItem,
)

from tests.tablestore.support.clients import batch, error_of, get, make_table, put, put_item

KEY = [("id", "k")]
IGNORE = Condition("IGNORE")
INVALID = "OTSParameterInvalid"

CHANGES: list[tuple[str, Any, str]] = [
    ("NaN", [("a", math.nan)], "NaN can't be set to double value."),
    ("infinite", [("a", -math.inf)], "Infinity can't be set to double value."),
    ("not UTF-8", [("a", b"\xff")], "Value of column a must be UTF8 encoding."),
    ("empty name", [("", 1)], "invalid name of column: empty name."),
    ("name beginning with a digit", [("1a", 1)], "Invalid column name: '1a'."),
    ("name with a hyphen", [("a-b", 1)], "Invalid column name: 'a-b'."),
    ("name beyond ASCII", [("é".encode(), 1)], "Invalid column name: 'é'."),
    (
        "name of a key column",
        [("id", 1)],
        "Duplicated attribute column name with primary key column: id.",
    ),
    ("negative timestamp", [("a", 1, -1)], "Timestamp must be in range [0, INT64_MAX/1000)."),
    (
        "timestamp above the maximum",
        [("a", 1, (2**63 - 1) // 1000)],
        "Timestamp must be in range [0, INT64_MAX/1000).",
    ),
    ("timestamp outside of the deviation", [("a", 1, 1)], "Invalid timestamp. Cell:a."),
]


UPDATES: list[tuple[str, dict[str, Any], str]] = [
    ("empty", {}, "Attribute column is missing."),
    (
        "two changes of an incremented column",
        {"increment": [("a", 1)], "put": [("a", 1)]},
        "A column with an increment cannot have another change in the same request.",
    ),
    (
        "increment by a string",
        {"increment": [("a", "x")]},
        "Only an integer can be added to column: 'a'.",
    ),
    *((f"put {name}", {"put": cells}, message) for name, cells, message in CHANGES),
]


@pytest.mark.parametrize(
    ("cells", "message"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES]
)
def test_invalid_put_is_rejected_alone_and_fails_its_whole_batch(
    client: OTSClient, cells: Any, message: str
) -> None:
    make_table(client)
    row = Row(KEY, cells)
    assert error_of(lambda: client.put_row("t", row, IGNORE)) == (INVALID, message, 400)
    both = batch(put_item("good"), put_item("k", cells))
    assert error_of(lambda: client.batch_write_row(both)) == (INVALID, message, 400)
    assert get(client, "good") is None


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in UPDATES], ids=[case[0] for case in UPDATES]
)
def test_invalid_update_is_rejected_alone_and_fails_its_whole_batch(
    client: OTSClient, change: Any, message: str
) -> None:
    make_table(client)
    row = Row(KEY, change)
    assert error_of(lambda: client.update_row("t", row, IGNORE)) == (INVALID, message, 400)
    both = batch(put_item("good"), UpdateRowItem(row, IGNORE))
    assert error_of(lambda: client.batch_write_row(both)) == (INVALID, message, 400)
    assert get(client, "good") is None


def empty_batch(*tables: str) -> BatchWriteRowRequest:
    """Return a BatchWriteRow request with tables and without rows."""
    request = BatchWriteRowRequest()
    for table in tables:
        request.add(TableInBatchWriteRowItem(table, []))
    return request


def test_empty_batch_is_rejected_except_a_batch_get_without_rows(client: OTSClient) -> None:
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
        assert error_of(call) == (INVALID, message, 400)
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [], [], None, 1))
    assert client.batch_get_row(keys).is_all_succeed()


def test_update_is_rejected_if_the_table_forbids_it(client: OTSClient) -> None:
    make_table(client, allow_update=False)
    put(client, "k")
    row = Row(KEY, {"put": [("a", 2)]})
    expected = (INVALID, "Update operation is not allowed in this table", 400)
    assert error_of(lambda: client.update_row("t", row, IGNORE)) == expected
    assert error_of(lambda: client.batch_write_row(batch(UpdateRowItem(row, IGNORE)))) == expected

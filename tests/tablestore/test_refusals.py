"""What a request may not say, and what the service says to that: whole requests, word by word."""

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


def test_update_where_it_is_not_allowed(client: OTSClient) -> None:
    """A table may forbid UpdateRow."""
    make_table(client, allow_update=False)
    put(client, "k")
    row = Row(KEY, {"put": [("a", 2)]})
    expected = (INVALID, "Update operation is not allowed in this table", 400)
    assert refusal(lambda: client.update_row("t", row, IGNORE)) == expected
    assert refusal(lambda: client.batch_write_row(batch(UpdateRowItem(row, IGNORE)))) == expected

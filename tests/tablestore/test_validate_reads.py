"""Invalid reads and the errors that they get."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    ComparatorType,
    CompositeColumnCondition,
    LogicalOperator,
    OTSClient,
    SingleColumnCondition,
    TableInBatchGetRowItem,
)

from tests.tablestore.support.clients import error_of, make_table, put

KEY = [("id", "k")]
INVALID = "OTSParameterInvalid"


def combined(operator: Any, parts: int) -> CompositeColumnCondition:
    """Combine a number of conditions."""
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
    ("invalid column name", {"columns_to_get": ["#"]}, "Invalid column name: '#'."),
    (
        "filter on an invalid column name",
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
    ("empty time range", {"time_range": (5, 5)}, "Invalid time range: [5, 5)."),
]


@pytest.mark.parametrize(
    ("options", "message"), [case[1:] for case in READS], ids=[case[0] for case in READS]
)
def test_invalid_read_is_rejected_by_every_read_operation(
    sdk: OTSClient, options: dict[str, Any], message: str
) -> None:
    """GetRow, BatchGetRow and GetRange return the same error."""
    make_table(sdk)
    put(sdk, "k")
    assert error_of(lambda: sdk.get_row("t", KEY, **options)) == (INVALID, message, 400)
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    ranged = error_of(lambda: sdk.get_range("t", "FORWARD", low, high, **options))
    assert ranged == (INVALID, message, 400)
    batch_options = {
        "columns_to_get": None,
        "column_filter": None,
        "max_version": 1,
        **options,
    }
    keys = BatchGetRowRequest()
    keys.add(TableInBatchGetRowItem("t", [KEY], **batch_options))
    if "No version" in message:
        message = "No version condition is specified while querying row."
    assert error_of(lambda: sdk.batch_get_row(keys)) == (INVALID, message, 400)


def test_invalid_range_is_rejected(client: OTSClient) -> None:
    """Bounds must be in the order of the direction, and the limit positive."""
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
        call = partial(client.get_range, "t", direction, start, end, limit=most)
        assert error_of(call) == (INVALID, message, 400)

"""Filters and conditions let through what the service lets through, over every operation."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    ComparatorType,
    CompositeColumnCondition,
    Condition,
    DeleteRowItem,
    LogicalOperator,
    OTSClient,
    PutRowItem,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
    UpdateRowItem,
)

from tests.tablestore.clients import batch, get, make_table, put, put_item, refused

KEY = [("id", "k")]


EQUAL, NOT_EQUAL = ComparatorType.EQUAL, ComparatorType.NOT_EQUAL


ROW = [("d", 1.5), ("n", 5), ("s", "b"), ("t", True), ("x", bytearray(b"\x80"))]


def one(name: str, value: object, comparator: Any, **options: bool) -> SingleColumnCondition:
    """Compare one column."""
    return SingleColumnCondition(name, value, comparator, **options)


def both(operator: Any, *parts: Any) -> CompositeColumnCondition:
    """Combine conditions."""
    found = CompositeColumnCondition(operator)
    for part in parts:
        found.add_sub_condition(part)
    return found


TRUE, FALSE = one("n", 5, EQUAL), one("n", 6, EQUAL)


AND, OR, NOT = LogicalOperator.AND, LogicalOperator.OR, LogicalOperator.NOT


COMPARISONS = [
    (comparator, other, comparator_result)
    for comparator, results in {
        EQUAL: (False, True, False),
        NOT_EQUAL: (True, False, True),
        ComparatorType.GREATER_THAN: (True, False, False),
        ComparatorType.GREATER_EQUAL: (True, True, False),
        ComparatorType.LESS_THAN: (False, False, True),
        ComparatorType.LESS_EQUAL: (False, True, True),
    }.items()
    for other, comparator_result in zip((4, 5, 6), results, strict=True)
]


CASES: list[tuple[str, Any, bool]] = [
    *((f"5 {c} {other}", one("n", other, c), r) for c, other, r in COMPARISONS),
    ("string equal", one("s", "b", EQUAL), True),
    ("string less, by bytes", one("s", "é", ComparatorType.LESS_THAN), True),
    ("double greater", one("d", 1.25, ComparatorType.GREATER_THAN), True),
    ("boolean", one("t", True, EQUAL), True),
    ("binary", one("x", bytearray(b"\x80"), EQUAL), True),
    ("binary greater", one("x", bytearray(b"\x7f"), ComparatorType.GREATER_THAN), True),
    ("another type is not equal", one("n", "5", EQUAL), False),
    ("another type is unequal", one("n", "5", NOT_EQUAL), True),
    ("missing passes", one("z", 1, EQUAL, pass_if_missing=True), True),
    ("missing fails", one("z", 1, EQUAL, pass_if_missing=False), False),
    ("missing passes by default", one("z", 1, EQUAL), True),
    ("and", both(AND, TRUE, TRUE), True),
    ("and not", both(AND, TRUE, FALSE), False),
    ("or", both(OR, FALSE, TRUE), True),
    ("or not", both(OR, FALSE, FALSE), False),
    ("not", both(NOT, FALSE), True),
    ("not not", both(NOT, TRUE), False),
    ("nested", both(AND, both(OR, FALSE, TRUE), both(NOT, both(AND, TRUE, FALSE))), True),
]


IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("condition", "passes"), [case[1:] for case in CASES], ids=IDS)
def test_filter(sdk: OTSClient, condition: Any, passes: bool) -> None:
    """A filter shows a row, or does not, in a read of one, of many and of a range."""
    make_table(sdk)
    put(sdk, "k", ROW)
    shown = [KEY] if passes else []
    assert (get(sdk, "k", column_filter=condition) is not None) is passes
    many = BatchGetRowRequest()
    many.add(TableInBatchGetRowItem("t", [KEY], [], condition, 1))
    found = sdk.batch_get_row(many).get_succeed_rows()
    assert [item.row.primary_key for item in found if item.row] == shown
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    _, _, rows, _ = sdk.get_range("t", "FORWARD", low, high, column_filter=condition)
    assert [row.primary_key for row in rows] == shown


NEW = [*ROW, ("new", 1)]


@pytest.mark.parametrize(("condition", "passes"), [case[1:] for case in CASES], ids=IDS)
def test_condition(sdk: OTSClient, condition: Any, passes: bool) -> None:
    """A condition lets a write happen, or refuses it."""
    make_table(sdk)
    check = Condition("IGNORE", condition)
    for call in (
        lambda: sdk.put_row("t", Row(KEY, NEW), check),
        lambda: sdk.update_row("t", Row(KEY, {"put": NEW}), check),
        lambda: sdk.delete_row("t", Row(KEY), check),
    ):
        put(sdk, "k", ROW)
        before = get(sdk, "k")
        if passes:
            call()
        else:
            with refused("OTSConditionCheckFail", "Condition check failed.", 403):
                call()
        assert (get(sdk, "k") != before) is passes


@pytest.mark.parametrize(("condition", "passes"), [case[1:] for case in CASES], ids=IDS)
def test_condition_in_a_batch(client: OTSClient, condition: Any, passes: bool) -> None:
    """In a batch a condition fails its row alone."""
    make_table(client)
    check = Condition("IGNORE", condition)
    for item in (
        PutRowItem(Row(KEY, NEW), check),
        UpdateRowItem(Row(KEY, {"put": NEW}), check),
        DeleteRowItem(Row(KEY), check),
    ):
        put(client, "k", ROW)
        before = get(client, "k")
        found = client.batch_write_row(batch(item, put_item("other")))
        rows = found.get_put()[1] + found.get_update()[1] + found.get_delete()[1]
        codes = [] if passes else ["OTSConditionCheckFail"]
        assert [row.error_code for row in rows] == codes
        assert (get(client, "k") != before) is passes
        assert get(client, "other") == {"a": 1}


@pytest.mark.parametrize("missing_passes", [True, False])
def test_condition_on_a_missing_row(client: OTSClient, missing_passes: bool) -> None:
    """A missing row has no columns: pass_if_missing decides."""
    make_table(client)
    check = Condition(
        "IGNORE", one("v", 7, ComparatorType.LESS_THAN, pass_if_missing=missing_passes)
    )
    if missing_passes:
        client.put_row("t", Row(KEY, [("v", 7)]), check)
        assert get(client, "k") == {"v": 7}
    else:
        with refused("OTSConditionCheckFail", "Condition check failed.", 403):
            client.put_row("t", Row(KEY, [("v", 7)]), check)
        assert get(client, "k") is None

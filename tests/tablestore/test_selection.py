"""Filters and conditions, in every operation that has them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    CastType,
    ComparatorType,
    CompositeColumnCondition,
    Condition,
    DeleteRowItem,
    LogicalOperator,
    OTSClient,
    PutRowItem,
    RegexRule,
    Row,
    SingleColumnCondition,
    SingleColumnRegexCondition,
    TableInBatchGetRowItem,
    UpdateRowItem,
)

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import (
    batch,
    client_of,
    get,
    make_table,
    put,
    put_item,
    raises,
)

KEY = [("id", "k")]
EQUAL, NOT_EQUAL = ComparatorType.EQUAL, ComparatorType.NOT_EQUAL
ROW = [("d", 1.5), ("n", 5), ("s", "b"), ("t", True), ("x", bytearray(b"\x80"))]


def one(name: str, value: object, comparator: Any, **options: bool) -> SingleColumnCondition:
    """Return a comparison of one column."""
    return SingleColumnCondition(name, value, comparator, **options)


def both(operator: Any, *parts: Any) -> CompositeColumnCondition:
    """Return a combination of conditions."""
    found = CompositeColumnCondition(operator)
    for part in parts:
        found.add_sub_condition(part)
    return found


def pattern(comparator: Any, expression: str, cast: Any, value: object) -> Any:
    """Return a comparison of a part of column "p"."""
    return SingleColumnRegexCondition("p", comparator, value, RegexRule(expression, cast))


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
    ("string less than, by bytes", one("s", "é", ComparatorType.LESS_THAN), True),
    ("double greater", one("d", 1.25, ComparatorType.GREATER_THAN), True),
    ("boolean", one("t", True, EQUAL), True),
    ("binary", one("x", bytearray(b"\x80"), EQUAL), True),
    ("binary greater", one("x", bytearray(b"\x7f"), ComparatorType.GREATER_THAN), True),
    ("other type is not equal", one("n", "5", EQUAL), False),
    ("other type is unequal", one("n", "5", NOT_EQUAL), True),
    ("missing column passes", one("z", 1, EQUAL, pass_if_missing=True), True),
    ("missing column fails", one("z", 1, EQUAL, pass_if_missing=False), False),
    ("missing column passes by default", one("z", 1, EQUAL), True),
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
def test_filter_decides_which_rows_every_read_operation_returns(
    sdk: OTSClient, condition: Any, passes: bool
) -> None:
    make_table(sdk)
    put(sdk, "k", ROW)
    expected = [KEY] if passes else []
    assert (get(sdk, "k", column_filter=condition) is not None) is passes
    many = BatchGetRowRequest()
    many.add(TableInBatchGetRowItem("t", [KEY], [], condition, 1))
    found = sdk.batch_get_row(many).get_succeed_rows()
    assert [item.row.primary_key for item in found if item.row] == expected
    low, high = [("id", INF_MIN)], [("id", INF_MAX)]
    _, _, rows, _ = sdk.get_range("t", "FORWARD", low, high, column_filter=condition)
    assert [row.primary_key for row in rows] == expected


NEW = [*ROW, ("new", 1)]


@pytest.mark.parametrize(("condition", "passes"), [case[1:] for case in CASES], ids=IDS)
def test_condition_decides_whether_a_write_happens(
    sdk: OTSClient, condition: Any, passes: bool
) -> None:
    make_table(sdk)
    check = Condition("IGNORE", condition)
    calls: list[Callable[[], object]] = [
        lambda: sdk.put_row("t", Row(KEY, NEW), check),
        lambda: sdk.update_row("t", Row(KEY, {"put": NEW}), check),
        lambda: sdk.delete_row("t", Row(KEY), check),
    ]
    for call in calls:
        put(sdk, "k", ROW)
        before = get(sdk, "k")
        if passes:
            call()
        else:
            with raises("OTSConditionCheckFail", "Condition check failed.", 403):
                call()
        assert (get(sdk, "k") != before) is passes


@pytest.mark.parametrize(("condition", "passes"), [case[1:] for case in CASES], ids=IDS)
def test_condition_in_a_batch_fails_its_row_only(
    client: OTSClient, condition: Any, passes: bool
) -> None:
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
def test_pass_if_missing_decides_for_a_missing_row(client: OTSClient, missing_passes: bool) -> None:
    make_table(client)
    check = Condition(
        "IGNORE", one("v", 7, ComparatorType.LESS_THAN, pass_if_missing=missing_passes)
    )
    if missing_passes:
        client.put_row("t", Row(KEY, [("v", 7)]), check)
        assert get(client, "k") == {"v": 7}
    else:
        with raises("OTSConditionCheckFail", "Condition check failed.", 403):
            client.put_row("t", Row(KEY, [("v", 7)]), check)
        assert get(client, "k") is None


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        (pattern(EQUAL, "at:([0-9]+)", CastType.VT_INTEGER, 12), True),
        (pattern(ComparatorType.GREATER_THAN, "at:([0-9]+)", CastType.VT_INTEGER, 12), False),
        (pattern(ComparatorType.GREATER_THAN, "at:([0-9]+)", CastType.VT_DOUBLE, 11.5), True),
        (pattern(EQUAL, "name:([a-z]+)", CastType.VT_STRING, "x"), True),
        (pattern(EQUAL, "none:([a-z]+)", CastType.VT_STRING, "x"), False),
        (pattern(EQUAL, "name:([a-z]+)", CastType.VT_INTEGER, 1), False),
    ],
)
def test_filter_with_a_pattern_compares_a_part_of_a_string(
    sdk: OTSClient, condition: Any, passes: bool
) -> None:
    """The part can be converted to a number."""
    make_table(sdk)
    put(sdk, "k", [("p", "{name:x,at:12}")])
    assert (get(sdk, "k", column_filter=condition) is not None) is passes


@pytest.mark.parametrize(
    ("column", "rule", "exists"),
    [
        ("p", None, True),
        ("z", None, False),
        ("p", RegexRule("at:([0-9]+)", CastType.VT_INTEGER), True),
        ("p", RegexRule("no:([0-9]+)", CastType.VT_INTEGER), False),
    ],
)
def test_filter_can_test_whether_a_column_or_a_part_of_it_exists(
    sdk: OTSClient, column: str, rule: Any, exists: bool
) -> None:
    make_table(sdk)
    put(sdk, "k", [("p", "{name:x,at:12}")])
    yes = SingleColumnRegexCondition(column, ComparatorType.EXIST, regex_rule=rule)
    no = SingleColumnRegexCondition(column, ComparatorType.NOT_EXIST, regex_rule=rule)
    assert (get(sdk, "k", column_filter=yes) is not None) is exists
    assert (get(sdk, "k", column_filter=no) is None) is exists


@pytest.mark.parametrize("latest", [True, False])
def test_filter_compares_the_newest_or_all_selected_versions(sdk: OTSClient, latest: bool) -> None:
    make_table(sdk, max_version=2)
    now = int(time.time() * 1000)
    put(sdk, "k", [("a", 1, now), ("a", 2, now + 1)])
    found = one("a", 1, EQUAL, latest_version_only=latest)
    assert (get(sdk, "k", column_filter=found, max_version=2) is None) is latest


def test_filter_treats_an_unselected_column_as_missing(sdk: OTSClient) -> None:
    make_table(sdk)
    put(sdk, "k", [("a", 1), ("b", 2)])
    fails = one("b", 3, EQUAL, pass_if_missing=True)
    assert get(sdk, "k", column_filter=fails) is None
    assert get(sdk, "k", column_filter=fails, columns_to_get=["a"]) == {"a": 1}


def test_lenient_or_accepts_three_sub_filters() -> None:
    with TableStore(many_sub_filters=True) as store:
        client = client_of(store)
        make_table(client)
        put(client, "k", ROW)
        assert get(client, "k", column_filter=both(OR, FALSE, FALSE, TRUE)) is not None

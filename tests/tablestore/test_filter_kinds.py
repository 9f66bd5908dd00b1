"""Filters look at parts of strings, at existence, at versions, and only at what is read."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tablestore import (
    CastType,
    ComparatorType,
    CompositeColumnCondition,
    LogicalOperator,
    OTSClient,
    RegexRule,
    SingleColumnCondition,
    SingleColumnRegexCondition,
)

from ots_local.tablestore import TableStore
from tests.tablestore.clients import client_of, get, make_table, put

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


def pattern(comparator: Any, expression: str, cast: Any, value: object) -> Any:
    """Compare a part of column "p"."""
    return SingleColumnRegexCondition("p", comparator, value, RegexRule(expression, cast))


TRUE, FALSE = one("n", 5, EQUAL), one("n", 6, EQUAL)


AND, OR, NOT = LogicalOperator.AND, LogicalOperator.OR, LogicalOperator.NOT


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
def test_pattern(sdk: OTSClient, condition: Any, passes: bool) -> None:
    """A filter can look at a part of a string, read as a number."""
    make_table(sdk)
    put(sdk, "k", [("p", "{name:x,at:12}")])
    assert (get(sdk, "k", column_filter=condition) is not None) is passes


@pytest.mark.parametrize(
    ("column", "rule", "there"),
    [
        ("p", None, True),
        ("z", None, False),
        ("p", RegexRule("at:([0-9]+)", CastType.VT_INTEGER), True),
        ("p", RegexRule("no:([0-9]+)", CastType.VT_INTEGER), False),
    ],
)
def test_existence(sdk: OTSClient, column: str, rule: Any, there: bool) -> None:
    """A filter can ask whether a column, or a part of it, is there."""
    make_table(sdk)
    put(sdk, "k", [("p", "{name:x,at:12}")])
    yes = SingleColumnRegexCondition(column, ComparatorType.EXIST, regex_rule=rule)
    no = SingleColumnRegexCondition(column, ComparatorType.NOT_EXIST, regex_rule=rule)
    assert (get(sdk, "k", column_filter=yes) is not None) is there
    assert (get(sdk, "k", column_filter=no) is None) is there


@pytest.mark.parametrize("latest", [True, False])
def test_versions_that_are_looked_at(sdk: OTSClient, latest: bool) -> None:
    """A filter looks at the newest version only, or at all that are read."""
    make_table(sdk, max_version=2)
    now = int(time.time() * 1000)
    put(sdk, "k", [("a", 1, now), ("a", 2, now + 1)])
    found = one("a", 1, EQUAL, latest_version_only=latest)
    assert (get(sdk, "k", column_filter=found, max_version=2) is None) is latest


def test_filter_sees_only_what_is_read(sdk: OTSClient) -> None:
    """A filter on a column that is not among the columns to get finds it missing."""
    make_table(sdk)
    put(sdk, "k", [("a", 1), ("b", 2)])
    fails = one("b", 3, EQUAL, pass_if_missing=True)
    assert get(sdk, "k", column_filter=fails) is None
    assert get(sdk, "k", column_filter=fails, columns_to_get=["a"]) == {"a": 1}


def test_many_sub_filters_loosely() -> None:
    """The flag takes more than two filters under one operator."""
    with TableStore(sub_filters=True) as store:
        client = client_of(store)
        make_table(client)
        put(client, "k", ROW)
        assert get(client, "k", column_filter=both(OR, FALSE, FALSE, TRUE)) is not None

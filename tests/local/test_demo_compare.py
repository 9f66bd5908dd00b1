"""Test the comparison of both tables, and the report that shows it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from rich.console import Console

from ots_local.demo.compare import Difference, Rows, find_differences
from ots_local.demo.report import Report, show_report

KEY = ("user", 1)


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ({}, {}, []),
        ({KEY: {"a": 1}}, {KEY: {"a": 1}}, []),
        ({KEY: {}}, {}, [Difference(KEY, "is missing")]),
        ({}, {KEY: {}}, [Difference(KEY, "is unexpected")]),
        ({KEY: {"a": 2}}, {KEY: {"a": 2.0}}, [Difference(KEY, "differs in", ("a",))]),
        ({KEY: {"a": 1}}, {KEY: {"a": True}}, [Difference(KEY, "differs in", ("a",))]),
        ({KEY: {"a": "x"}}, {KEY: {"a": b"x"}}, [Difference(KEY, "differs in", ("a",))]),
        ({KEY: {"b": 1, "a": 1}}, {KEY: {}}, [Difference(KEY, "differs in", ("a", "b"))]),
        ({KEY: {}}, {KEY: {"a": ""}}, [Difference(KEY, "differs in", ("a",))]),
    ],
    ids=str,
)
def test_comparison_finds_every_difference_including_types(
    expected: Rows, actual: Rows, found: list[Difference]
) -> None:
    assert find_differences(expected, actual) == found


def _report(**fields: Any) -> Report:
    numbers = {"records": 3, "invocations": 1, "retries": 0, "calls": 1, "rows": 2}
    times: dict[str, Any] = {"total_s": 2.0, "function_s": 0.0, "lags_s": [0.5, 1.5, 1.0]}
    rest: dict[str, Any] = {"kinds": Counter(put=3), "discarded": Counter(), "differences": []}
    return Report(**{**numbers, **times, **rest, **fields})


@pytest.mark.parametrize(
    ("fields", "equal", "text"),
    [
        ({}, True, "equal: 2 rows"),
        ({"differences": [Difference(KEY, "differs in", ("a", "b"))]}, False, "differs in a, b"),
        ({"differences": [Difference(KEY, "is missing")] * 12}, False, "and 2 more"),
        ({"discarded": Counter(RetryAttemptsExhausted=1)}, False, "1 RetryAttemptsExhausted"),
    ],
)
def test_report_is_equal_only_without_differences_and_discarded_records(
    fields: dict[str, Any], equal: bool, text: str
) -> None:
    console = Console(width=80, record=True, quiet=False, file=None)
    with console.capture() as output:
        show_report(_report(**fields), console)
    assert _report(**fields).equal is equal
    assert text in output.get()
    assert ("NOT equal" not in output.get()) is equal
    assert "1.0 s median, 1.5 s maximum" in output.get()

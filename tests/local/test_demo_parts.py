"""The demo's own judgement: its changes are real ones, and its comparison sees every difference."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from rich.console import Console

from ots_local.demo import compare, report
from ots_local.demo.changes import ATTRIBUTES, REVISION, changes
from ots_local.demo.compare import Difference
from ots_local.row_view import value_text

KEY = ("user", 1)


def test_changes_are_the_same_for_a_seed_and_others_for_another() -> None:
    assert list(changes(200, Random(7))) == list(changes(200, Random(7)))
    assert list(changes(200, Random(7))) != list(changes(200, Random(8)))


def test_changes_each_change_an_item_so_that_the_stream_tells_of_each() -> None:
    """No delete or update of what is not there; what an update sets or takes away is different."""
    table: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for change in changes(2000, Random(1)):
        key, before = str(change.key), table.get(str(change.key))
        seen[change.kind] += 1
        seen.update(tag for value in change.attributes.values() for tag in value)
        if change.kind == "delete":
            assert before is not None
            del table[key]
        elif change.kind == "put":
            table[key] = change.attributes
            assert before != change.attributes
        else:
            assert before is not None
            assert set(change.removed) <= set(before)
            assert not set(change.removed) & set(change.attributes)
            assert before[REVISION] != change.attributes[REVISION]
            left = {name: value for name, value in before.items() if name not in change.removed}
            table[key] = {**left, **change.attributes}
    assert set(seen) >= {"put", "update", "delete"}
    tags = {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}
    assert set(seen) >= tags
    assert {tag for make in ATTRIBUTES.values() for tag in make(Random(1))} == tags


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ({}, {}, []),
        ({KEY: {"a": 1}}, {KEY: {"a": 1}}, []),
        ({KEY: {}}, {}, [Difference(KEY, "is missing")]),
        ({}, {KEY: {}}, [Difference(KEY, "should not be there")]),
        ({KEY: {"a": 2}}, {KEY: {"a": 2.0}}, [Difference(KEY, "differs in", ("a",))]),
        ({KEY: {"a": 1}}, {KEY: {"a": True}}, [Difference(KEY, "differs in", ("a",))]),
        ({KEY: {"a": "x"}}, {KEY: {"a": b"x"}}, [Difference(KEY, "differs in", ("a",))]),
        ({KEY: {"b": 1, "a": 1}}, {KEY: {}}, [Difference(KEY, "differs in", ("a", "b"))]),
        ({KEY: {}}, {KEY: {"a": ""}}, [Difference(KEY, "differs in", ("a",))]),
    ],
    ids=str,
)
def test_comparison_finds_every_difference_and_types_count(
    source: compare.Rows, target: compare.Rows, found: list[Difference]
) -> None:
    assert compare.differences(source, target) == found


def _report(**what: Any) -> report.Report:
    numbers = {"records": 3, "invocations": 1, "retries": 0, "calls": 1, "rows": 2}
    times: dict[str, Any] = {"seconds": 2.0, "function_s": 0.0, "lags_s": [0.5, 1.5, 1.0]}
    rest: dict[str, Any] = {"kinds": Counter(put=3), "given_up": Counter(), "differences": []}
    return report.Report(**{**numbers, **times, **rest, **what})


@pytest.mark.parametrize(
    ("what", "equal", "says"),
    [
        ({}, True, "equal: 2 rows"),
        ({"differences": [Difference(KEY, "differs in", ("a", "b"))]}, False, "differs in a, b"),
        ({"differences": [Difference(KEY, "is missing")] * 12}, False, "and 2 more"),
        ({"given_up": Counter(RetryAttemptsExhausted=1)}, False, "1 RetryAttemptsExhausted"),
    ],
)
def test_report_says_equal_only_when_nothing_differs_and_nothing_was_given_up(
    what: dict[str, Any], equal: bool, says: str
) -> None:
    console = Console(width=80, record=True, quiet=False, file=None)
    with console.capture() as shown:
        report.show(_report(**what), console)
    assert _report(**what).equal is equal
    assert says in shown.get()
    assert ("NOT equal" not in shown.get()) is equal
    assert "1.0 s in the middle, 1.5 s at most" in shown.get()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (1, "1"),
        (2.0, "2.0"),
        ("", "''"),
        ("\x1b[31m", r"'\x1b[31m'"),
        (b"", "0x"),
        (b"\x01\x23", "0x0123"),
        (b'["ARE="]', "b'[\"ARE=\"]'"),
        ("[red]", "'[red]'"),
        ("x" * 300, "'" + "x" * 199 + "…"),
    ],
)
def test_value_is_shown_in_full_view_and_cannot_steer_the_terminal(value: Any, shown: str) -> None:
    assert value_text(value) == shown

"""Test what prevents a switch of the readers, by load steps, verify runs and the mapping."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ots_tools.migration_rules import (
    LATE_WRITE_S,
    MAPPING_START_S,
    REPLAY_WINDOW_S,
    LoadStep,
    MappingState,
    StepOrderError,
    VerifyRun,
    find_blockers,
    single_history,
)
from tests.tools.test_migration_rules import FIRST, FULL, LIVE, SCAN, T

EQUAL = VerifyRun(T + 9000, 0, True, False, True)

IN_TIME = T + 10_000
TOO_LATE = T + REPLAY_WINDOW_S + 1


@pytest.mark.parametrize(
    ("history", "verify_runs", "now_s", "enabled", "expected"),
    [
        ([], [], IN_TIME, True, ["nothing was loaded"]),
        ([replace(SCAN, ended_s=None)], [EQUAL], IN_TIME, True, ["is not complete"]),
        ([SCAN], [], IN_TIME, False, ["enable it before"]),
        ([SCAN], [], IN_TIME, True, []),
        ([SCAN], [], TOO_LATE, True, ["must be equal, because 2023-11-15 21:13:20 UTC has passed"]),
        ([SCAN], [], TOO_LATE, False, ["not enabled", "must be equal"]),
        ([SCAN], [replace(EQUAL, started_s=T + 99)], TOO_LATE, True, ["must be equal"]),
        ([SCAN], [replace(EQUAL, complete=False)], TOO_LATE, True, ["must be equal"]),
        ([SCAN], [EQUAL], TOO_LATE, True, []),
        ([SCAN], [replace(EQUAL, differences=2)], IN_TIME, True, ["2 differences: run repair"]),
        ([SCAN], [replace(EQUAL, differences=2, repaired=True)], IN_TIME, True, []),
        (
            [SCAN],
            [replace(EQUAL, differences=2, repaired=True)],
            TOO_LATE,
            True,
            ["must be equal"],
        ),
        (
            [replace(SCAN, mapping_was_enabled=True)],
            [],
            IN_TIME,
            True,
            ["enabled or changed during a load"],
        ),
        ([replace(SCAN, mapping_was_enabled=True)], [EQUAL], IN_TIME, True, []),
        (
            [replace(SCAN, target_not_empty=True)],
            [],
            IN_TIME,
            True,
            ["contained rows before the load"],
        ),
        ([replace(SCAN, target_not_empty=True)], [EQUAL], IN_TIME, True, []),
        ([FULL], [], IN_TIME, True, ["exports do not contain every deletion"]),
        (
            [FULL, FIRST],
            [replace(EQUAL, differences=1)],
            IN_TIME,
            True,
            ["repair", "exports do not contain"],
        ),
        (
            [FULL, FIRST],
            [replace(EQUAL, mapping_enabled=False)],
            IN_TIME,
            True,
            ["exports do not contain"],
        ),
        ([FULL, FIRST], [replace(EQUAL, mapping_enabled=None)], IN_TIME, True, []),
        (
            [FULL, FIRST],
            [EQUAL, replace(EQUAL, differences=1)],
            IN_TIME,
            True,
            ["repair", "exports do not contain"],
        ),
        ([LIVE], [], IN_TIME, True, ["a load with --live needs a verify"]),
        ([LIVE], [replace(EQUAL, started_s=T + 159)], IN_TIME, True, ["a load with --live needs"]),
        ([LIVE], [replace(EQUAL, started_s=T + 100 + LATE_WRITE_S)], IN_TIME, True, []),
        ([LIVE], [replace(EQUAL, differences=3)], IN_TIME, True, ["run repair"]),
        ([LIVE], [replace(EQUAL, differences=3, repaired=True)], IN_TIME, True, []),
        ([LIVE], [EQUAL], IN_TIME, False, ["not enabled"]),
        (
            [LIVE],
            [replace(EQUAL, mapping_enabled=False)],
            IN_TIME,
            True,
            ["a load with --live needs"],
        ),
        ([LIVE], [replace(EQUAL, mapping_enabled=None)], IN_TIME, True, []),
    ],
)
def test_blockers_by_history_and_verify_runs(
    history: list[LoadStep],
    verify_runs: list[VerifyRun],
    now_s: float,
    enabled: bool,
    expected: list[str],
) -> None:
    blockers = find_blockers(history, verify_runs, now_s, MappingState(enabled, None, False))
    assert len(blockers) == len(expected), blockers
    for text, blocker in zip(expected, blockers, strict=True):
        assert text in blocker


@pytest.mark.parametrize(("changed_s", "counts"), [(EQUAL.started_s, True), (T + 9001, False)])
@pytest.mark.parametrize("history", [[replace(SCAN, mapping_was_enabled=True)], [FULL], [LIVE]])
def test_verify_before_a_change_of_the_mapping_does_not_count(
    history: list[LoadStep], changed_s: float, counts: bool
) -> None:
    """It may have been off for longer than the stream keeps records."""
    blockers = find_blockers(history, [EQUAL], IN_TIME, MappingState(True, changed_s, False))
    assert (blockers == []) is counts
    assert all("verify that begins after" in blocker for blocker in blockers)


REPAIRED = replace(EQUAL, differences=2, repaired=True)
NO_REPLAY = "because the mapping does not replay the stream; its StartingPosition is LATEST"


@pytest.mark.parametrize(
    ("history", "verify_runs", "now_s", "enabled", "expected"),
    [
        (
            [SCAN],
            [],
            IN_TIME,
            False,
            ["create it again with TRIM_HORIZON before 2023-11-15 21:13:20"],
        ),
        ([SCAN], [], IN_TIME, True, [NO_REPLAY]),
        ([SCAN], [REPAIRED], IN_TIME, True, [NO_REPLAY]),
        ([SCAN], [EQUAL], IN_TIME, True, []),
        ([SCAN], [], TOO_LATE, True, ["21:13:20 UTC has passed"]),
        ([SCAN], [EQUAL], TOO_LATE, True, []),
        ([FULL], [], IN_TIME, False, ["create it again with TRIM_HORIZON"]),
        ([FULL], [], IN_TIME, True, ["every deletion; its StartingPosition is LATEST"]),
        ([FULL], [EQUAL], IN_TIME, True, []),
        ([LIVE], [], IN_TIME, True, ["a load with --live needs"]),
        ([LIVE], [REPAIRED], IN_TIME, True, []),
    ],
)
def test_skipping_mapping_needs_equal_verify_or_new_mapping(
    history: list[LoadStep],
    verify_runs: list[VerifyRun],
    now_s: float,
    enabled: bool,
    expected: list[str],
) -> None:
    """A live load needs no replay. After the deadline a new mapping would not help."""
    blockers = find_blockers(history, verify_runs, now_s, MappingState(enabled, T, True))
    assert len(blockers) == len(expected), blockers
    for text, blocker in zip(expected, blockers, strict=True):
        assert text in blocker
    if now_s == TOO_LATE:
        assert "TRIM_HORIZON" not in "".join(blockers)


@pytest.mark.parametrize(
    ("age_s", "counts"), [(MAPPING_START_S, True), (MAPPING_START_S - 1, False)]
)
@pytest.mark.parametrize("history", [[SCAN], [FULL], [LIVE]])
def test_verify_counts_once_a_skipping_mapping_certainly_reads(
    history: list[LoadStep], age_s: float, counts: bool
) -> None:
    """Changes after the verify and before the mapping reads would be skipped for good."""
    mapping = MappingState(True, EQUAL.started_s - age_s, True)
    assert (find_blockers(history, [EQUAL], IN_TIME, mapping) == []) is counts


def test_steps_in_state_file_and_ledger_are_rejected() -> None:
    assert single_history([], []) == []
    assert single_history([SCAN], []) == [SCAN]
    assert single_history([], [FULL, FIRST]) == [FULL, FIRST]
    with pytest.raises(StepOrderError, match="contains the scan and the ledger the full export f"):
        single_history([SCAN], [FULL])

"""Test which load step may follow which, and when the mapping must be enabled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ots_tools.migration_rules import (
    REPLAY_WINDOW_S,
    LoadStep,
    StepOrderError,
    enable_mapping_before_s,
    ensure_allowed,
    find_resumable,
    was_mapping_enabled_during,
)

T = 1_700_000_000.0
SCAN = LoadStep("scan", "", False, None, T, T, ended_s=T + 100, last_write_s=T + 99)
LIVE = replace(SCAN, live=True)
FULL = LoadStep("full", "f", False, None, T, T + 500, ended_s=T + 900)
FIRST = LoadStep("increment", "i1", False, T - 60, T + 3600, T + 4000, ended_s=T + 4100)
SECOND = LoadStep("increment", "i2", False, T + 3600, T + 7200, T + 8000, ended_s=T + 8100)


@pytest.mark.parametrize(
    ("history", "wanted"),
    [
        ([], SCAN),
        ([], LIVE),
        ([], FULL),
        ([FULL], FIRST),
        ([FULL, FIRST], SECOND),
        ([FULL, FIRST], replace(SECOND, from_s=T + 3000)),
    ],
)
def test_step_that_continues_the_history_may_begin(
    history: list[LoadStep], wanted: LoadStep
) -> None:
    assert find_resumable(history, wanted) is None


@pytest.mark.parametrize(
    ("history", "wanted", "output"),
    [
        ([], FIRST, "Load the full export first"),
        ([SCAN], FULL, "already loaded"),
        ([FULL], SCAN, "already loaded"),
        ([SCAN], FIRST, "already loaded"),
        ([FULL], replace(FULL, name="g"), "already loaded"),
        ([replace(FULL, ended_s=None)], FIRST, "is not complete"),
        ([FULL], replace(FIRST, from_s=T - 59), "leaves a gap"),
        ([FULL], replace(FIRST, from_s=None), "leaves a gap"),
        ([FULL, FIRST], replace(SECOND, from_s=T + 3601), "leaves a gap"),
        ([FULL, FIRST], replace(SECOND, to_s=T + 3600), "restore old data"),
        ([FULL, FIRST], FULL, "restore old data"),
        ([FULL, FIRST, SECOND], FIRST, "restore old data"),
        ([FULL], replace(FIRST, live=True), "cannot be loaded with --live"),
        ([replace(FULL, live=True)], FIRST, "cannot be loaded with --live"),
        ([SCAN], LIVE, "without --live"),
        ([SCAN], SCAN, "already complete"),
        ([FULL, FIRST], FIRST, "already complete"),
        ([LIVE], SCAN, "with --live"),
    ],
)
def test_step_that_would_cause_wrong_rows_is_rejected(
    history: list[LoadStep], wanted: LoadStep, output: str
) -> None:
    with pytest.raises(StepOrderError, match=output):
        find_resumable(history, wanted)


def test_unfinished_step_is_resumed() -> None:
    assert find_resumable([FULL, replace(FIRST, ended_s=None)], FIRST) == 1
    assert (
        find_resumable([replace(SCAN, ended_s=None)], replace(SCAN, to_s=T + 50, started_s=T + 50))
        == 0
    )


@pytest.mark.parametrize("enabled", [True, False, None])
def test_only_a_live_load_may_run_while_mapping_is_enabled(enabled: bool | None) -> None:
    ensure_allowed(LIVE, enabled)
    if enabled:
        with pytest.raises(StepOrderError, match="mapping is enabled"):
            ensure_allowed(SCAN, enabled)
    else:
        ensure_allowed(SCAN, enabled)


def test_mapping_must_be_enabled_within_23_hours_of_the_load() -> None:
    assert enable_mapping_before_s([]) is None
    assert enable_mapping_before_s([LIVE]) is None
    assert enable_mapping_before_s([SCAN]) == T + REPLAY_WINDOW_S
    assert enable_mapping_before_s([FULL]) == T + REPLAY_WINDOW_S
    assert enable_mapping_before_s([FULL, FIRST]) == FIRST.to_s + REPLAY_WINDOW_S


@pytest.mark.parametrize(
    ("step", "enabled", "changed_s", "expected"),
    [
        (SCAN, False, T, False),
        (SCAN, False, T + 0.1, True),
        (SCAN, True, T - 9, True),
        (LIVE, True, T + 9, False),
    ],
)
def test_mapping_enabled_or_changed_during_load_is_detected(
    step: LoadStep, enabled: bool, changed_s: float, expected: bool
) -> None:
    assert was_mapping_enabled_during(step, enabled, changed_s) is expected

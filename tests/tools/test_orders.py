"""The orders of a migration: what may follow what, and when the mapping is due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ots_tools.orders import (
    STREAM_S,
    OrderError,
    Step,
    enable_before,
    may_load,
    overlaps,
    resumed,
)

T = 1_700_000_000.0
SCAN = Step("scan", "", False, None, T, T, ended_s=T + 100, last_write_s=T + 99)
LIVE = replace(SCAN, live=True)
FULL = Step("full", "f", False, None, T, T + 500, ended_s=T + 900)
FIRST = Step("increment", "i1", False, T - 60, T + 3600, T + 4000, ended_s=T + 4100)
SECOND = Step("increment", "i2", False, T + 3600, T + 7200, T + 8000, ended_s=T + 8100)


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
def test_step_that_chains_may_begin(history: list[Step], wanted: Step) -> None:
    assert resumed(history, wanted) is None


@pytest.mark.parametrize(
    ("history", "wanted", "said"),
    [
        ([], FIRST, "load the full export first"),
        ([SCAN], FULL, "already"),
        ([FULL], SCAN, "already"),
        ([SCAN], FIRST, "already"),
        ([FULL], replace(FULL, name="g"), "already"),
        ([replace(FULL, ended_s=None)], FIRST, "not loaded to its end"),
        ([FULL], replace(FIRST, from_s=T - 59), "does not chain"),
        ([FULL], replace(FIRST, from_s=None), "does not chain"),
        ([FULL, FIRST], replace(SECOND, from_s=T + 3601), "does not chain"),
        ([FULL, FIRST], replace(SECOND, to_s=T + 3600), "bring old data back"),
        ([FULL, FIRST], FULL, "bring old data back"),
        ([FULL, FIRST, SECOND], FIRST, "bring old data back"),
        ([FULL], replace(FIRST, live=True), "--live does not go"),
        ([replace(FULL, live=True)], FIRST, "--live does not go"),
        ([SCAN], LIVE, "without --live"),
        ([SCAN], SCAN, "loaded to its end already"),
        ([FULL, FIRST], FIRST, "loaded to its end already"),
        ([LIVE], SCAN, "with --live"),
    ],
)
def test_step_that_would_end_in_wrong_rows_is_refused(
    history: list[Step], wanted: Step, said: str
) -> None:
    with pytest.raises(OrderError, match=said):
        resumed(history, wanted)


def test_newest_step_goes_on_where_it_was() -> None:
    assert resumed([FULL, replace(FIRST, ended_s=None)], FIRST) == 1
    assert resumed([replace(SCAN, ended_s=None)], replace(SCAN, to_s=T + 50, began_s=T + 50)) == 0


@pytest.mark.parametrize("enabled", [True, False, None])
def test_only_a_live_load_runs_beside_an_enabled_mapping(enabled: bool | None) -> None:
    may_load(LIVE, enabled)
    if enabled:
        with pytest.raises(OrderError, match="mapping is enabled"):
            may_load(SCAN, enabled)
    else:
        may_load(SCAN, enabled)


def test_mapping_is_due_23_hours_after_what_was_loaded() -> None:
    assert enable_before([]) is None
    assert enable_before([LIVE]) is None
    assert enable_before([SCAN]) == T + STREAM_S
    assert enable_before([FULL]) == T + STREAM_S
    assert enable_before([FULL, FIRST]) == FIRST.to_s + STREAM_S


@pytest.mark.parametrize(
    ("step", "enabled", "changed_s", "does"),
    [
        (SCAN, False, T, False),
        (SCAN, False, T + 0.1, True),
        (SCAN, True, T - 9, True),
        (LIVE, True, T + 9, False),
    ],
)
def test_load_overlaps_with_a_mapping_that_is_enabled_or_was_altered(
    step: Step, enabled: bool, changed_s: float, does: bool
) -> None:
    assert overlaps(step, enabled, changed_s) is does

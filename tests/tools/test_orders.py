"""The orders of a migration: what may follow what, and what is missing until readers may switch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ots_tools.orders import (
    QUIET_S,
    STREAM_S,
    Check,
    OrderError,
    Step,
    enable_before,
    load_missing,
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
EQUAL = Check(T + 9000, 0, True, False, True)


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


IN_TIME = T + 10_000
TOO_LATE = T + STREAM_S + 1


@pytest.mark.parametrize(
    ("history", "checks", "now_s", "enabled", "said"),
    [
        ([], [], IN_TIME, True, ["nothing was loaded"]),
        ([replace(SCAN, ended_s=None)], [EQUAL], IN_TIME, True, ["not loaded to its end"]),
        ([SCAN], [], IN_TIME, False, ["enable it before"]),
        ([SCAN], [], IN_TIME, True, []),
        ([SCAN], [], TOO_LATE, True, ["22:15:00 UTC, for 2023-11-15 21:13:20 UTC has passed"]),
        ([SCAN], [], TOO_LATE, False, ["not enabled", "an equal verify"]),
        ([SCAN], [replace(EQUAL, began_s=T + 99)], TOO_LATE, True, ["an equal verify"]),
        ([SCAN], [replace(EQUAL, whole=False)], TOO_LATE, True, ["an equal verify"]),
        ([SCAN], [EQUAL], TOO_LATE, True, []),
        ([SCAN], [replace(EQUAL, differences=2)], IN_TIME, True, ["2 differences: run repair"]),
        ([SCAN], [replace(EQUAL, differences=2, repaired=True)], IN_TIME, True, []),
        (
            [SCAN],
            [replace(EQUAL, differences=2, repaired=True)],
            TOO_LATE,
            True,
            ["an equal verify"],
        ),
        ([replace(SCAN, overlapped=True)], [], IN_TIME, True, ["enabled or altered during a load"]),
        ([replace(SCAN, overlapped=True)], [EQUAL], IN_TIME, True, []),
        ([replace(SCAN, onto_rows=True)], [], IN_TIME, True, ["held rows before the load"]),
        ([replace(SCAN, onto_rows=True)], [EQUAL], IN_TIME, True, []),
        ([FULL], [], IN_TIME, True, ["no export tells"]),
        ([FULL, FIRST], [replace(EQUAL, differences=1)], IN_TIME, True, ["repair", "no export"]),
        ([FULL, FIRST], [replace(EQUAL, mapping_enabled=False)], IN_TIME, True, ["no export"]),
        ([FULL, FIRST], [replace(EQUAL, mapping_enabled=None)], IN_TIME, True, []),
        ([FULL, FIRST], [EQUAL, replace(EQUAL, differences=1)], IN_TIME, True, ["rep", "no exp"]),
        ([LIVE], [], IN_TIME, True, ["beside a live stream is done after a verify"]),
        ([LIVE], [replace(EQUAL, began_s=T + 159)], IN_TIME, True, ["beside a live stream"]),
        ([LIVE], [replace(EQUAL, began_s=T + 100 + QUIET_S)], IN_TIME, True, []),
        ([LIVE], [replace(EQUAL, differences=3)], IN_TIME, True, ["run repair"]),
        ([LIVE], [replace(EQUAL, differences=3, repaired=True)], IN_TIME, True, []),
        ([LIVE], [EQUAL], IN_TIME, False, ["not enabled"]),
        ([LIVE], [replace(EQUAL, mapping_enabled=False)], IN_TIME, True, ["beside a live stream"]),
        ([LIVE], [replace(EQUAL, mapping_enabled=None)], IN_TIME, True, []),
    ],
)
def test_what_is_missing_to_switch(
    history: list[Step], checks: list[Check], now_s: float, enabled: bool, said: list[str]
) -> None:
    missing = load_missing(history, checks, now_s, enabled, None)
    assert len(missing) == len(said), missing
    for words, sentence in zip(said, missing, strict=True):
        assert words in sentence


@pytest.mark.parametrize(("changed_s", "counts"), [(EQUAL.began_s, True), (T + 9001, False)])
@pytest.mark.parametrize("history", [[replace(SCAN, overlapped=True)], [FULL], [LIVE]])
def test_verify_from_before_the_mapping_was_altered_proves_nothing(
    history: list[Step], changed_s: float, counts: bool
) -> None:
    """It may have been off for longer than the stream remembers."""
    missing = load_missing(history, [EQUAL], IN_TIME, True, changed_s)
    assert (missing == []) is counts
    assert all("verify begun after" in words for words in missing)

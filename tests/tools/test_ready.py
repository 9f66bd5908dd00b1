"""What is missing until readers may switch, by what was loaded, verified and mapped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ots_tools.orders import STREAM_S, Check, OrderError, Step
from ots_tools.ready import POLLS_S, QUIET_S, Stream, load_missing, one_history
from tests.tools.test_orders import FIRST, FULL, LIVE, SCAN, T

EQUAL = Check(T + 9000, 0, True, False, True)

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
    missing = load_missing(history, checks, now_s, Stream(enabled, None, False))
    assert len(missing) == len(said), missing
    for words, sentence in zip(said, missing, strict=True):
        assert words in sentence


@pytest.mark.parametrize(("changed_s", "counts"), [(EQUAL.began_s, True), (T + 9001, False)])
@pytest.mark.parametrize("history", [[replace(SCAN, overlapped=True)], [FULL], [LIVE]])
def test_verify_from_before_the_mapping_was_altered_proves_nothing(
    history: list[Step], changed_s: float, counts: bool
) -> None:
    """It may have been off for longer than the stream remembers."""
    missing = load_missing(history, [EQUAL], IN_TIME, Stream(True, changed_s, False))
    assert (missing == []) is counts
    assert all("verify begun after" in words for words in missing)


SETTLED = replace(EQUAL, differences=2, repaired=True)
REPLAYS_NOTHING = "for the mapping replays nothing; its StartingPosition is LATEST"


@pytest.mark.parametrize(
    ("history", "checks", "now_s", "enabled", "said"),
    [
        (
            [SCAN],
            [],
            IN_TIME,
            False,
            ["make it again with TRIM_HORIZON before 2023-11-15 21:13:20"],
        ),
        ([SCAN], [], IN_TIME, True, [REPLAYS_NOTHING]),
        ([SCAN], [SETTLED], IN_TIME, True, [REPLAYS_NOTHING]),
        ([SCAN], [EQUAL], IN_TIME, True, []),
        ([SCAN], [], TOO_LATE, True, ["21:13:20 UTC has passed"]),
        ([SCAN], [EQUAL], TOO_LATE, True, []),
        ([FULL], [], IN_TIME, False, ["make it again with TRIM_HORIZON"]),
        ([FULL], [], IN_TIME, True, ["all that was deleted; its StartingPosition is LATEST"]),
        ([FULL], [EQUAL], IN_TIME, True, []),
        ([LIVE], [], IN_TIME, True, ["beside a live stream"]),
        ([LIVE], [SETTLED], IN_TIME, True, []),
    ],
)
def test_mapping_that_skips_needs_an_equal_verify_or_another_mapping(
    history: list[Step], checks: list[Check], now_s: float, enabled: bool, said: list[str]
) -> None:
    """Beside a live stream nothing is to be replayed; too late, another mapping would not help."""
    missing = load_missing(history, checks, now_s, Stream(enabled, T, True))
    assert len(missing) == len(said), missing
    for words, sentence in zip(said, missing, strict=True):
        assert words in sentence
    if now_s == TOO_LATE:
        assert "TRIM_HORIZON" not in "".join(missing)


@pytest.mark.parametrize(("began_s", "counts"), [(POLLS_S, True), (POLLS_S - 1, False)])
@pytest.mark.parametrize("history", [[SCAN], [FULL], [LIVE]])
def test_verify_of_a_mapping_that_skips_counts_when_it_surely_reads(
    history: list[Step], began_s: float, counts: bool
) -> None:
    """What changed behind the verify, and before it read, would be left out for good."""
    stream = Stream(True, EQUAL.began_s - began_s, True)
    assert (load_missing(history, [EQUAL], IN_TIME, stream) == []) is counts


def test_only_one_load_is_judged() -> None:
    assert one_history([], []) == []
    assert one_history([SCAN], []) == [SCAN]
    assert one_history([], [FULL, FIRST]) == [FULL, FIRST]
    with pytest.raises(OrderError, match="holds the scan and the ledger the full export f"):
        one_history([SCAN], [FULL])

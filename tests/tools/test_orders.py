"""The orders of a migration: what may follow what, and what is missing until readers may switch."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ots_tools.orders import (
    FUZZY_S,
    QUIET_S,
    STREAM_S,
    Check,
    OrderError,
    Step,
    enable_before,
    load_missing,
    may_load,
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


IN_TIME = T + 10_000
TOO_LATE = T + STREAM_S + 1


@pytest.mark.parametrize(
    ("history", "checks", "now_s", "enabled", "said"),
    [
        ([], [], IN_TIME, True, ["nothing was loaded"]),
        ([replace(SCAN, ended_s=None)], [EQUAL], IN_TIME, True, ["not loaded to its end"]),
        ([SCAN], [], IN_TIME, False, ["enable it before"]),
        ([SCAN], [], IN_TIME, True, []),
        ([SCAN], [], TOO_LATE, True, ["an equal verify, for"]),
        ([SCAN], [], TOO_LATE, False, ["not enabled", "an equal verify, for"]),
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
        ([replace(SCAN, overlapped=True)], [], IN_TIME, True, ["enabled during a load"]),
        ([replace(SCAN, overlapped=True)], [EQUAL], IN_TIME, True, []),
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
    ],
)
def test_what_is_missing_to_switch(
    history: list[Step], checks: list[Check], now_s: float, enabled: bool, said: list[str]
) -> None:
    missing = load_missing(history, checks, now_s, enabled)
    assert len(missing) == len(said), missing
    for words, sentence in zip(said, missing, strict=True):
        assert words in sentence


# A table whose keys change at known times, exports of it that are fuzzy by a minute, its stream.

KEYS = range(400)
HOUR = 3600.0


Changes = list[tuple[float, "int | None"]]
"""Of one key: when, and to what; None deletes it."""


def state_at(changes: Changes, at_s: float) -> int | None:
    """The key's value as of a time; None where there is none."""
    values = [value for made_s, value in changes if made_s <= at_s]
    return values[-1] if values else None


@settings(max_examples=500)
@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["full", "increment", "increment", "increment"]),
            st.sampled_from([-900, -300, -61, -60, -30, 0, 1, 60, 200]),
            st.floats(0.1 * HOUR, 4 * HOUR),
            st.integers(0, 5),
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_whatever_the_guards_let_through_ends_right_but_for_ghosts(
    seed: int, steps: list[tuple[str, float, float, int]]
) -> None:
    """Steps are tried in any order, again and again, windows about where the last one ended. Those
    let in are loaded: a full export is off by up to a minute, the window of an increment is exact,
    by the times of the writes. Then the stream is replayed from where it must still reach.

    What may be wrong at the end is a row that should not be there, and it is that for which an
    equal verify is asked.
    """
    chance = random.Random(seed)
    made = sorted(chance.uniform(-HOUR, 12 * HOUR) for _ in range(1500))
    changes: dict[int, Changes] = {key: [] for key in KEYS}
    for number, at_s in enumerate(made):
        changes[chance.choice(KEYS)].append((at_s, None if chance.random() < 0.3 else number))
    rows: dict[int, int] = {}
    history: list[Step] = []

    def fuzzy(at_s: float) -> float:
        return at_s + chance.uniform(-FUZZY_S, FUZZY_S)

    def load(step: Step) -> None:
        for key in KEYS:
            if step.kind == "full":
                value = state_at(changes[key], fuzzy(step.to_s))
                rows.update({} if value is None else {key: value})
                continue
            assert step.from_s is not None
            inside = [value for at_s, value in changes[key] if step.from_s <= at_s < step.to_s]
            if not inside or (inside[-1] is None and state_at(changes[key], step.from_s) is None):
                continue  # inserted and deleted inside the window: the export is silent
            rows.pop(key, None)
            rows.update({} if inside[-1] is None else {key: inside[-1]})

    known: dict[str, tuple[float, float]] = {}
    for kind, off_s, length_s, name in steps:
        from_s = (history[-1].to_s if history else 0.0) + off_s
        window = (from_s, from_s if kind == "full" else from_s + length_s)
        from_s, to_s = known.setdefault(f"{kind}{name}", window)
        now_s = 40 * HOUR + len(history)
        wanted = Step(kind, f"{kind}{name}", False, from_s, to_s, now_s)
        try:
            position = resumed(history, wanted)
        except OrderError:
            continue
        if position is not None:
            wanted = history.pop(position)
        load(wanted)
        history.append(replace(wanted, ended_s=now_s))
    before_s = enable_before(history)
    if before_s is None:
        assert rows == {}
        return
    for key in KEYS:
        streamed = [value for at_s, value in changes[key] if at_s >= before_s - 24 * HOUR]
        if streamed:
            rows.pop(key, None)
            rows.update({} if streamed[-1] is None else {key: streamed[-1]})
        truth = state_at(changes[key], 40 * HOUR)
        assert rows.get(key) == truth or truth is None
    assert load_missing(history, [], before_s, True)

"""Every migration that the rules allow ends correctly, and every documented one is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random

from hypothesis import given, note, settings
from hypothesis import strategies as st

from ots_tools.migration_rules import (
    LoadStep,
    StepOrderError,
    enable_mapping_before_s,
    format_time,
)
from tests.tools.support.migration_model import (
    HOUR,
    MINUTE,
    MigrationModel,
    is_invisible_deletion,
    state_at,
    state_before,
)
from tests.tools.support.migration_scenarios import (
    DAY,
    KEYS,
    Scenario,
    draw_history,
    draw_scenario,
)

SCENARIOS_PER_EXAMPLE = 40
"""Drawing an example takes longer than running a scenario."""


@settings(max_examples=500)
@given(seed=st.integers(0, 2**64))
def test_allowed_migrations_end_correctly(seed: int) -> None:
    """Loads, changes of the mapping, verifies and repairs in any order and at any time; the target
    may contain rows before. At each point no row is older than what was loaded, and whenever watch
    says ready, the target equals the source, or will when a minute of the stream is delivered.
    """
    for number in range(SCENARIOS_PER_EXAMPLE):
        scenario = draw_scenario(Random(seed + number))
        note(scenario)
        run_scenario(scenario)


def run_scenario(scenario: Scenario) -> None:
    """Perform each action, and check the model after each."""
    model = MigrationModel(
        scenario.histories,
        scenario.rng,
        dict(scenario.rows),
        skips_old_records=scenario.skips_old_records,
    )
    for action in scenario.actions:
        model.advance_to(action.at_s)
        if action.kind in ("enable", "disable"):
            model.enable_mapping(action.kind == "enable", action.behind_s)
        elif action.kind == "verify":
            model.verify(complete=not action.partial)
        elif action.kind == "repair" and model.verify_runs:
            model.repair(model.rng.randrange(len(model.verify_runs)))
        elif action.step is not None:
            with suppress(StepOrderError), stream_is_not_overwritten(model):
                complete = model.load(
                    action.step,
                    action.duration_s,
                    partial=action.partial,
                    enable_during=action.enable_during,
                )
                if complete:
                    assert_no_row_is_older_than_what_was_loaded(model)
        assert_ready_means_equal(model)
    for more_s in (0.0, 20 * MINUTE, 2 * DAY):
        model.advance_to(model.now_s + more_s)
        assert_ready_means_equal(model)


def assert_ready_means_equal(model: MigrationModel) -> None:
    """The records that are not delivered yet are at most a minute old."""
    if model.blockers():
        return
    assert all(model.now_s - at_s <= MINUTE for _, at_s, _ in model.undelivered())
    assert model.enabled
    if not model.undelivered():
        assert model.wrong_keys() == []


@contextmanager
def stream_is_not_overwritten(model: MigrationModel) -> Iterator[None]:
    """Rows that are correct while the mapping is enabled are correct after the load as well, unless
    the mapping was disabled in between.
    """
    stable, started_s = model.stable_keys(), model.now_s
    yield
    for key in stable if model.enabled else ():
        writes = [v for at_s, v in model.histories[key] if started_s < at_s <= model.now_s]
        assert None in writes or model.rows.get(key) == model.truth(key)


def assert_no_row_is_older_than_what_was_loaded(model: MigrationModel) -> None:
    """Holds if the mapping was never enabled and the target was empty. An export may leave a row
    whose deletion is in no export.
    """
    if model.was_enabled or model.target_not_empty:
        return
    last = max(model.steps, key=lambda step: step.to_s)
    for key, history in enumerate(model.histories):
        from_s = last.to_s - (MINUTE if last.kind == "full" else 0.0)
        states = {state_at(history, at_s) for at_s, _ in history if from_s <= at_s <= model.now_s}
        states.add(state_before(history, from_s))
        invisible = any(
            step.kind == "increment" and is_invisible_deletion(history, step)
            for step in model.steps
        )
        assert model.rows.get(key) in states or (invisible and None in states)


@settings(max_examples=200)
@given(seed=st.integers(0, 2**64))
def test_documented_migrations_are_allowed_and_end_ready(seed: int) -> None:
    """Each documented order with its steps, at any time that it allows, to the second; loads are
    interrupted and continued. No step is rejected, and after the last one watch says ready.
    """
    for number in range(10):
        rng = Random(seed + number)
        times = [hour * HOUR for hour in range(-2, 60)]
        model = MigrationModel([draw_history(times, rng) for _ in range(KEYS)], rng, {})
        rng.choice([scan_then_replay, exports_then_stream, live_load])(model)
        assert model.blockers() == []
        assert_ready_means_equal(model)


def scan_then_replay(model: MigrationModel) -> None:
    """Enable the mapping in time without a verify, or too late with one."""
    load(model, LoadStep("scan", "", False, None, 0.0, 0.0), HOUR)
    before_s = 23 * HOUR
    advice = f"enable it before {format_time(before_s)}"
    assert model.blockers() == [f"the mapping is not enabled: {advice}"]
    late = model.rng.random() < 0.5
    times = [before_s + 1, 3 * DAY] if late else [before_s - HOUR, model.now_s]
    model.advance_to(model.rng.choice(times))
    model.enable_mapping(True, 5 * MINUTE)
    model.advance_to(model.now_s + 20 * MINUTE)
    if late:
        verify_until_equal(model)


def exports_then_stream(model: MigrationModel) -> None:
    """Load some increments, from the latest time that the previous export allows, or earlier."""
    rng = model.rng
    model.advance_to(10 * HOUR)
    load(model, LoadStep("full", "f", False, None, 9 * HOUR, 0.0), HOUR)
    from_s = 9 * HOUR - MINUTE
    for number in range(rng.randint(0, 3)):
        to_s = max(from_s, model.steps[-1].to_s) + rng.choice([15 * MINUTE, HOUR, 23 * HOUR])
        window_from_s = from_s - rng.choice([0.0, 1.0, HOUR])
        model.advance_to(max(model.now_s, to_s) + 5 * MINUTE)
        name = str(number)
        load(model, LoadStep("increment", name, False, window_from_s, to_s, model.now_s), HOUR)
        from_s = to_s
    before_s = enable_mapping_before_s(model.steps)
    assert before_s is not None
    if rng.random() < 0.5:
        model.advance_to(max(model.now_s, before_s))
    model.enable_mapping(True)
    model.advance_to(model.now_s + 20 * MINUTE)
    if model.changed_s <= before_s:  # nothing is lost; only deletions in no export remain
        for key in model.wrong_keys():
            steps = [step for step in model.steps if step.kind == "increment"]
            assert model.truth(key) is None
            assert any(is_invisible_deletion(model.histories[key], step) for step in steps)
    verify_until_equal(model)


def live_load(model: MigrationModel) -> None:
    """Verify at the earliest time, and repair if needed."""
    model.enable_mapping(True)
    model.advance_to(model.now_s + HOUR)
    load(model, LoadStep("scan", "", True, None, model.now_s, model.now_s), HOUR)
    model.advance_to(model.now_s + MINUTE)
    model.verify(complete=True)
    if model.blockers():
        model.repair(0)


def load(model: MigrationModel, step: LoadStep, duration_s: float) -> None:
    """Load with some interruptions, or none."""
    while model.rng.random() < 0.4:
        step = replace(step, started_s=model.now_s)
        model.load(step, duration_s, partial=True, enable_during=False)
    step = replace(step, started_s=model.now_s)
    model.load(step, duration_s, partial=False, enable_during=False)


def verify_until_equal(model: MigrationModel) -> None:
    """Verify, repair what it finds, and verify again, as documented."""
    assert any("must be equal" in blocker for blocker in model.blockers())
    model.verify(complete=True)
    if model.blockers():
        model.repair(0)
        model.verify(complete=True)

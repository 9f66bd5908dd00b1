"""Whatever the guards of a migration allow ends right, and whoever does as the page says is let."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random

from hypothesis import given, note, settings
from hypothesis import strategies as st

from ots_tools.orders import OrderError, Step, enable_before, when
from tests.tools.migration_stories import DAY, KEYS, Story, log, story
from tests.tools.migration_world import HOUR, MINUTE, World, is_silent, state_at, state_before

STORIES = 40
"""Of one example: to draw takes longer than to live through."""


@settings(max_examples=500)
@given(seed=st.integers(0, 2**64))
def test_whatever_the_guards_allow_ends_right(seed: int) -> None:
    """Loads, switches of the mapping, verifies and repairs in any order, at any time; the target
    may hold rows of before. At each point: no row is older than what was loaded, and whenever
    watch says ready, the target is the source, or will be when a minute of the stream is written.
    """
    for number in range(STORIES):
        told = story(Random(seed + number))
        note(told)
        live_through(told)


def live_through(told: Story) -> None:
    """Tries each act, and looks after each."""
    world = World(told.logs, told.chance, dict(told.left), skips=told.skips)
    for act in told.acts:
        world.until(act.at_s)
        if act.kind in ("on", "off"):
            world.switch(act.kind == "on", act.behind_s)
        elif act.kind == "verify":
            world.verify(whole=not act.part)
        elif act.kind == "repair" and world.checks:
            world.repair(world.chance.randrange(len(world.checks)))
        elif act.step is not None:
            with suppress(OrderError), stream_is_not_overwritten(world):
                if world.load(act.step, act.took_s, part=act.part, joined=act.joined):
                    assert_no_row_is_older_than_what_was_loaded(world)
        assert_ready_means_right(world)
    for more_s in (0.0, 20 * MINUTE, 2 * DAY):
        world.until(world.now_s + more_s)
        assert_ready_means_right(world)


def assert_ready_means_right(world: World) -> None:
    """Also what is to come of the stream makes nothing wrong: it is looked at a minute on."""
    if world.missing():
        return
    assert all(world.now_s - at_s <= MINUTE for _, at_s, _ in world.undelivered())
    assert world.on
    if not world.undelivered():
        assert world.wrong() == []


@contextmanager
def stream_is_not_overwritten(world: World) -> Iterator[None]:
    """Rows that stand right beside an enabled mapping are right behind the load as well, if it
    was not disabled meanwhile.
    """
    steady, began_s = world.steady(), world.now_s
    yield
    for key in steady if world.on else ():
        writes = [value for at_s, value in world.logs[key] if began_s < at_s <= world.now_s]
        assert None in writes or world.rows.get(key) == world.truth(key)


def assert_no_row_is_older_than_what_was_loaded(world: World) -> None:
    """While the stream was never on, and nothing stood there before. An export may leave a row
    of which no export says that it is gone.
    """
    if world.was_on or world.onto_rows:
        return
    last = max(world.history, key=lambda step: step.to_s)
    for key, wrote in enumerate(world.logs):
        from_s = last.to_s - (MINUTE if last.kind == "full" else 0.0)
        states = {state_at(wrote, at_s) for at_s, _ in wrote if from_s <= at_s <= world.now_s}
        states.add(state_before(wrote, from_s))
        silent = any(step.kind == "increment" and is_silent(wrote, step) for step in world.history)
        assert world.rows.get(key) in states or (silent and None in states)


@settings(max_examples=200)
@given(seed=st.integers(0, 2**64))
def test_whoever_does_as_the_page_says_is_let_and_ends_ready(seed: int) -> None:
    """Each order with its steps, at any time that it allows, to the second; loads are stopped and
    go on. Nothing is refused, and when the last step is done, watch says ready.
    """
    for number in range(10):
        chance = Random(seed + number)
        edges = [hour * HOUR for hour in range(-2, 60)]
        world = World([log(edges, chance) for _ in range(KEYS)], chance, {})
        chance.choice([scan_then_replay, exports_then_stream, beside_a_live_stream])(world)
        assert world.missing() == []
        assert_ready_means_right(world)


def scan_then_replay(world: World) -> None:
    """In time without a verify; else with one."""
    load(world, Step("scan", "", False, None, 0.0, 0.0), HOUR)
    due_s = 23 * HOUR
    assert world.missing() == [f"the mapping is not enabled: enable it before {when(due_s)}"]
    late = world.chance.random() < 0.5
    world.until(world.chance.choice([due_s + 1, 3 * DAY] if late else [due_s - HOUR, world.now_s]))
    world.switch(True, 5 * MINUTE)
    world.until(world.now_s + 20 * MINUTE)
    if late:
        verify_until_equal(world)


def exports_then_stream(world: World) -> None:
    """Some increments, from the latest time that the one before allows, or earlier."""
    chance = world.chance
    world.until(10 * HOUR)
    load(world, Step("full", "f", False, None, 9 * HOUR, 0.0), HOUR)
    from_s = 9 * HOUR - MINUTE
    for number in range(chance.randint(0, 3)):
        to_s = max(from_s, world.history[-1].to_s) + chance.choice([15 * MINUTE, HOUR, 23 * HOUR])
        began_s = from_s - chance.choice([0.0, 1.0, HOUR])
        world.until(max(world.now_s, to_s) + 5 * MINUTE)
        load(world, Step("increment", str(number), False, began_s, to_s, world.now_s), HOUR)
        from_s = to_s
    due_s = enable_before(world.history)
    assert due_s is not None
    if chance.random() < 0.5:
        world.until(max(world.now_s, due_s))
    world.switch(True)
    world.until(world.now_s + 20 * MINUTE)
    if world.switched_s <= due_s:  # nothing is lost, and what is left over no export tells of
        for key in world.wrong():
            steps = [step for step in world.history if step.kind == "increment"]
            assert world.truth(key) is None
            assert any(is_silent(world.logs[key], step) for step in steps)
    verify_until_equal(world)


def beside_a_live_stream(world: World) -> None:
    """A verify at the earliest moment, and a repair if it is needed."""
    world.switch(True)
    world.until(world.now_s + HOUR)
    load(world, Step("scan", "", True, None, world.now_s, world.now_s), HOUR)
    world.until(world.now_s + MINUTE)
    world.verify(whole=True)
    if world.missing():
        world.repair(0)


def load(world: World, step: Step, took_s: float) -> None:
    """Stopped some times, or never."""
    while world.chance.random() < 0.4:
        world.load(replace(step, began_s=world.now_s), took_s, part=True, joined=False)
    world.load(replace(step, began_s=world.now_s), took_s, part=False, joined=False)


def verify_until_equal(world: World) -> None:
    """As the page says: verify, repair what it finds, verify again."""
    assert any("an equal verify" in words for words in world.missing())
    world.verify(whole=True)
    if world.missing():
        world.repair(0)
        world.verify(whole=True)

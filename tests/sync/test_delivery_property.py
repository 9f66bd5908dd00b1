"""At least once, in order: however a stream is delivered, the table ends as DynamoDB has it.

Histories of a few items, some of whose images no row can hold, are cut into batches at random,
written over a table that already holds any earlier state of its rows, fail at random, and are
delivered again from any earlier record with other borders.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings

from ots_sync.errors import TableStoreError
from ots_sync.model import RowWrite
from ots_sync.rows import RowMapper
from tests.support.builders import ENVIRON, configuration
from tests.support.fakes import typed
from tests.support.handler import load_handler
from tests.support.histories import (
    LONG,
    SETTINGS,
    USERS,
    Story,
    before,
    is_writable,
    of_one,
    row_of,
    stories,
    stream,
)
from tests.support.pipeline import Scene


class Failing:
    """The port to a store that fails as the story says, then works: a row busy, an answer lost
    after the rows were written, or nothing but errors until the invocation's time is up.
    """

    def __init__(self, scene: Scene, faults: Sequence[str]) -> None:
        self._scene = scene
        self._faults = list(faults)

    def __call__(self, writes: Sequence[RowWrite]) -> Sequence[TableStoreError | None]:
        fault = self._faults.pop(0) if self._faults else "ok"
        if fault == "late":
            self._scene.clock.sleep(100)
            raise TableStoreError("ConnectFailed", "nobody answers")
        if fault == "busy":
            self._scene.store.send(writes[1:] or writes)
            busy = TableStoreError("OTSServerBusy", "Server is busy.")
            return [busy] + [None] * (len(writes) - 1)
        answers = self._scene.store.send(writes)
        if fault == "lost":
            raise TableStoreError("ReadTimeout", "no answer")
        return answers


@pytest.fixture(scope="module")
def rules() -> RowMapper:
    rules: RowMapper = load_handler({**ENVIRON, **SETTINGS}).row_mapper()
    return rules


def play(story: Story, rules: RowMapper) -> tuple[Scene, list[dict[str, Any]]]:
    """Delivers the story's records as Lambda does, in order, until all of them are done."""
    records = stream(story)
    numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
    scene = Scene(rules, settings=configuration(**SETTINGS), rows=before(story))
    scene._send = Failing(scene, story.faults)
    borders, batches, at = list(story.borders), 0, 0
    while at < len(records):
        size = borders.pop(0) if borders else 3
        undone = scene.deliver(records[at : at + size])
        batches += 1
        at = at + size if undone is None else numbers.index(undone)
        at = min(at, story.jumps.get(batches, at))
    return scene, records


# Each ends in wrong rows under a simpler rule that suggests itself.
A, B, C, BAD = {"a": 0}, {"b-": 0}, {"c": 0}, {LONG: 0}
SEND_ONLY_WHAT_CHANGED = of_one({"a": 0, "c": 0}, {"a": 0, "c": 1}, row=-1)
UPDATE_AFTER_A_REFUSED_IMAGE = of_one(A, BAD, B, borders=[1, 1])
DELETE_BY_THE_LAST_OLD_IMAGE = of_one(A, B, C, borders=[2])
UPDATE_WITHOUT_OLD_IMAGES = of_one(A, B, old_images=False)
UPDATE_TO_KEYS_ALONE = of_one(A, {}, row=-1)
JUDGE_THE_FIRST_OLD_IMAGE_ALONE = of_one(A, B, BAD, C, borders=[2, 2], jumps={1: 1})


@settings(max_examples=4 * settings.default.max_examples)
@given(stories())
@example(SEND_ONLY_WHAT_CHANGED)
@example(UPDATE_AFTER_A_REFUSED_IMAGE)
@example(DELETE_BY_THE_LAST_OLD_IMAGE)
@example(UPDATE_WITHOUT_OLD_IMAGES)
@example(UPDATE_TO_KEYS_ALONE)
@example(JUDGE_THE_FIRST_OLD_IMAGE_ALONE)
def test_any_delivery_ends_in_the_sources_rows(rules: RowMapper, story: Story) -> None:
    """A key whose last image no row can hold has that record in quarantine, to be settled."""
    scene, records = play(story, rules)
    kept = [json.loads(body)["record"] for body in scene.kept.values()]
    for user in set(story.order):
        last = story.states[user][-1]
        found = scene.store.rows.get((user, 1))
        if last is None:
            assert found is None
        elif is_writable(last):
            assert found is not None
            assert typed({user: found}) == typed({user: row_of(last)})
        else:
            of_user = [one for one in records if one["dynamodb"]["Keys"]["user_id"]["S"] == user]
            assert of_user[-1] in kept


@given(stories())
def test_only_keys_with_an_image_that_no_row_can_hold_reach_the_quarantine(
    rules: RowMapper, story: Story
) -> None:
    scene, _ = play(story, rules)
    poisoned = {
        user
        for user in USERS
        if not all(image is None or is_writable(image) for image in story.states[user][1:])
    }
    kept = [json.loads(body)["record"]["dynamodb"]["Keys"] for body in scene.kept.values()]
    assert {keys["user_id"]["S"] for keys in kept} <= poisoned

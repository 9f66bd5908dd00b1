"""At least once, in order: however a stream is delivered, the table ends as DynamoDB has it.

Histories of a few items, some of whose images no row can hold, are cut into batches at random,
written over a table that already holds any earlier state of its rows, fail at random, and are
delivered again from any earlier record with other borders.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ots_sync.errors import StoreError
from ots_sync.rows import Rules
from ots_sync.writes import RowWrite
from tests.builders import ENVIRON, configuration, item, record
from tests.doors import open_door
from tests.fakes import Rows
from tests.scenes import Scene

SETTINGS = {"COLUMN_TYPES": "c:Integer"}
USERS = ("u1", "u2", "u3")
LONG = "n" * 256  # no column takes this name

Image = dict[str, int]  # attribute -> which of VALUES

COLUMN_OF = {"a": "a", "b-": "b_0x2d_", "c": "c"}
VALUES: list[tuple[dict[str, Any], Any]] = [
    ({"N": "1"}, 1),
    ({"S": "1"}, "1"),
    ({"N": "1.5"}, 1.5),  # refused where the column is pinned to Integer
]

IMAGES = st.dictionaries(st.sampled_from(["a", "b-", "c", LONG]), st.integers(0, 2), max_size=4)
# Good images are what most tables hold; where every other image is refused little is ever written.
GOOD = st.dictionaries(st.sampled_from(["a", "b-", "c"]), st.integers(0, 1), max_size=3)
STATES = st.one_of(GOOD, GOOD, IMAGES, st.none())


def is_writable(image: Image) -> bool:
    return LONG not in image and image.get("c") != 2


def row_of(image: Image) -> dict[str, Any]:
    return {COLUMN_OF[name]: VALUES[value][1] for name, value in image.items()}


def item_of(user: str, image: Image | None) -> dict[str, Any] | None:
    if image is None:
        return None
    return item(user, **{name: VALUES[value][0] for name, value in image.items()})


class Story(NamedTuple):
    """What happens: each user's images from before the stream on, the order of their changes, and
    how it is delivered. `starts` picks what stands in the table, `drops` what of it is missing.
    """

    states: dict[str, list[Image | None]]
    order: list[str]
    old_images: bool
    starts: dict[str, int]
    drops: set[str]
    borders: list[int]  # sizes of the batches
    jumps: dict[int, int]  # after so many batches, back to that record
    faults: list[str]  # of the calls


@st.composite
def stories(draw: st.DrawFn) -> Story:
    states, order = {}, []
    for user in USERS:
        drawn = draw(st.lists(STATES, min_size=1, max_size=7))
        # DynamoDB records no write that changes nothing.
        kept = [s for i, s in enumerate(drawn) if i == 0 or s != drawn[i - 1]]
        states[user] = kept
        order += [user] * (len(kept) - 1)
    return Story(
        states,
        draw(st.permutations(order)),
        draw(st.sampled_from([True, True, True, False])),
        {user: draw(st.integers(-1, 6)) for user in USERS},
        draw(st.sets(st.sampled_from(sorted(COLUMN_OF.values())), max_size=1)),
        draw(st.lists(st.integers(1, 6), max_size=12)),
        draw(st.dictionaries(st.integers(1, 9), st.integers(0, 18), max_size=4)),
        draw(st.lists(st.sampled_from(["ok", "ok", "busy", "lost", "late"]), max_size=12)),
    )


def stream(story: Story) -> list[dict[str, Any]]:
    """The records as DynamoDB would write them."""
    position = dict.fromkeys(USERS, 0)
    records = []
    for user in story.order:
        at = position[user] = position[user] + 1
        old, new = (item_of(user, image) for image in story.states[user][at - 1 : at + 1])
        if story.old_images:
            records.append(record(old, new))
        else:
            without = {"OldImage": None, "StreamViewType": "NEW_IMAGE"}
            records.append(record(old, new, **without))
    return records


def before(story: Story) -> Rows:
    """A table that holds any state that a row of it has been in, or misses the row, or a column."""
    rows: Rows = {}
    for user in USERS:
        start = story.starts[user]
        image = story.states[user][start] if 0 <= start < len(story.states[user]) else None
        if image is not None and is_writable(image):
            columns = row_of(image)
            rows[(user, 1)] = {n: v for n, v in columns.items() if n not in story.drops}
    return rows


class Failing:
    """The port to a store that fails as the story says, then works: a row busy, an answer lost
    after the rows were written, or nothing but errors until the invocation's time is up.
    """

    def __init__(self, scene: Scene, faults: Sequence[str]) -> None:
        self._scene = scene
        self._faults = list(faults)

    def __call__(self, writes: Sequence[RowWrite]) -> Sequence[StoreError | None]:
        fault = self._faults.pop(0) if self._faults else "ok"
        if fault == "late":
            self._scene.clock.sleep(100)
            raise StoreError("ConnectFailed", "nobody answers")
        if fault == "busy":
            self._scene.store.send(writes[1:] or writes)
            busy = StoreError("OTSServerBusy", "Server is busy.")
            return [busy] + [None] * (len(writes) - 1)
        answers = self._scene.store.send(writes)
        if fault == "lost":
            raise StoreError("ReadTimeout", "no answer")
        return answers


@pytest.fixture(scope="module")
def rules() -> Rules:
    rules: Rules = open_door({**ENVIRON, **SETTINGS}).rules()
    return rules


def play(story: Story, rules: Rules) -> tuple[Scene, list[dict[str, Any]]]:
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


def of_one(
    *images: Image | None,
    row: int = 0,
    borders: Sequence[int] = (),
    jumps: dict[int, int] | None = None,
    old_images: bool = True,
) -> Story:
    """A story of one item alone, over the row of its image number `row` (-1: none)."""
    still: dict[str, list[Image | None]] = {user: [None] for user in USERS}
    states = {**still, USERS[0]: list(images)}
    order = [USERS[0]] * (len(images) - 1)
    starts = dict.fromkeys(USERS, row)
    return Story(states, order, old_images, starts, set(), list(borders), jumps or {}, [])


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
def test_any_delivery_ends_in_the_sources_rows(rules: Rules, story: Story) -> None:
    """A key whose last image no row can hold has that record in quarantine, to be settled."""
    scene, records = play(story, rules)
    kept = [json.loads(body)["record"] for body in scene.kept.values()]
    for user in set(story.order):
        last = story.states[user][-1]
        found = scene.store.rows.get((user, 1))
        if last is None:
            assert found is None
        elif is_writable(last):
            assert typed(found) == typed(row_of(last))
        else:
            of_user = [one for one in records if one["dynamodb"]["Keys"]["user_id"]["S"] == user]
            assert of_user[-1] in kept


@given(stories())
def test_only_keys_with_an_image_that_no_row_can_hold_reach_the_quarantine(
    rules: Rules, story: Story
) -> None:
    scene, _ = play(story, rules)
    poisoned = {
        user
        for user in USERS
        if not all(image is None or is_writable(image) for image in story.states[user][1:])
    }
    kept = [json.loads(body)["record"]["dynamodb"]["Keys"] for body in scene.kept.values()]
    assert {keys["user_id"]["S"] for keys in kept} <= poisoned


def typed(row: dict[str, Any] | None) -> Any:
    """1, 1.0 and True are three columns."""
    return row and {name: (type(value), value) for name, value in row.items()}

"""Strategies of hypothesis: histories of a few items, and how a stream of them is delivered.

Some images no row can hold. Expected columns are written down here, not converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.support.builders import item, record
from tests.support.fakes import Rows

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

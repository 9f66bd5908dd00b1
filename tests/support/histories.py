"""Generate histories of a few items, and the deliveries of their stream, with hypothesis.

Some images cannot be written as a row. Expected columns are listed here, not converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.support.builders import item, record
from tests.support.fakes import Rows

SETTINGS = {"COLUMN_TYPES": "c:Integer"}
USERS = ("u1", "u2", "u3")
TOO_LONG_NAME = "n" * 256

Image = dict[str, int]
"""The attributes of an item, each with a position in VALUES."""

COLUMN_OF = {"a": "a", "b-": "b_0x2d_", "c": "c"}
VALUES: list[tuple[dict[str, Any], Any]] = [
    ({"N": "1"}, 1),
    ({"S": "1"}, "1"),
    ({"N": "1.5"}, 1.5),  # rejected for the column whose type is Integer
]

_IMAGES = st.dictionaries(
    st.sampled_from(["a", "b-", "c", TOO_LONG_NAME]), st.integers(0, 2), max_size=4
)
# Most images are writable, as in most tables. If many were not, little would ever be written.
_WRITABLE_IMAGES = st.dictionaries(st.sampled_from(["a", "b-", "c"]), st.integers(0, 1), max_size=3)
_STATES = st.one_of(_WRITABLE_IMAGES, _WRITABLE_IMAGES, _IMAGES, st.none())


def is_writable(image: Image) -> bool:
    """Return whether a row can have this image."""
    return TOO_LONG_NAME not in image and image.get("c") != 2


def columns_of(image: Image) -> dict[str, Any]:
    """Return the columns of a row with this image."""
    return {COLUMN_OF[name]: VALUES[value][1] for name, value in image.items()}


def _item_of(user: str, image: Image | None) -> dict[str, Any] | None:
    if image is None:
        return None
    return item(user, **{name: VALUES[value][0] for name, value in image.items()})


class History(NamedTuple):
    """The changes of some items, and how Lambda delivers them.

    `states`: the images of each user's item, the first from before the stream. `order`: the user of
    each change. `old_images`: whether records have them. `initial_states`: the position of the
    state that each row has first; `missing_columns` are left out of it. `batch_sizes`: the sizes of
    the first batches. `redeliveries`: after a number of batches, the record to begin again from.
    `faults`: what happens to the first requests.
    """

    states: dict[str, list[Image | None]]
    order: list[str]
    old_images: bool
    initial_states: dict[str, int]
    missing_columns: set[str]
    batch_sizes: list[int]
    redeliveries: dict[int, int]
    faults: list[str]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw a history."""
    states, order = {}, []
    for user in USERS:
        drawn = draw(st.lists(_STATES, min_size=1, max_size=7))
        # DynamoDB has no record of a write that changes nothing.
        distinct = [s for i, s in enumerate(drawn) if i == 0 or s != drawn[i - 1]]
        states[user] = distinct
        order += [user] * (len(distinct) - 1)
    return History(
        states,
        draw(st.permutations(order)),
        draw(st.sampled_from([True, True, True, False])),
        {user: draw(st.integers(-1, 6)) for user in USERS},
        draw(st.sets(st.sampled_from(sorted(COLUMN_OF.values())), max_size=1)),
        draw(st.lists(st.integers(1, 6), max_size=12)),
        draw(st.dictionaries(st.integers(1, 9), st.integers(0, 18), max_size=4)),
        draw(st.lists(st.sampled_from(["ok", "ok", "throttled", "lost", "late"]), max_size=12)),
    )


def stream_records(history: History) -> list[dict[str, Any]]:
    """Return the stream records of a history."""
    position = dict.fromkeys(USERS, 0)
    records = []
    for user in history.order:
        at = position[user] = position[user] + 1
        old, new = (_item_of(user, image) for image in history.states[user][at - 1 : at + 1])
        body: dict[str, Any] = (
            {} if history.old_images else {"OldImage": None, "StreamViewType": "NEW_IMAGE"}
        )
        records.append(record(old, new, **body))
    return records


def initial_rows(history: History) -> Rows:
    """Return the rows before the first delivery: any state of each item, possibly incomplete."""
    rows: Rows = {}
    for user in USERS:
        start = history.initial_states[user]
        image = history.states[user][start] if 0 <= start < len(history.states[user]) else None
        if image is not None and is_writable(image):
            columns = columns_of(image)
            rows[(user, 1)] = {
                name: value
                for name, value in columns.items()
                if name not in history.missing_columns
            }
    return rows


def history_of_one_item(
    *images: Image | None,
    initial_state: int = 0,
    batch_sizes: Sequence[int] = (),
    redeliveries: dict[int, int] | None = None,
    old_images: bool = True,
) -> History:
    """Return a history of one item; the row begins with image `initial_state`, -1 for no row."""
    unchanged: dict[str, list[Image | None]] = {user: [None] for user in USERS}
    return History(
        states={**unchanged, USERS[0]: list(images)},
        order=[USERS[0]] * (len(images) - 1),
        old_images=old_images,
        initial_states=dict.fromkeys(USERS, initial_state),
        missing_columns=set(),
        batch_sizes=list(batch_sizes),
        redeliveries=redeliveries or {},
        faults=[],
    )

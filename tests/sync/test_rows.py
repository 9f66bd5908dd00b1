"""The changes of a key end in one row: folding, every case of a whole put, and who is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from ots_sync.errors import ConfigurationError, RejectedError
from ots_sync.limits import CELL_TIMESTAMP_BYTES
from ots_sync.model import Change, Row
from ots_sync.rows import KeyChanges, RowMapper, build_row, map_changes
from tests.support.builders import change, item
from tests.support.handler import load_handler

N1, N2, BAD = {"N": "1"}, {"N": "2"}, {"N": "no number"}
A, AB, B, NONE = item(a=N1), item(a=N1, b=N1), item(b=N2), item()
A_BAD, B_BAD = item(a=BAD), item(a=N1, b=BAD)
TOO_WIDE = item(a={"S": "x" * 2_097_153})


@pytest.fixture(scope="module")
def rules() -> RowMapper:
    rules: RowMapper = load_handler().row_mapper()
    return rules


def history(*images: Any) -> list[Change]:
    """The changes that bring one item from image to image; None is no item."""
    return [change(old, new) for old, new in pairwise(images)]


def only(row: Row) -> tuple[str, dict[str, Any], set[str]]:
    """Kind, columns put and names deleted of a row of one step."""
    (step,) = row.writes
    assert list(step.primary_key) == [("user_id", "user"), ("action_time", 1)]
    return step.kind, dict(step.columns), set(step.delete_columns)


FOLDS: dict[str, tuple[list[Any], tuple[str, dict[str, Any], set[str]]]] = {
    "insert": ([None, A], ("put", {"a": 1}, set())),
    "insert-bare": ([None, NONE], ("put", {}, set())),
    "remove": ([A, None], ("delete", {}, set())),
    "modify": ([A, AB], ("update", {"a": 1, "b": 1}, set())),
    "modify-sends-what-did-not-change": ([AB, A], ("update", {"a": 1}, {"b"})),
    "modify-deletes-and-adds": ([A, B], ("update", {"b": 2}, {"a"})),
    "modify-same": ([A, A], ("update", {"a": 1}, set())),
    "modify-from-bare": ([NONE, A], ("update", {"a": 1}, set())),
    "modifies-delete-what-any-image-had": ([A, B, item(c=N1)], ("update", {"c": 1}, {"a", "b"})),
    "modifies-keep-what-came-back": ([AB, A, AB], ("update", {"a": 1, "b": 1}, set())),
    "modifies-that-end-as-they-began": ([A, B, A], ("update", {"a": 1}, {"b"})),
    "insert-then-modify": ([None, A, AB], ("put", {"a": 1, "b": 1}, set())),
    "remove-then-insert": ([A, None, B], ("put", {"b": 2}, set())),
    "modify-remove-insert-modify": ([A, AB, None, A, B], ("put", {"b": 2}, set())),
    "insert-then-remove": ([None, A, None], ("delete", {}, set())),
    "modify-then-remove": ([A, B, None], ("delete", {}, set())),
    # Put whole although the last change is an update.
    "only-keys-left": ([A, NONE], ("put", {}, set())),
    "only-keys-left-after-more": ([A, B, NONE], ("put", {}, set())),
    "old-image-unwritable": ([A_BAD, A], ("put", {"a": 1}, set())),
    "old-image-unwritable-name": ([item(**{"n" * 256: N1}), A], ("put", {"a": 1}, set())),
    "old-image-too-wide": ([TOO_WIDE, A], ("put", {"a": 1}, set())),
    "image-between-unwritable": ([AB, B_BAD, A], ("put", {"a": 1}, set())),
    "image-between-unwritable-elsewhere": ([A, B_BAD, AB], ("put", {"a": 1, "b": 1}, set())),
    "insert-unwritable-then-healed": ([None, A_BAD, A], ("put", {"a": 1}, set())),
    "remove-of-unwritable": ([A_BAD, None], ("delete", {}, set())),
}


@pytest.mark.parametrize(("images", "expected"), FOLDS.values(), ids=FOLDS)
def test_changes_of_a_key_end_in_one_row(
    images: list[Any], expected: Any, rules: RowMapper
) -> None:
    changes = history(*images)
    (row,), refused = map_changes(changes, rules)
    assert refused == []
    assert only(row) == expected
    assert list(row.changes) == changes


@pytest.mark.parametrize("old", [None, {}], ids=["none", "empty"])
def test_stream_without_old_images_puts_whole(old: Any, rules: RowMapper) -> None:
    modify = change(A, B, OldImage=old)
    (row,), _ = map_changes([modify], rules)
    assert only(row) == ("put", {"b": 2}, set())


def test_change_that_is_not_among_them_leaves_no_column_behind(rules: RowMapper) -> None:
    """A record that nobody can read may stand between: what only a new image had goes as well."""
    (row,), _ = map_changes([change(A, AB), change(A, A)], rules)
    assert only(row) == ("update", {"a": 1}, {"b"})
    (row,), _ = map_changes([change(A, None), change(A, AB)], rules)
    assert only(row) == ("put", {"a": 1, "b": 1}, set())


def test_deleted_column_counts_by_its_name(rules: RowMapper) -> None:
    (few, more), _ = map_changes(
        [change(A, A), change(item("other", a=N1, **{"n" * 100: N1}), item("other", a=N1))], rules
    )
    counted = more.writes[0].counted_bytes - few.writes[0].counted_bytes
    assert counted == 100 + CELL_TIMESTAMP_BYTES + len("other") - len("user")


def test_column_that_was_never_written_is_not_deleted(rules: RowMapper) -> None:
    """What no table takes cannot be there; the other columns go all the same."""
    update = rules.generate_update_attribute(A, item(b=N1, **{"n" * 256: N1}), rules.key_list)
    assert update == {"put": [("a", 1)], "delete_all": ["b"]}


REFUSED = {
    "insert": [None, A_BAD],
    "modify": [A, A_BAD],
    "insert-then-modify": [None, A, A_BAD],
    "bare-then-bad": [NONE, B_BAD],
    "too-wide": [A, TOO_WIDE],
    "name-too-long": [A, item(**{"n" * 256: N1})],
    "surrogate": [A, item(a={"S": "\ud83d"})],
    "surrogate-nested": [A, item(a={"L": [{"M": {"\ud83d": {"S": "a"}}}]})],
    "surrogate-name": [A, item(**{"\ud83d": N1})],
    "name-empty": [None, item(a=N1, **{"": N1})],
}


@pytest.mark.parametrize("images", REFUSED.values(), ids=REFUSED)
def test_end_that_cannot_be_written_takes_all_records_of_its_key(
    images: list[Any], rules: RowMapper
) -> None:
    """And no other: the rows of other keys are written."""
    other = change(None, item("other", a=N1))
    changes = history(*images)
    (row,), refused = map_changes([*changes, other], rules)
    assert row.changes == [other]
    assert [one.record for one in refused] == [one.record for one in changes]


def test_rows_stand_in_the_order_of_their_first_change(rules: RowMapper) -> None:
    changes = [change(None, item(user)) for user in "bacab"]
    rows, _ = map_changes(changes, rules)
    assert [row.writes[0].primary_key[0][1] for row in rows] == ["b", "a", "c"]
    assert [len(row.changes) for row in rows] == [2, 2, 1]


def test_keys_of_other_types_are_other_rows(rules: RowMapper) -> None:
    """Text and bytes of the same letters are two keys; 1 and 1.0 are one."""
    text, binary = change(None, item("YQ==")), change(Keys={**item(), "user_id": {"B": "YQ=="}})
    spelled = change(Keys={"user_id": {"S": "YQ=="}, "action_time": {"N": "1.0"}})
    rows, _ = map_changes([text, binary, spelled], rules)
    assert [row.writes[0].primary_key[0][1] for row in rows] == ["YQ==", bytearray(b"a")]
    assert [len(row.changes) for row in rows] == [2, 1]


KEYS_REFUSED = {
    "fraction": {"N": "1.5"},
    "over-64-bits": {"N": "9223372036854775808"},
    "type": {"BOOL": True},
    "untagged": 1,
    "none": None,
}


@pytest.mark.parametrize("tagged", KEYS_REFUSED.values(), ids=KEYS_REFUSED)
def test_key_that_cannot_be_written_refuses_its_record_alone(tagged: Any, rules: RowMapper) -> None:
    keys = {"user_id": {"S": "a"}, "action_time": tagged}
    bad, good = change(Keys=keys), change()
    rows, refused = map_changes([bad, good], rules)
    assert [row.changes for row in rows] == [[good]]
    assert [(one.record, "'action_time'" in str(one.error)) for one in refused] == [
        (bad.record, True)
    ]


@pytest.mark.parametrize("user", ["k" * 1025, "é" * 513, "\ud83d"], ids=["long", "bytes", "text"])
def test_remove_of_a_row_that_was_never_written_is_done_unsent(user: str, rules: RowMapper) -> None:
    assert map_changes([change(item(user), None)], rules) == ([], [])
    _, refused = map_changes([change(None, item(user))], rules)
    assert len(refused) == 1


def test_foreign_keys_are_configuration(rules: RowMapper) -> None:
    with pytest.raises(ConfigurationError, match="PRIMARY_KEY"):
        map_changes([change(), change(Keys={"id": {"S": "a"}})], rules)


def broken(*_: Any) -> Any:
    """An edited function of the door with a fault that nobody foresaw."""
    raise KeyError("secret-value")


@pytest.mark.parametrize(
    "function", ["get_primary_key", "generate_attribute", "generate_update_attribute"]
)
def test_unforeseen_error_refuses_its_records_without_its_words(
    function: str, rules: RowMapper
) -> None:
    """An edited door may fail on one item; the item's values may stand in the error's words."""
    edited = RowMapper(
        **{name: getattr(rules, name) for name in RowMapper.__slots__} | {function: broken}
    )
    changes = [change(A, B), change(None, item("other"))]
    _, refused = map_changes(changes, edited)
    assert refused
    assert {one.error.code for one in refused} == {"Unexpected"}
    assert "KeyError in test_rows.py, broken" in str(refused[0].error)
    assert "secret-value" not in str(refused[0].error)


def test_unforeseen_error_about_a_key_never_loses_a_remove(rules: RowMapper) -> None:
    """Unlike a key that no row can have, a fault says nothing of whether the row is there."""
    edited = RowMapper(
        rules.key_list, broken, rules.generate_attribute, rules.generate_update_attribute
    )
    rows, refused = map_changes([change(A, None)], edited)
    assert (rows, len(refused)) == ([], 1)


def test_update_of_deletes_alone_is_put_whole(rules: RowMapper) -> None:
    """An edited function may leave no column to put; the service would make no row of that."""
    edited = RowMapper(
        rules.key_list,
        rules.get_primary_key,
        rules.generate_attribute,
        lambda *_: {"put": [], "delete_all": ["a"]},
    )
    (row,), _ = map_changes([change(A, B)], edited)
    assert only(row) == ("put", {"b": 2}, set())


def test_row_that_cannot_be_is_refused(rules: RowMapper) -> None:
    with pytest.raises(RejectedError, match="attribute 'a': an N is not a number"):
        build_row(
            KeyChanges([("user_id", "user"), ("action_time", 1)], 30, [change(A, A_BAD)]), rules
        )

"""Test that the changes of a key become one row: put, update, delete or rejection."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from ots_sync.errors import ConfigurationError, RejectedError
from ots_sync.limits import CELL_TIMESTAMP_BYTES
from ots_sync.model import Change, ColumnChanges, Row
from ots_sync.rows import KeyChanges, RowMapper, build_row, map_changes
from tests.support.builders import change, item
from tests.support.handler import load_handler

N1, N2, INVALID = {"N": "1"}, {"N": "2"}, {"N": "no number"}
A, AB, B, ONLY_KEYS = item(a=N1), item(a=N1, b=N1), item(b=N2), item()
INVALID_A, INVALID_B = item(a=INVALID), item(a=N1, b=INVALID)
TOO_WIDE = item(a={"S": "x" * 2_097_153})


@pytest.fixture(scope="module")
def row_mapper() -> RowMapper:
    row_mapper: RowMapper = load_handler().row_mapper()
    return row_mapper


def history(*images: Any) -> list[Change]:
    """Return the changes of one item from image to image; None means that there is no item."""
    return [change(old, new) for old, new in pairwise(images)]


def only_write(row: Row) -> tuple[str, dict[str, Any], set[str]]:
    """Return kind, put columns and deleted columns of a row with one write."""
    (write,) = row.writes
    assert list(write.primary_key) == [("user_id", "user"), ("action_time", 1)]
    return write.kind, dict(write.columns), set(write.delete_columns)


HISTORIES: dict[str, tuple[list[Any], tuple[str, dict[str, Any], set[str]]]] = {
    "insert": ([None, A], ("put", {"a": 1}, set())),
    "insert-only-keys": ([None, ONLY_KEYS], ("put", {}, set())),
    "remove": ([A, None], ("delete", {}, set())),
    "modify": ([A, AB], ("update", {"a": 1, "b": 1}, set())),
    "modify-puts-unchanged-columns-too": ([AB, A], ("update", {"a": 1}, {"b"})),
    "modify-replaces-a-column": ([A, B], ("update", {"b": 2}, {"a"})),
    "modify-to-the-same-image": ([A, A], ("update", {"a": 1}, set())),
    "modify-from-only-keys": ([ONLY_KEYS, A], ("update", {"a": 1}, set())),
    "modifies-delete-columns-of-all-images": ([A, B, item(c=N1)], ("update", {"c": 1}, {"a", "b"})),
    "modifies-keep-a-column-that-returned": ([AB, A, AB], ("update", {"a": 1, "b": 1}, set())),
    "modifies-back-to-the-first-image": ([A, B, A], ("update", {"a": 1}, {"b"})),
    "insert-then-modify": ([None, A, AB], ("put", {"a": 1, "b": 1}, set())),
    "remove-then-insert": ([A, None, B], ("put", {"b": 2}, set())),
    "modify-remove-insert-modify": ([A, AB, None, A, B], ("put", {"b": 2}, set())),
    "insert-then-remove": ([None, A, None], ("delete", {}, set())),
    "modify-then-remove": ([A, B, None], ("delete", {}, set())),
    # The whole row is put although the last change is a MODIFY.
    "only-keys-remain": ([A, ONLY_KEYS], ("put", {}, set())),
    "only-keys-remain-after-two-changes": ([A, B, ONLY_KEYS], ("put", {}, set())),
    "old-image-unwritable": ([INVALID_A, A], ("put", {"a": 1}, set())),
    "old-image-unwritable-name": ([item(**{"n" * 256: N1}), A], ("put", {"a": 1}, set())),
    "old-image-too-wide": ([TOO_WIDE, A], ("put", {"a": 1}, set())),
    "middle-image-unwritable": ([AB, INVALID_B, A], ("put", {"a": 1}, set())),
    "middle-image-unwritable-in-another-column": (
        [A, INVALID_B, AB],
        ("put", {"a": 1, "b": 1}, set()),
    ),
    "insert-unwritable-then-corrected": ([None, INVALID_A, A], ("put", {"a": 1}, set())),
    "remove-of-unwritable": ([INVALID_A, None], ("delete", {}, set())),
}


@pytest.mark.parametrize(("images", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_changes_of_a_key_become_one_row(
    images: list[Any], expected: Any, row_mapper: RowMapper
) -> None:
    changes = history(*images)
    (row,), rejected = map_changes(changes, row_mapper)
    assert rejected == []
    assert only_write(row) == expected
    assert list(row.changes) == changes


@pytest.mark.parametrize("old", [None, {}], ids=["none", "empty"])
def test_modify_without_an_old_image_puts_the_whole_row(old: Any, row_mapper: RowMapper) -> None:
    modify = change(A, B, OldImage=old)
    (row,), _ = map_changes([modify], row_mapper)
    assert only_write(row) == ("put", {"b": 2}, set())


def test_update_deletes_columns_that_only_an_earlier_new_image_has(row_mapper: RowMapper) -> None:
    """Between the changes there can be a record that could not be parsed."""
    (row,), _ = map_changes([change(A, AB), change(A, A)], row_mapper)
    assert only_write(row) == ("update", {"a": 1}, {"b"})
    (row,), _ = map_changes([change(A, None), change(A, AB)], row_mapper)
    assert only_write(row) == ("put", {"a": 1, "b": 1}, set())


def test_name_of_a_deleted_column_is_counted(row_mapper: RowMapper) -> None:
    (few, more), _ = map_changes(
        [change(A, A), change(item("other", a=N1, **{"n" * 100: N1}), item("other", a=N1))],
        row_mapper,
    )
    counted = more.writes[0].counted_bytes - few.writes[0].counted_bytes
    assert counted == 100 + CELL_TIMESTAMP_BYTES + len("other") - len("user")


def test_column_with_an_invalid_name_is_not_deleted(row_mapper: RowMapper) -> None:
    """No table accepts it, so it was never written; the other columns are deleted."""
    update = row_mapper.generate_update_attribute(
        A, item(b=N1, **{"n" * 256: N1}), row_mapper.key_list
    )
    assert update == {"put": [("a", 1)], "delete_all": ["b"]}


REJECTED = {
    "insert": [None, INVALID_A],
    "modify": [A, INVALID_A],
    "insert-then-modify": [None, A, INVALID_A],
    "only-keys-then-invalid": [ONLY_KEYS, INVALID_B],
    "too-wide": [A, TOO_WIDE],
    "name-too-long": [A, item(**{"n" * 256: N1})],
    "lone-surrogate": [A, item(a={"S": "\ud83d"})],
    "lone-surrogate-nested": [A, item(a={"L": [{"M": {"\ud83d": {"S": "a"}}}]})],
    "lone-surrogate-in-a-name": [A, item(**{"\ud83d": N1})],
    "name-empty": [None, item(a=N1, **{"": N1})],
}


@pytest.mark.parametrize("images", REJECTED.values(), ids=REJECTED)
def test_unwritable_last_image_rejects_all_records_of_its_key(
    images: list[Any], row_mapper: RowMapper
) -> None:
    """The rows of other keys are written."""
    other = change(None, item("other", a=N1))
    changes = history(*images)
    (row,), rejected = map_changes([*changes, other], row_mapper)
    assert row.changes == [other]
    assert [one.record for one in rejected] == [one.record for one in changes]


def test_rows_are_in_the_order_of_their_first_change(row_mapper: RowMapper) -> None:
    changes = [change(None, item(user)) for user in "bacab"]
    rows, _ = map_changes(changes, row_mapper)
    assert [row.writes[0].primary_key[0][1] for row in rows] == ["b", "a", "c"]
    assert [len(row.changes) for row in rows] == [2, 2, 1]


def test_keys_are_equal_by_type_and_value_not_by_notation(row_mapper: RowMapper) -> None:
    """Text and bytes of the same characters are two keys; 1 and 1.0 are one."""
    text, binary = change(None, item("YQ==")), change(Keys={**item(), "user_id": {"B": "YQ=="}})
    other_notation = change(Keys={"user_id": {"S": "YQ=="}, "action_time": {"N": "1.0"}})
    rows, _ = map_changes([text, binary, other_notation], row_mapper)
    assert [row.writes[0].primary_key[0][1] for row in rows] == ["YQ==", bytearray(b"a")]
    assert [len(row.changes) for row in rows] == [2, 1]


INVALID_KEYS = {
    "fraction": {"N": "1.5"},
    "over-64-bits": {"N": "9223372036854775808"},
    "invalid-type": {"BOOL": True},
    "untagged": 1,
    "null": None,
}


@pytest.mark.parametrize("tagged", INVALID_KEYS.values(), ids=INVALID_KEYS)
def test_invalid_key_rejects_only_its_own_record(tagged: Any, row_mapper: RowMapper) -> None:
    keys = {"user_id": {"S": "a"}, "action_time": tagged}
    bad, good = change(Keys=keys), change()
    rows, rejected = map_changes([bad, good], row_mapper)
    assert [row.changes for row in rows] == [[good]]
    assert [(one.record, "'action_time'" in str(one.error)) for one in rejected] == [
        (bad.record, True)
    ]


@pytest.mark.parametrize(
    "user", ["k" * 1025, "é" * 513, "\ud83d"], ids=["too-long", "too-long-in-bytes", "not-utf8"]
)
def test_remove_of_a_key_that_cannot_be_written_is_ignored(
    user: str, row_mapper: RowMapper
) -> None:
    assert map_changes([change(item(user), None)], row_mapper) == ([], [])
    _, rejected = map_changes([change(None, item(user))], row_mapper)
    assert len(rejected) == 1


def test_keys_that_differ_from_primary_key_raise(row_mapper: RowMapper) -> None:
    with pytest.raises(ConfigurationError, match="PRIMARY_KEY"):
        map_changes([change(), change(Keys={"id": {"S": "a"}})], row_mapper)


def broken(*_: Any) -> Any:
    """An edited function of the handler module, with a defect."""
    raise KeyError("secret-value")


@pytest.mark.parametrize(
    "function", ["get_primary_key", "generate_attribute", "generate_update_attribute"]
)
def test_unexpected_error_rejects_its_records_without_its_message(
    function: str, row_mapper: RowMapper
) -> None:
    """An edited function can fail for one item, and its message can contain the item's values."""
    edit: dict[str, Any] = {function: broken}
    edited = replace(row_mapper, **edit)
    changes = [change(A, B), change(None, item("other"))]
    _, rejected = map_changes(changes, edited)
    assert rejected
    assert {one.error.code for one in rejected} == {"Unexpected"}
    assert "KeyError in test_rows.py, broken" in str(rejected[0].error)
    assert "secret-value" not in str(rejected[0].error)


def misconfigured(*_: Any) -> Any:
    raise ConfigurationError("an edited function raises this")


@pytest.mark.parametrize(
    "function", ["get_primary_key", "generate_attribute", "generate_update_attribute"]
)
def test_configuration_error_of_an_edited_function_is_raised(
    function: str, row_mapper: RowMapper
) -> None:
    """An edited function can stop the stream this way, instead of rejecting every record."""
    edit: dict[str, Any] = {function: misconfigured}
    edited = replace(row_mapper, **edit)
    with pytest.raises(ConfigurationError, match="an edited function"):
        map_changes([change(A, B), change(None, item("other"))], edited)


def test_unexpected_error_of_get_primary_key_rejects_a_remove_too(row_mapper: RowMapper) -> None:
    """Unlike after an invalid key, the row may exist."""
    edited = replace(row_mapper, get_primary_key=broken)
    rows, rejected = map_changes([change(A, None)], edited)
    assert (rows, len(rejected)) == ([], 1)


def delete_only(*_: Any) -> ColumnChanges:
    return {"put": [], "delete_all": ["a"]}


def test_update_that_only_deletes_becomes_a_put(row_mapper: RowMapper) -> None:
    """An edited function may return no column to put; such an update would create no row."""
    edited = replace(row_mapper, generate_update_attribute=delete_only)
    (row,), _ = map_changes([change(A, B)], edited)
    assert only_write(row) == ("put", {"b": 2}, set())


def test_build_row_raises_for_an_unwritable_image(row_mapper: RowMapper) -> None:
    with pytest.raises(RejectedError, match="attribute 'a': an N is not a number"):
        build_row(
            KeyChanges([("user_id", "user"), ("action_time", 1)], 30, [change(A, INVALID_A)]),
            row_mapper,
        )

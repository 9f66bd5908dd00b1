"""Test the random changes of the demo."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from ots_local.demo.changes import ATTRIBUTES, REVISION, random_changes


def test_changes_depend_only_on_the_seed() -> None:
    assert list(random_changes(200, Random(7))) == list(random_changes(200, Random(7)))
    assert list(random_changes(200, Random(7))) != list(random_changes(200, Random(8)))


def test_every_change_changes_its_item_so_the_stream_has_a_record() -> None:
    """Deletes and updates are of existing items, and an update changes an attribute."""
    table: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for change in random_changes(2000, Random(1)):
        key, before = str(change.key), table.get(str(change.key))
        seen[change.kind] += 1
        seen.update(tag for value in change.attributes.values() for tag in value)
        if change.kind == "delete":
            assert before is not None
            del table[key]
        elif change.kind == "put":
            table[key] = change.attributes
            assert before != change.attributes
        else:
            assert before is not None
            assert set(change.removed) <= set(before)
            assert not set(change.removed) & set(change.attributes)
            assert before[REVISION] != change.attributes[REVISION]
            remaining = {
                name: value for name, value in before.items() if name not in change.removed
            }
            table[key] = {**remaining, **change.attributes}
    assert set(seen) >= {"put", "update", "delete"}
    tags = {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}
    assert set(seen) >= tags
    assert {tag for generate in ATTRIBUTES.values() for tag in generate(Random(1))} == tags

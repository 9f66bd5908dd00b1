"""Items of DynamoDB and rows of Table Store go in; every difference comes out, by name.

An item becomes the row that the function's own rules make of it, and the two must hold the same
cells, types included: 2, 2.0 and true differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ots_sync.rows import RowMapper

Key = tuple[Any, ...]
Rows = Mapping[Key, Mapping[str, Any]]
"""Key values in the table's order -> column -> value; a binary is bytes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not what it should be; `columns` are the names of those that differ."""

    key: Key
    what: str
    columns: tuple[str, ...] = ()


def wanted(items: Iterable[Mapping[str, Any]], rules: RowMapper) -> Rows:
    """The rows that the items should have become.

    Raises RefusedError for an item that can never be a row.
    """
    rows = {}
    for item in items:
        primary_key = rules.get_primary_key({name: item[name] for name in rules.key_list})
        columns = rules.generate_attribute(item, rules.key_list)
        key = tuple(_plain(value) for _, value in primary_key)
        rows[key] = {name: _plain(value) for name, value in columns}
    return rows


def differences(source: Rows, target: Rows) -> list[Difference]:
    """Every row that the two do not have alike; empty when they are equal."""
    found = [Difference(key, "is missing") for key in source if key not in target]
    found += [Difference(key, "should not be there") for key in target if key not in source]
    for key, row in source.items():
        other = target.get(key)
        if other is not None:
            columns = sorted(name for name in {*row, *other} if not _same(name, row, other))
            if columns:
                found.append(Difference(key, "differs in", tuple(columns)))
    return found


def _same(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if name not in one or name not in other:
        return False
    return type(one[name]) is type(other[name]) and one[name] == other[name]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytearray) else value

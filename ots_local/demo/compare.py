"""Compare items of DynamoDB with rows of Table Store, column by column.

An item is converted with the function's own row mapper. Names, values and types must be equal: 2,
2.0 and true differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ots_sync.rows import RowMapper

Key = tuple[Any, ...]
Rows = Mapping[Key, Mapping[str, Any]]
"""Key values in the table's order -> column name -> value; a binary value is bytes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs; `columns` are the names of the columns that differ."""

    key: Key
    kind: str
    columns: tuple[str, ...] = ()


def expected_rows(items: Iterable[Mapping[str, Any]], row_mapper: RowMapper) -> Rows:
    """Return the rows for these items; raises RejectedError for an item that cannot be a row."""
    rows = {}
    for item in items:
        primary_key = row_mapper.get_primary_key({name: item[name] for name in row_mapper.key_list})
        columns = row_mapper.generate_attribute(item, row_mapper.key_list)
        key = tuple(_plain(value) for _, value in primary_key)
        rows[key] = {name: _plain(value) for name, value in columns}
    return rows


def find_differences(expected: Rows, actual: Rows) -> list[Difference]:
    """Return every row that is not equal in both."""
    found = [Difference(key, "is missing") for key in expected if key not in actual]
    found += [Difference(key, "is unexpected") for key in actual if key not in expected]
    for key, row in expected.items():
        other = actual.get(key)
        if other is not None:
            columns = sorted(name for name in {*row, *other} if not _equal(name, row, other))
            if columns:
                found.append(Difference(key, "differs in", tuple(columns)))
    return found


def _equal(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if name not in one or name not in other:
        return False
    return type(one[name]) is type(other[name]) and one[name] == other[name]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytearray) else value

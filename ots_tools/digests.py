"""A row, as it should be or as it is, goes in; what identifies it and a digest of it come out.

Types count: 2, 2.0, true and "2" are four values, as Table Store keeps them apart.
"""

from __future__ import annotations

import ast
import hashlib
import marshal
from collections.abc import Iterable, Sequence
from typing import Any

from ots_sync import rows
from ots_sync.model import Change, PrimaryKey
from ots_sync.rows import RowMapper, map_changes

DIGEST_BYTES = 16
REFUSED = b"\0" * DIGEST_BYTES
"""In the place of a digest: the item can never be a row."""

Columns = dict[str, Any]

_PLAIN = 2
"""The last version of marshal that writes equal values alike, whether they are one object or two.
https://docs.python.org/3/library/marshal.html"""


def key_bytes(primary_key: PrimaryKey) -> bytes:
    """What identifies the row, the same from both sides."""
    return repr(
        tuple([bytes(v) if isinstance(v, bytearray) else v for _, v in primary_key])
    ).encode("utf-8", "backslashreplace")


def primary_key(identity: bytes, key_list: Sequence[str]) -> list[tuple[str, Any]]:
    """The primary key that `key_bytes` identifies."""
    values = ast.literal_eval(identity.decode())
    return [
        (name, bytearray(value) if isinstance(value, bytes) else value)
        for name, value in zip(key_list, values, strict=True)
    ]


def digest(columns: Columns) -> bytes:
    """16 bytes that differ when a column's name, type or value differs."""
    written = marshal.dumps(sorted(columns.items()), _PLAIN)
    return hashlib.blake2b(written, digest_size=DIGEST_BYTES).digest()


def wanted(
    changes: Sequence[Change], rules: RowMapper
) -> tuple[list[tuple[bytes, Columns, Change]], list[tuple[bytes | None, Change]]]:
    """The rows that items should be, by the door's rules, and the items that can be none: these
    with what identifies their row where the key is sound.
    """
    rows, refused = map_changes(changes, rules)
    good = [
        (
            key_bytes(row.writes[0].primary_key),
            {name: value for step in row.writes for name, value in step.columns},
            row.changes[-1],
        )
        for row in rows
    ]
    by_record = {id(change.record): change for change in changes} if refused else {}
    bad = [by_record[id(one.record)] for one in refused]
    return good, [(_key_of(change, rules), change) for change in bad]


def _key_of(change: Change, rules: RowMapper) -> bytes | None:
    try:
        key = rules.get_primary_key(change.keys)
        rows.key_size(key)
        return key_bytes(key)
    except Exception:  # noqa: BLE001 - the key itself is what cannot be
        return None


def differing(expected: Columns, found: Columns) -> list[str]:
    """The names of the columns that are missing, too many, or of another type or value."""
    names: Iterable[str] = sorted(expected.keys() | found.keys())
    return [
        name
        for name in names
        if name not in expected
        or name not in found
        or digest({"": expected[name]}) != digest({"": found[name]})
    ]

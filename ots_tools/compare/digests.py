"""Compute the key and the digest of a row, for rows as they should be and as they are.

Types count: 2, 2.0, true and "2" are four values, as in Table Store.
"""

from __future__ import annotations

import ast
import hashlib
import marshal
from collections.abc import Iterable, Sequence
from typing import Any

from ots_sync.model import Change, PrimaryKey
from ots_sync.rows import RowMapper, key_size, map_changes

DIGEST_BYTES = 16
REJECTED = b"\0" * DIGEST_BYTES
"""In place of a digest: the item can never become a row."""

Columns = dict[str, Any]

_MARSHAL_VERSION = 2
"""The last version that writes equal values equally, whether they are one object or two.
https://docs.python.org/3/library/marshal.html"""


def encode_key(primary_key: PrimaryKey) -> bytes:
    """Return bytes that identify the row, equal for both sides."""
    return repr(
        tuple([bytes(v) if isinstance(v, bytearray) else v for _, v in primary_key])
    ).encode("utf-8", "backslashreplace")


def decode_key(encoded: bytes, key_list: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the primary key that `encode_key` encoded."""
    values = ast.literal_eval(encoded.decode())
    return [
        (name, bytearray(value) if isinstance(value, bytes) else value)
        for name, value in zip(key_list, values, strict=True)
    ]


def row_digest(columns: Columns) -> bytes:
    """Return 16 bytes that differ if the name, the type or the value of a column differs."""
    encoded = marshal.dumps(sorted(columns.items()), _MARSHAL_VERSION)
    return hashlib.blake2b(encoded, digest_size=DIGEST_BYTES).digest()


def expected_rows(
    changes: Sequence[Change], row_mapper: RowMapper
) -> tuple[list[tuple[bytes, Columns, Change]], list[tuple[bytes | None, Change]]]:
    """Return the rows that items should become, and the items that can never become rows.

    Both have the encoded primary key first; it is None for an item without a valid key.
    """
    rows, rejected = map_changes(changes, row_mapper)
    expected = [
        (
            encode_key(row.writes[0].primary_key),
            {name: value for write in row.writes for name, value in write.columns},
            row.changes[-1],
        )
        for row in rows
    ]
    by_record = {id(change.record): change for change in changes} if rejected else {}
    invalid = [by_record[id(one.record)] for one in rejected]
    return expected, [(_encoded_key_of(change, row_mapper), change) for change in invalid]


def _encoded_key_of(change: Change, row_mapper: RowMapper) -> bytes | None:
    try:
        primary_key = row_mapper.get_primary_key(change.keys)
        key_size(primary_key)
        return encode_key(primary_key)
    except Exception:  # noqa: BLE001 - whatever the cause, the key is not valid
        return None


def differing_columns(expected: Columns, found: Columns) -> list[str]:
    """Return the names of columns that are missing, extra, or of another type or value."""
    names: Iterable[str] = sorted(expected.keys() | found.keys())
    return [
        name
        for name in names
        if name not in expected
        or name not in found
        or row_digest({"": expected[name]}) != row_digest({"": found[name]})
    ]

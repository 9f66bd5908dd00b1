"""What a row may hold: cells and keys in, the size of their data out; refuses what breaks a limit.

Whatever is refused here fails the whole request, as the service does it. A key that does not fit
its table is another matter: that fails one row (`check_key_fits`).
"""

from __future__ import annotations

from collections.abc import Iterable

from ots_local.tablestore import limits
from ots_local.tablestore.column_rules import (
    check_column_name,
    check_length,
    check_utf8,
    check_value,
    text,
)
from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.rows import DELETE_ALL, DELETE_ONE, INCREMENT, Cell, Key, RowChange, Write
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.values import (
    AUTO_INCREMENT,
    BINARY,
    BOOLEAN,
    FRAME,
    INTEGER,
    STRING,
    TYPE_NAMES,
)

_SHORT = 1024  # bytes; a value that is surely not too long
_KEY_TYPES = (INTEGER, STRING, BINARY, BOOLEAN)


def check_key(key: Key, reading: bool, borders: tuple[int, ...] = ()) -> int:
    """Refuse a key that no table could have; returns the bytes of its names and values.

    `borders` are the types of values that stand for the ends of a range.
    """
    if not 1 <= len(key) <= limits.KEY_COLUMNS:
        raise invalid(
            f"The number of primary key columns must be in range: [1, {limits.KEY_COLUMNS}]."
        )
    total = 0
    names: set[bytes] = set()
    for name, value, timestamp, operation in key:
        if not name:
            raise invalid("No name is given for primary key.")
        if value is None:
            raise invalid(f"No value is given for primary key name:{text(name)}.")
        if operation is not None:
            raise invalid(f"OpType cannot be given for primary key name :{text(name)}.")
        if timestamp is not None:
            raise invalid(f"Timestamp cannot be given for primary key name:{text(name)}.")
        if name in names:
            raise invalid(f"Duplicated primary key name: '{text(name)}'.")
        names.add(name)
        kind = value[0]
        if kind == AUTO_INCREMENT and reading:
            raise invalid("PKAutoIncr can't be used for read operations.")
        if kind not in _KEY_TYPES and kind != AUTO_INCREMENT and kind not in borders:
            raise invalid(f"{TYPE_NAMES[kind]} is an invalid type for the primary key.")
        length = len(value) - FRAME[kind]
        if kind in (STRING, BINARY):
            check_length("primary key", name, length, limits.KEY_VALUE_BYTES)
        if kind == STRING:
            check_utf8(name, value)
        total += len(name) + length
    return total


def check_key_fits(key: Key, schema: Schema, borders: tuple[int, ...] = ()) -> None:
    """Refuse a key whose names, number or types are not the table's; this fails one row only."""
    if len(key) != len(schema.key):
        raise ServiceError(
            "OTSInvalidPK",
            f"Validate PK size fail. Input: {len(key)}, Meta: {len(schema.key)}.",
        )
    for cell, column in zip(key, schema.key, strict=True):
        name = text(cell.name)
        if name != column.name:
            raise ServiceError(
                "OTSInvalidPK", f"Validate PK name fail. Input: {name}, Meta: {column.name}."
            )
        assert cell.value is not None
        kind = cell.value[0]
        if kind == AUTO_INCREMENT and column.auto_increment:
            continue
        if kind != column.kind and kind not in borders:
            raise ServiceError(
                "OTSInvalidPK",
                f"Validate PK type fail. Input: {TYPE_NAMES[kind]}, "
                f"Meta: {TYPE_NAMES[column.kind]}.",
            )


def check_cells(change: RowChange, lenient_names: bool) -> int:
    """Refuse cells that cannot be written; returns the bytes of their names and values."""
    cells = change.cells
    if len(cells) > limits.COLUMNS_PER_WRITE:
        raise invalid(
            "The number of attribute columns exceeds the limit, "
            f"limit count: {limits.COLUMNS_PER_WRITE}, column count: {len(cells)}."
        )
    if change.write is Write.UPDATE:
        check_operations(cells)
    check_name, update = check_column_name, change.write is Write.UPDATE
    key_names = {cell.name for cell in change.key}
    total = 0
    for name, value, timestamp, operation in cells:
        check_name(name, lenient_names)
        if name in key_names:
            raise invalid(
                f"Duplicated attribute column name with primary key column: {text(name)}."
            )
        if value is not None and value[0] == STRING and value.isascii() and len(value) < _SHORT:
            total += len(name) + len(value) - 5  # most values; the rest of the rules is for others
        elif value is not None:
            total += len(name) + check_value(name, value)
        elif operation not in (DELETE_ALL, DELETE_ONE):
            raise invalid(f"Cell data broken, attr has no value, name:{text(name)}.")
        else:
            total += len(name)
        if operation is not None and not update:
            raise invalid(f"OpType cannot be given for column name:{text(name)} in PutRow.")
        if timestamp is not None and not 0 <= timestamp < limits.TIMESTAMP_END:
            raise invalid("Timestamp must be in range [0, INT64_MAX/1000).")
    return total


def check_operations(cells: list[Cell]) -> None:
    """Refuse what an UpdateRow may not ask of a column."""
    if not cells:
        raise invalid("Attribute column is missing.")
    incremented = {cell.name for cell in cells if cell.operation == INCREMENT}
    for name, value, timestamp, operation in cells:
        if operation == DELETE_ONE and timestamp is None:
            raise invalid("Timestamp must be given when type is DELETE_ONE_VERSION.")
        if operation == DELETE_ALL and timestamp is not None:
            raise invalid("Timestamp cannot be given when type is DELETE_ALL_VERSION.")
        if operation in (DELETE_ALL, DELETE_ONE) and value is not None:
            raise invalid(
                "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION."
            )
        if operation == INCREMENT and (value is None or value[0] != INTEGER):
            raise invalid(f"Only an integer can be added to column: '{text(name)}'.")
        if operation not in (None, DELETE_ALL, DELETE_ONE, INCREMENT):
            raise invalid(f"Invalid op type of cell: {operation}.")
    if incremented and len([c for c in cells if c.name in incremented]) > len(incremented):
        raise invalid("A column that is incremented must not be changed otherwise in one request.")


def check_timestamps(cells: Iterable[Cell], schema: Schema, now: int) -> None:
    """Refuse cells whose timestamps (milliseconds) are too far from now for their table."""
    options = schema.options
    deviation, life = options.deviation or 0, options.time_to_live or -1
    back = deviation if life < 0 else min(deviation, life)
    low, high = now // 1000 - back, now // 1000 + deviation
    for name, _, stamp, operation in [cell for cell in cells if cell[2] is not None]:
        assert stamp is not None
        if operation != DELETE_ONE and not low <= stamp // 1000 < high:
            raise invalid(f"Invalid timestamp. Cell:{text(name)}.")

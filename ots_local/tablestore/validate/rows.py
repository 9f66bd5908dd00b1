"""Validate keys, columns, values and timestamps of rows.

An error raised here fails the whole request, as in the service. The exception is
`check_key_matches`: a key that does not match its table fails one row only.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from functools import lru_cache

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.model import (
    DELETE_ALL,
    DELETE_ONE,
    INCREMENT,
    Cell,
    Key,
    RowChange,
    WriteType,
)
from ots_local.tablestore.storage.schema import Schema
from ots_local.tablestore.storage.values import (
    AUTO_INCREMENT,
    BINARY,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    OVERHEAD,
    STRING,
    TYPE_NAMES,
)

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,254}")
_ATTRIBUTE_TYPES = (INTEGER, DOUBLE, BOOLEAN, STRING, BINARY)
_KEY_TYPES = (INTEGER, STRING, BINARY, BOOLEAN)
_SHORT = 1024  # bytes; shorter values are within every limit


def check_key(key: Key, reading: bool, bounds: tuple[int, ...] = ()) -> int:
    """Check that some table could have a key; return the size of its names and values.

    `bounds` are the value types that a bound of a range may have in addition.

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    if not 1 <= len(key) <= limits.KEY_COLUMNS:
        raise invalid_parameter(
            f"The number of primary key columns must be in range: [1, {limits.KEY_COLUMNS}]."
        )
    total = 0
    names: set[bytes] = set()
    for name, value, timestamp, operation in key:
        if not name:
            raise invalid_parameter("No name is given for primary key.")
        if value is None:
            raise invalid_parameter(f"No value is given for primary key name:{_text(name)}.")
        if operation is not None:
            raise invalid_parameter(f"OpType cannot be given for primary key name :{_text(name)}.")
        if timestamp is not None:
            raise invalid_parameter(
                f"Timestamp cannot be given for primary key name:{_text(name)}."
            )
        if name in names:
            raise invalid_parameter(f"Duplicated primary key name: '{_text(name)}'.")
        names.add(name)
        kind = value[0]
        if kind == AUTO_INCREMENT and reading:
            raise invalid_parameter("PKAutoIncr can't be used for read operations.")
        if kind not in _KEY_TYPES and kind != AUTO_INCREMENT and kind not in bounds:
            raise invalid_parameter(f"{TYPE_NAMES[kind]} is an invalid type for the primary key.")
        length = len(value) - OVERHEAD[kind]
        if kind in (STRING, BINARY):
            _check_length("primary key", name, length, limits.KEY_VALUE_BYTES)
        if kind == STRING:
            _check_utf8(name, value)
        total += len(name) + length
    return total


def check_key_matches(key: Key, schema: Schema, bounds: tuple[int, ...] = ()) -> None:
    """Check that names, number and types of a key's columns are those of the table.

    Raises:
        ServiceError: OTSInvalidPK.
    """
    if len(key) != len(schema.key):
        raise ServiceError(
            "OTSInvalidPK",
            f"Validate PK size fail. Input: {len(key)}, Meta: {len(schema.key)}.",
        )
    for cell, column in zip(key, schema.key, strict=True):
        name = _text(cell.name)
        if name != column.name:
            raise ServiceError(
                "OTSInvalidPK", f"Validate PK name fail. Input: {name}, Meta: {column.name}."
            )
        assert cell.value is not None
        kind = cell.value[0]
        if kind == AUTO_INCREMENT and column.auto_increment:
            continue
        if kind != column.kind and kind not in bounds:
            raise ServiceError(
                "OTSInvalidPK",
                f"Validate PK type fail. Input: {TYPE_NAMES[kind]}, "
                f"Meta: {TYPE_NAMES[column.kind]}.",
            )


def check_cells(change: RowChange, any_column_names: bool) -> int:
    """Check the cells of a row change; return the size of their names and values.

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    cells = change.cells
    if len(cells) > limits.COLUMNS_PER_WRITE:
        raise invalid_parameter(
            "The number of attribute columns exceeds the limit, "
            f"limit count: {limits.COLUMNS_PER_WRITE}, column count: {len(cells)}."
        )
    update = change.type is WriteType.UPDATE
    if update:
        _check_operations(cells)
    check_name = check_column_name
    key_names = {cell.name for cell in change.key}
    total = 0
    for name, value, timestamp, operation in cells:
        check_name(name, any_column_names)
        if name in key_names:
            raise invalid_parameter(
                f"Duplicated attribute column name with primary key column: {_text(name)}."
            )
        if value is not None and value[0] == STRING and value.isascii() and len(value) < _SHORT:
            total += len(name) + len(value) - 5  # the case of most values
        elif value is not None:
            total += len(name) + check_value(name, value)
        elif operation not in (DELETE_ALL, DELETE_ONE):
            raise invalid_parameter(f"Cell data broken, attr has no value, name:{_text(name)}.")
        else:
            total += len(name)
        if operation is not None and not update:
            raise invalid_parameter(
                f"OpType cannot be given for column name:{_text(name)} in PutRow."
            )
        if timestamp is not None and not 0 <= timestamp < limits.TIMESTAMP_END:
            raise invalid_parameter("Timestamp must be in range [0, INT64_MAX/1000).")
    return total


def _check_operations(cells: list[Cell]) -> None:
    if not cells:
        raise invalid_parameter("Attribute column is missing.")
    incremented = {cell.name for cell in cells if cell.operation == INCREMENT}
    for name, value, timestamp, operation in cells:
        if operation == DELETE_ONE and timestamp is None:
            raise invalid_parameter("Timestamp must be given when type is DELETE_ONE_VERSION.")
        if operation == DELETE_ALL and timestamp is not None:
            raise invalid_parameter("Timestamp cannot be given when type is DELETE_ALL_VERSION.")
        if operation in (DELETE_ALL, DELETE_ONE) and value is not None:
            raise invalid_parameter(
                "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION."
            )
        if operation == INCREMENT and (value is None or value[0] != INTEGER):
            raise invalid_parameter(f"Only an integer can be added to column: '{_text(name)}'.")
        if operation not in (None, DELETE_ALL, DELETE_ONE, INCREMENT):
            raise invalid_parameter(f"Invalid op type of cell: {operation}.")
    if incremented and len([c for c in cells if c.name in incremented]) > len(incremented):
        raise invalid_parameter(
            "A column with an increment cannot have another change in the same request."
        )


def check_timestamps(cells: Iterable[Cell], schema: Schema, now: int) -> None:
    """Check that timestamps are within the table's deviation of `now` (milliseconds).

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    options = schema.options
    deviation, life = options.deviation or 0, options.time_to_live or -1
    back = deviation if life < 0 else min(deviation, life)
    low, high = now // 1000 - back, now // 1000 + deviation
    for name, _, stamp, operation in [cell for cell in cells if cell[2] is not None]:
        assert stamp is not None
        if operation != DELETE_ONE and not low <= stamp // 1000 < high:
            raise invalid_parameter(f"Invalid timestamp. Cell:{_text(name)}.")


@lru_cache(maxsize=8192)
def check_column_name(name: bytes, any_name: bool) -> None:
    """Check a column name; `any_name` accepts all that do not begin with "#".

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    if not name:
        raise invalid_parameter("invalid name of column: empty name.")
    valid = (
        len(name) <= limits.NAME_BYTES and not name.startswith(b"#") and _is_utf8(name)
        if any_name
        else _NAME.fullmatch(name) is not None
    )
    if not valid:
        raise invalid_parameter(f"Invalid column name: '{_text(name)}'.")


def check_value(name: bytes, value: bytes) -> int:
    """Check an attribute value; return its size as the service counts it.

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    kind = value[0]
    if kind == INTEGER:
        return 8
    length = len(value) - OVERHEAD[kind]
    if kind in (STRING, BINARY):
        if length > limits.VALUE_BYTES:
            _check_length("attribute", name, length, limits.VALUE_BYTES)
        if kind == STRING and not value.isascii():
            _check_utf8(name, value)
    elif kind == DOUBLE:
        number = struct.unpack_from("<d", value, 1)[0]
        if math.isnan(number):
            raise invalid_parameter("NaN can't be set to double value.")
        if math.isinf(number):
            raise invalid_parameter("Infinity can't be set to double value.")
    elif kind not in _ATTRIBUTE_TYPES:
        raise invalid_parameter(f"{TYPE_NAMES[kind]} is an invalid type for the attribute column.")
    return length


def _check_length(kind: str, name: bytes, length: int, limit: int) -> None:
    if length > limit:
        raise invalid_parameter(
            f"The length of {kind} column: '{_text(name)}' exceeds the MaxLength:{limit} "
            f"with CurrentLength:{length}."
        )


def _check_utf8(name: bytes, value: bytes) -> None:
    if not _is_utf8(value[5:]):
        raise invalid_parameter(f"Value of column {_text(name)} must be UTF8 encoding.")


def _is_utf8(found: bytes) -> bool:
    try:
        found.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")

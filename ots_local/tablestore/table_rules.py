"""What a table may be: definitions and options in; refuses what breaks a limit."""

from __future__ import annotations

import re

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.schema import Options, Schema, Throughput
from ots_local.tablestore.values import INTEGER

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)


def check_table_name(name: str) -> None:
    """Refuse a name that no table can have."""
    if _NAME.fullmatch(name) is None:
        raise invalid(f"Invalid table name: '{name}'.")


def check_schema(schema: Schema) -> None:
    """Refuse a table's definition."""
    check_table_name(schema.name)
    if not 1 <= len(schema.key) <= limits.KEY_COLUMNS:
        raise invalid(
            f"The number of primary key columns must be in range: [1, {limits.KEY_COLUMNS}]."
        )
    names: set[str] = set()
    for column in schema.key:
        if _NAME.fullmatch(column.name) is None:
            raise invalid(f"Invalid column name: '{column.name}'.")
        if column.name in names:
            raise invalid(f"Duplicated primary key name: '{column.name}'.")
        names.add(column.name)
    _check_generated(schema)
    if len(schema.defined) > limits.DEFINED_COLUMNS:
        raise invalid(
            f"The number of defined columns must be in range: [0, {limits.DEFINED_COLUMNS}]."
        )
    check_options(schema.options)
    check_throughput(schema.throughput)


def _check_generated(schema: Schema) -> None:
    generated = [column for column in schema.key if column.auto_increment]
    if any(column.kind != INTEGER for column in generated):
        raise invalid("AUTO_INCREMENT primary key must be integer.")
    if len(generated) > 1:
        raise invalid("AUTO_INCREMENT primary key count must <= 1.")
    if schema.key[0].auto_increment:
        raise invalid(f"First primary key can't be auto increment, table: {schema.name}.")


def check_options(options: Options) -> None:
    """Refuse options that a table cannot have."""
    life = options.time_to_live
    if life is not None and (life == 0 or life < -1):
        raise invalid("TimeToLive cannot be 0 or less than -1.")
    if life is not None and 0 < life < limits.MIN_TIME_TO_LIVE:
        raise invalid(f"TimeToLive cannot be less than {limits.MIN_TIME_TO_LIVE}.")
    if options.max_versions is not None and options.max_versions <= 0:
        raise invalid("The maximum versions cannot be less than or equal to 0.")
    deviation = options.deviation
    if deviation is not None and not 0 <= deviation <= limits.MAX_DEVIATION:
        raise invalid("The maximum deviation must be in range [0, INT64_MAX/1000000].")


def check_throughput(throughput: Throughput) -> None:
    """Refuse reserved capacity that cannot be had."""
    for value in (throughput.read, throughput.write):
        if value < 0:
            raise invalid(f"Invalid Capacity Unit:{value} . Capacity Unit must be nonnegative.")


def check_room(tables: int) -> None:
    """Refuse one more table than an instance may have."""
    if tables >= limits.TABLES:
        raise ServiceError(
            "OTSQuotaExhausted", f"Number of tables exceeds the quota:{limits.TABLES}."
        )

"""Validate table names, definitions, options and reserved capacity.

Every function raises ServiceError: OTSParameterInvalid unless its docstring names another code.
"""

from __future__ import annotations

import re

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.storage.schema import Options, Schema, Throughput
from ots_local.tablestore.storage.values import INTEGER

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)


def check_table_name(name: str) -> None:
    """Check that a name is a valid table name."""
    if _NAME.fullmatch(name) is None:
        raise invalid_parameter(f"Invalid table name: '{name}'.")


def check_schema(schema: Schema) -> None:
    """Check a table definition."""
    check_table_name(schema.name)
    if not 1 <= len(schema.key) <= limits.KEY_COLUMNS:
        raise invalid_parameter(
            f"The number of primary key columns must be in range: [1, {limits.KEY_COLUMNS}]."
        )
    names: set[str] = set()
    for column in schema.key:
        if _NAME.fullmatch(column.name) is None:
            raise invalid_parameter(f"Invalid column name: '{column.name}'.")
        if column.name in names:
            raise invalid_parameter(f"Duplicated primary key name: '{column.name}'.")
        names.add(column.name)
    _check_auto_increment(schema)
    if len(schema.defined) > limits.DEFINED_COLUMNS:
        raise invalid_parameter(
            f"The number of defined columns must be in range: [0, {limits.DEFINED_COLUMNS}]."
        )
    check_options(schema.options)
    check_throughput(schema.throughput)


def _check_auto_increment(schema: Schema) -> None:
    auto_increment = [column for column in schema.key if column.auto_increment]
    if any(column.kind != INTEGER for column in auto_increment):
        raise invalid_parameter("AUTO_INCREMENT primary key must be integer.")
    if len(auto_increment) > 1:
        raise invalid_parameter("AUTO_INCREMENT primary key count must <= 1.")
    if schema.key[0].auto_increment:
        raise invalid_parameter(f"First primary key can't be auto increment, table: {schema.name}.")


def check_options(options: Options) -> None:
    """Check table options; None is valid for each."""
    life = options.time_to_live
    if life is not None and (life == 0 or life < -1):
        raise invalid_parameter("TimeToLive cannot be 0 or less than -1.")
    if life is not None and 0 < life < limits.MIN_TIME_TO_LIVE:
        raise invalid_parameter(f"TimeToLive cannot be less than {limits.MIN_TIME_TO_LIVE}.")
    if options.max_versions is not None and options.max_versions <= 0:
        raise invalid_parameter("The maximum versions cannot be less than or equal to 0.")
    deviation = options.deviation
    if deviation is not None and not 0 <= deviation <= limits.MAX_DEVIATION:
        raise invalid_parameter("The maximum deviation must be in range [0, INT64_MAX/1000000].")


def check_throughput(throughput: Throughput) -> None:
    """Check reserved capacity units."""
    for value in (throughput.read, throughput.write):
        if value < 0:
            raise invalid_parameter(
                f"Invalid Capacity Unit:{value} . Capacity Unit must be nonnegative."
            )


def check_table_count(tables: int) -> None:
    """Check that an instance with this number of tables may have one more.

    Raises:
        ServiceError: OTSQuotaExhausted.
    """
    if tables >= limits.TABLES:
        raise ServiceError(
            "OTSQuotaExhausted", f"Number of tables exceeds the quota:{limits.TABLES}."
        )

"""What a table may be: definitions and options in; refuses what breaks a limit."""

from __future__ import annotations

import re

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.schema import Options, Schema, Throughput

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
    if schema.key[0].auto_increment:
        raise invalid("The first primary key column can't be AUTO_INCREMENT.")
    check_options(schema.options)
    check_throughput(schema.throughput)


def check_options(options: Options) -> None:
    """Refuse options that a table cannot have."""
    life = options.time_to_live
    if life is not None and life != -1 and life < limits.MIN_TIME_TO_LIVE:
        raise invalid(
            f"The time to live must be -1 or not less than {limits.MIN_TIME_TO_LIVE} seconds."
        )
    if options.max_versions is not None and options.max_versions <= 0:
        raise invalid("The max versions must be greater than 0.")
    if options.deviation is not None and options.deviation <= 0:
        raise invalid("The max time deviation must be greater than 0.")


def check_throughput(throughput: Throughput) -> None:
    """Refuse reserved capacity that cannot be had."""
    for value in (throughput.read, throughput.write):
        if not 0 <= value <= limits.MAX_RESERVED_UNITS:
            raise invalid(
                f"Reserved capacity unit must be in range: [0, {limits.MAX_RESERVED_UNITS}]."
            )


def check_room(tables: int) -> None:
    """Refuse one more table than an instance may have."""
    if tables >= limits.TABLES:
        raise ServiceError(
            "OTSQuotaExhausted", f"Number of tables exceeds the quota:{limits.TABLES}."
        )

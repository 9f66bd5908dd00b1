"""What a reading request may ask: selections and ranges in; refuses what breaks a rule."""

from __future__ import annotations

from ots_local.tablestore import limits
from ots_local.tablestore.column_rules import check_column_name
from ots_local.tablestore.errors import invalid
from ots_local.tablestore.filter_rules import check_filter
from ots_local.tablestore.keys import encode_key
from ots_local.tablestore.row_rules import check_key, check_key_fits
from ots_local.tablestore.rows import Range, Selection, TableKeys
from ots_local.tablestore.schema import Schema
from ots_local.tablestore.settings import Leniency
from ots_local.tablestore.values import INF_MAX, INF_MIN

_BORDERS = (INF_MIN, INF_MAX)


def check_batch(asked: list[TableKeys], lenient: Leniency) -> None:
    """Refuse a BatchGetRow of no table, of one table or row twice, or of too many rows."""
    if not asked:
        raise invalid("No row specified in the request of BatchGetRow.")
    names: set[str] = set()
    for table in asked:
        if table.table in names:
            raise invalid(f"Duplicated table name: '{table.table}'.")
        names.add(table.table)
        if len(set(table.keys)) != len(table.keys) and not lenient.duplicate_rows:
            raise invalid("Duplicate rows detected in MultiGet.")
    if sum(len(table.keys) for table in asked) > limits.BATCH_GET_ROWS:
        raise invalid(f"Rows count exceeds the upper limit: {limits.BATCH_GET_ROWS}.")


def check_selection(wanted: Selection, api: str, lenient: Leniency) -> None:
    """Refuse a read that names no versions, or names too many columns."""
    timed = wanted.start_time is not None or wanted.end_time is not None
    if wanted.max_versions is None and not timed:
        while_querying = " while querying row" if api == "BatchGetRow" else ""
        raise invalid(f"No version condition is specified{while_querying}.")
    if wanted.max_versions is not None and wanted.max_versions <= 0:
        raise invalid(
            f"Invalid max versions: {wanted.max_versions} . Reason: Max versions must be positive."
        )
    if timed:
        check_times(wanted.start_time, wanted.end_time)
    most = limits.COLUMNS_TO_GET_TESTED if lenient.columns_to_get else limits.COLUMNS_TO_GET
    if len(wanted.columns) > most:
        raise invalid(
            "The number of columns from the request exceeds the limit, "
            f"limit count: {most}, column count: {len(wanted.columns)}."
        )
    for name in wanted.columns:
        check_column_name(name, lenient.column_names)
    if wanted.filter is not None:
        check_filter(wanted.filter, lenient)


def check_times(start: int | None, end: int | None) -> None:
    """Refuse a time range (milliseconds) without two borders in their order."""
    if start is None or end is None:
        raise invalid("Start and end time must be given at the same time.")
    if not 0 <= start < end <= limits.TIMESTAMP_END:
        raise invalid(f"Invalid time range: [{start}, {end}).")


def check_range(asked: Range, schema: Schema) -> None:
    """Refuse a range whose borders do not fit the table, or stand the wrong way round."""
    if asked.limit is not None and asked.limit <= 0:
        raise invalid("The limit must be greater than 0.")
    for border in (asked.start, asked.end):
        check_key(border, reading=True, borders=_BORDERS)
        check_key_fits(border, schema, _BORDERS)
    start, end = encode_key(asked.start), encode_key(asked.end)
    if asked.backward and start <= end:
        raise invalid("Begin key must more than end key in BACKWARD")
    if not asked.backward and start >= end:
        raise invalid("Begin key must less than end key in FORWARD")

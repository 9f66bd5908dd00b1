"""Validate GetRow, BatchGetRow and GetRange requests."""

from __future__ import annotations

from ots_local.tablestore import limits
from ots_local.tablestore.errors import invalid_parameter
from ots_local.tablestore.model import RangeQuery, Selection, TableKeys
from ots_local.tablestore.settings import Leniency
from ots_local.tablestore.storage.keys import encode_key
from ots_local.tablestore.storage.schema import Schema
from ots_local.tablestore.storage.values import INF_MAX, INF_MIN
from ots_local.tablestore.validate.filters import check_filter
from ots_local.tablestore.validate.rows import check_column_name, check_key, check_key_matches

_BOUNDS = (INF_MIN, INF_MAX)


def check_batch_get(tables: list[TableKeys], leniency: Leniency) -> None:
    """Check that a BatchGetRow names a table, repeats no table or row, and has not too many rows.

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    if not tables:
        raise invalid_parameter("No row specified in the request of BatchGetRow.")
    names: set[str] = set()
    for table in tables:
        if table.table in names:
            raise invalid_parameter(f"Duplicated table name: '{table.table}'.")
        names.add(table.table)
        if len(set(table.keys)) != len(table.keys) and not leniency.duplicate_rows:
            raise invalid_parameter("Duplicate rows detected in MultiGet.")
    if sum(len(table.keys) for table in tables) > limits.BATCH_GET_ROWS:
        raise invalid_parameter(f"Rows count exceeds the upper limit: {limits.BATCH_GET_ROWS}.")


def check_selection(wanted: Selection, api: str, leniency: Leniency) -> None:
    """Check the versions, the columns and the filter of a read.

    Raises:
        ServiceError: OTSParameterInvalid.
    """
    has_time_range = wanted.start_time is not None or wanted.end_time is not None
    if wanted.max_versions is None and not has_time_range:
        while_querying = " while querying row" if api == "BatchGetRow" else ""
        raise invalid_parameter(f"No version condition is specified{while_querying}.")
    if wanted.max_versions is not None and wanted.max_versions <= 0:
        raise invalid_parameter(
            f"Invalid max versions: {wanted.max_versions} . Reason: Max versions must be positive."
        )
    if has_time_range:
        _check_time_range(wanted.start_time, wanted.end_time)
    most = limits.MANY_COLUMNS_TO_GET if leniency.many_columns_to_get else limits.COLUMNS_TO_GET
    if len(wanted.columns) > most:
        raise invalid_parameter(
            "The number of columns from the request exceeds the limit, "
            f"limit count: {most}, column count: {len(wanted.columns)}."
        )
    for name in wanted.columns:
        check_column_name(name, leniency.any_column_names)
    if wanted.filter is not None:
        check_filter(wanted.filter, leniency)


def _check_time_range(start: int | None, end: int | None) -> None:
    if start is None or end is None:
        raise invalid_parameter("Start and end time must be given at the same time.")
    if not 0 <= start < end <= limits.TIMESTAMP_END:
        raise invalid_parameter(f"Invalid time range: [{start}, {end}).")


def check_range(query: RangeQuery, schema: Schema) -> None:
    """Check the limit of a range, and that its bounds match the table and are in order.

    Raises:
        ServiceError: OTSParameterInvalid; OTSInvalidPK if a bound does not match the table.
    """
    if query.limit is not None and query.limit <= 0:
        raise invalid_parameter("The limit must be greater than 0.")
    for bound in (query.start, query.end):
        check_key(bound, reading=True, bounds=_BOUNDS)
        check_key_matches(bound, schema, _BOUNDS)
    start, end = encode_key(query.start), encode_key(query.end)
    if query.backward and start <= end:
        raise invalid_parameter("Begin key must more than end key in BACKWARD")
    if not query.backward and start >= end:
        raise invalid_parameter("Begin key must less than end key in FORWARD")

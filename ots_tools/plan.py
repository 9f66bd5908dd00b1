"""Plan a load: its step, its parts, its source, and an estimate of items, time and money.

Prices are list prices of us-east-1 in US dollars for on-demand tables; other Regions and contracts
differ. https://aws.amazon.com/dynamodb/pricing/on-demand/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ots_sync.errors import ConfigurationError
from ots_tools import aws
from ots_tools.migration_rules import LoadStep
from ots_tools.sources import ExportSource, Source, TableSource
from ots_tools.sources.export import parse_location, read_export
from ots_tools.sources.table import SourceTable, segment_count

READ_UNIT_BYTES = 4_096
WRITE_UNIT_BYTES = 4_096
"""Of Table Store: https://www.alibabacloud.com/help/en/tablestore/product-overview/read-write-throughput"""
DOLLARS_PER_READ_UNIT = 0.125e-6
DOLLARS_PER_EXPORTED_GB = 0.10
ITEMS_PER_S = 2_500
"""Items of 1 KB that one worker process loads per second if neither service is slower."""


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Worker processes, threads per worker, and read units and rows per second of all workers."""

    workers: int
    threads: int
    rate_read: float | None
    rate_write: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a load takes. `write_units` are Table Store's; their price depends on the Region."""

    items: int
    bytes: int
    read_units: float
    write_units: float
    dollars: float
    seconds: float


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A load of the table `table_arn`. `exact`: the number of items is not some hours old."""

    step: LoadStep
    parts: Sequence[str]
    source: Source
    table: str
    table_arn: str
    estimate: Estimate
    exact: bool


def plan_scan(
    table: SourceTable,
    endpoint: str | None,
    key_list: Sequence[str],
    limits: LoadLimits,
    segments: int | None,
    *,
    consistent: bool,
    live: bool,
    now_s: float,
) -> LoadPlan:
    """Return the plan of a scan.

    Without `segments` there are as many as every thread needs, or as the table's size needs.
    """
    total = segments or segment_count(table, at_least=2 * limits.workers * limits.threads)
    return LoadPlan(
        LoadStep("scan", "", live, None, now_s, now_s),
        [f"{number}/{total}" for number in range(total)],
        TableSource(table.name, endpoint, key_list, consistent, limits.threads),
        table.name,
        table.arn,
        estimate_scan(table.items, table.bytes, limits, consistent=consistent),
        exact=False,
    )


def plan_export(
    location: str,
    table: str | None,
    key_list: Sequence[str],
    limits: LoadLimits,
    *,
    live: bool,
    now_s: float,
) -> LoadPlan:
    """Return the plan of loading an export, after a check of its manifests.

    Raises ConfigurationError if the export is of another table than `table`.
    """
    export = read_export(parse_location(location, lambda: aws.client("s3")))
    name = export.table_arn.rpartition("/")[2]
    if table and table != name:
        raise ConfigurationError(f"The export is of the table {name}, not of {table}.")
    files = {file.key: file for file in export.files}
    return LoadPlan(
        LoadStep(export.kind, export.name, live, export.from_s, export.to_s, now_s),
        list(files),
        ExportSource(location, export.kind, files, key_list),
        name,
        export.table_arn,
        estimate_export(export.items, export.billed_bytes, limits),
        exact=True,
    )


def estimate_scan(items: int, size: int, limits: LoadLimits, *, consistent: bool) -> Estimate:
    """Return the estimate of a scan of so many items and bytes."""
    read_units = size / READ_UNIT_BYTES * (1.0 if consistent else 0.5)
    seconds = _seconds(items, limits)
    if limits.rate_read:
        seconds = max(seconds, read_units / limits.rate_read)
    return Estimate(
        items,
        size,
        read_units,
        _write_units(items, size),
        read_units * DOLLARS_PER_READ_UNIT,
        seconds,
    )


def estimate_export(items: int, size: int, limits: LoadLimits) -> Estimate:
    """Return the estimate of loading an export, including the price of the export itself."""
    return Estimate(
        items,
        size,
        0.0,
        _write_units(items, size),
        size / 1e9 * DOLLARS_PER_EXPORTED_GB,
        _seconds(items, limits),
    )


def _seconds(items: int, limits: LoadLimits) -> float:
    seconds = items / (ITEMS_PER_S * limits.workers)
    return max(seconds, items / limits.rate_write if limits.rate_write else 0.0)


def _write_units(items: int, size: int) -> float:
    return items * max(1, -(-size // (items or 1)) / WRITE_UNIT_BYTES)

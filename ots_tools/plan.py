"""What a person asks to load goes in; the step, its parts and where they are read from come out.

Refuses an export of another table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ots_sync.errors import ConfigurationError
from ots_tools import aws, costs, scan
from ots_tools.exports import read_export
from ots_tools.orders import Step
from ots_tools.places import place
from ots_tools.reading import ExportOrigin, Origin, TableOrigin


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: worker processes, threads in each, read units and rows a second in all."""

    workers: int
    threads: int
    rate_read: float | None
    rate_write: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A load that may begin. `table_arn` is whose items these are."""

    step: Step
    parts: Sequence[str]
    origin: Origin
    table: str
    table_arn: str
    estimate: costs.Estimate
    exact: bool
    """Whether the number of items is known, not some hours old."""


def of_table(
    client_and_table: tuple[Any, scan.Table],
    endpoint: str | None,
    key_list: Sequence[str],
    pace: Pace,
    segments: int | None,
    *,
    consistent: bool,
    live: bool,
    now_s: float,
) -> Plan:
    """A scan in segments; as many as keep every thread busy, or as the table's size asks for."""
    _, table = client_and_table
    total = segments or scan.segments(table, 2 * pace.workers * pace.threads)
    return Plan(
        Step("scan", "", live, None, now_s, now_s),
        [f"{number}/{total}" for number in range(total)],
        TableOrigin(table.name, endpoint, key_list, consistent, pace.threads),
        table.name,
        table.arn,
        costs.of_scan(
            table.items,
            table.bytes,
            consistent=consistent,
            workers=pace.workers,
            rate_read=pace.rate_read,
            rate_write=pace.rate_write,
        ),
        exact=False,
    )


def of_export(
    location: str,
    table: str | None,
    key_list: Sequence[str],
    pace: Pace,
    *,
    live: bool,
    now_s: float,
) -> Plan:
    """The data files of an export, after its manifests were checked."""
    export = read_export(place(location, lambda: aws.client("s3")))
    name = export.table_arn.rpartition("/")[2]
    if table and table != name:
        raise ConfigurationError(f"The export is of the table {name}, not of {table}.")
    files = {file.key: file for file in export.files}
    return Plan(
        Step(export.kind, export.name, live, export.from_s, export.to_s, now_s),
        list(files),
        ExportOrigin(location, export.kind, files, key_list),
        name,
        export.table_arn,
        costs.of_export(
            export.items, export.billed_bytes, workers=pace.workers, rate_write=pace.rate_write
        ),
        exact=True,
    )

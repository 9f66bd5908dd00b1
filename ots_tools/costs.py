"""Items and bytes go in, an estimate of read units, time and money comes out, before it is spent.

List prices of us-east-1 in US dollars, for on-demand tables; other regions and contracts differ.
https://aws.amazon.com/dynamodb/pricing/on-demand/
"""

from __future__ import annotations

from dataclasses import dataclass

READ_UNIT_BYTES = 4_096
WRITE_UNIT_BYTES = 4_096
"""Of Table Store: https://www.alibabacloud.com/help/en/tablestore/product-overview/read-write-throughput"""
DOLLARS_PER_READ_UNIT = 0.125e-6
DOLLARS_PER_EXPORTED_GB = 0.10
ITEMS_PER_S = 2_500
"""What one worker process loads of items of 1 KB, where neither end is slower."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a load will take. `write_units` are Table Store's, whose price depends on the region."""

    items: int
    bytes: int
    read_units: float
    write_units: float
    dollars: float
    seconds: float


def of_scan(
    items: int,
    size: int,
    *,
    consistent: bool,
    workers: int,
    rate_read: float | None,
    rate_write: float | None,
) -> Estimate:
    """The estimate of a scan of so many items and bytes."""
    units = size / READ_UNIT_BYTES * (1.0 if consistent else 0.5)
    seconds = items / (ITEMS_PER_S * workers)
    if rate_read:
        seconds = max(seconds, units / rate_read)
    return Estimate(
        items,
        size,
        units,
        _write_units(items, size),
        units * DOLLARS_PER_READ_UNIT,
        max(seconds, items / rate_write if rate_write else 0.0),
    )


def of_export(items: int, size: int, *, workers: int, rate_write: float | None) -> Estimate:
    """The estimate of loading an export, the price of making it included; it reads no table."""
    seconds = items / (ITEMS_PER_S * workers)
    return Estimate(
        items,
        size,
        0.0,
        _write_units(items, size),
        size / 1e9 * DOLLARS_PER_EXPORTED_GB,
        max(seconds, items / rate_write if rate_write else 0.0),
    )


def _write_units(items: int, size: int) -> float:
    return items * max(1, -(-size // (items or 1)) / WRITE_UNIT_BYTES)

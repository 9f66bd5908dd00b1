"""Define the measurements of how processor time grows with records and attributes."""

from __future__ import annotations

import json

from tests.benchmarks.function import invoker, open_handler
from tests.benchmarks.timing import Case
from tests.benchmarks.workloads import SMALL, events, wide

RECORDS = (100, 300, 1_000, 3_000, 10_000)
ATTRIBUTES = (1, 3, 10, 30, 100)


def cases_by_records(endpoint: str, max_records: int) -> dict[str, Case]:
    """Return events of small records; the name of a case is the number of records per event."""
    invoke = invoker(open_handler(endpoint))
    cases = {}
    for count in RECORDS:
        if count <= max_records:
            total = max(count, max_records // count * count)
            cases[str(count)] = Case(events(SMALL, total, count), json.loads, invoke, total)
    return cases


def cases_by_attributes(endpoint: str, columns: int) -> dict[str, Case]:
    """Return records by number of attributes, which is the name; the unit is a column.

    All cases have about `columns` columns, keys included, so that they are equally exact.
    """
    invoke = invoker(open_handler(endpoint))
    cases = {}
    for attributes in ATTRIBUTES:
        records = columns // (attributes + 2)
        texts = events(wide(attributes), records, min(records, 500))
        cases[str(attributes)] = Case(texts, json.loads, invoke, records * (attributes + 2))
    return cases

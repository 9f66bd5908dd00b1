"""How CPU grows with records and with attributes: sizes go in, microseconds a unit come out."""

from __future__ import annotations

import json

from tests.benchmarks.subject import handler, open_subject
from tests.benchmarks.turns import Case
from tests.benchmarks.workloads import SMALL, events, wide

RECORDS = (100, 300, 1_000, 3_000, 10_000)
ATTRIBUTES = (1, 3, 10, 30, 100)
CELLS = 30_000
"""About as many in each measurement, so that all are equally sure."""


def by_records(endpoint: str, most: int) -> dict[str, Case]:
    """One event of so many small records; its name is how many."""
    function = handler(open_subject(endpoint))
    return {
        str(count): Case(
            events(SMALL, max(count, most // count * count), count),
            json.loads,
            function,
            max(count, most // count * count),
        )
        for count in RECORDS
        if count <= most
    }


def by_attributes(endpoint: str, cells: int) -> dict[str, Case]:
    """Records of so many attributes; its name is how many, its unit a cell, keys counted too."""
    function = handler(open_subject(endpoint))
    cases = {}
    for attributes in ATTRIBUTES:
        records = cells // (attributes + 2)
        texts = events(wide(attributes), records, min(records, 500))
        cases[str(attributes)] = Case(texts, json.loads, function, records * (attributes + 2))
    return cases

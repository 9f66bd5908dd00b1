"""Compare both tables after the faults, and count wrong rows and lost records.

An item that no row can hold must be in quarantine. It is then fixed and redriven; after that the
quarantine must be empty and the tables equal.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ots_local.chaos.environment import KEY_TYPES, Environment, redrive
from ots_local.chaos.workload import fix_invalid_items, is_valid
from ots_local.demo.compare import Rows, expected_rows, find_differences
from ots_local.demo.source_table import scan_items
from ots_local.event_source import EventSourcePoller, Progress
from ots_sync.rows import row_id
from ots_tools import target
from ots_tools.items import key_from_text
from ots_tools.quarantine_store import FolderStore


@dataclass(slots=True)
class Verdict:
    """The figures of a soak test.

    It passes if `wrong_rows`, `lost_records` and `left_in_quarantine` are 0.
    """

    changes: int = 0
    total_s: float = 0.0
    progress: Progress = field(default_factory=Progress)
    processes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    function: Counter[str] = field(default_factory=Counter)
    redriven: int = 0
    rejected_again: int = 0
    invalid_items: int = 0
    rows: int = 0
    wrong_rows: int = 0
    lost_records: int = 0
    left_in_quarantine: int = 0

    @property
    def passed(self) -> bool:
        """Whether no row is wrong, no record is lost, and the quarantine is empty."""
        return not (self.wrong_rows or self.lost_records or self.left_in_quarantine)

    def redrive(self, environment: Environment, handler: ModuleType) -> None:
        """Run redrive once and count its results."""
        run = redrive(environment, handler)
        self.redriven += run.results["written"]
        self.rejected_again += run.results["rejected"]


def check(
    verdict: Verdict, environment: Environment, handler: ModuleType, poller: EventSourcePoller
) -> None:
    """Redrive and compare, fix the invalid items, then deliver, redrive and compare again."""
    verdict.redrive(environment, handler)
    items = list(scan_items(environment.tables, environment.source.name))
    quarantined = {str(key) for key in _quarantined_keys(environment)}
    invalid = [item for item in items if not is_valid(item)]
    keys = [{name: item[name] for name in KEY_TYPES} for item in invalid]
    verdict.lost_records = sum(str(key) not in quarantined for key in keys)
    verdict.lost_records += sum(poller.progress.discarded.values())
    invalid_rows = {row_id(handler.get_primary_key(key)) for key in keys}
    valid = expected_rows((item for item in items if is_valid(item)), handler.row_mapper())
    rows = _read_rows(environment, handler)
    comparable = {key: row for key, row in rows.items() if key not in invalid_rows}
    verdict.wrong_rows = len(find_differences(valid, comparable))
    verdict.invalid_items = fix_invalid_items(environment.tables, environment.source.name)
    poller.drain()
    verdict.redrive(environment, handler)
    fixed = expected_rows(
        scan_items(environment.tables, environment.source.name), handler.row_mapper()
    )
    rows = _read_rows(environment, handler)
    verdict.rows = len(rows)
    verdict.wrong_rows += len(find_differences(fixed, rows))
    verdict.left_in_quarantine = len(FolderStore(environment.quarantine).names())


def _quarantined_keys(environment: Environment) -> Iterator[Any]:
    quarantine = FolderStore(environment.quarantine)
    for name in quarantine.names():
        record = json.loads(quarantine.read(name))["record"]
        yield key_from_text(json.dumps(record["dynamodb"]["Keys"]))


def _read_rows(environment: Environment, handler: ModuleType) -> Rows:
    rows: dict[Any, Any] = {}
    names = environment.settings.key_list
    next_key: Any = target.start_key(names)
    while next_key is not None:
        page, next_key, _ = target.read_page(
            handler.client(), environment.settings.table_name, names, next_key
        )
        for row in page:
            rows[row_id(row.primary_key)] = {
                name: bytes(value) if isinstance(value, bytearray) else value
                for name, value in row.columns.items()
            }
    return rows


def sum_summaries(log: Path) -> Counter[str]:
    """Sum the fields of the function's invocation summaries; a killed process logs none."""
    sums: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        for summary in _json_objects(line):
            if summary.get("message") == "invocation":
                for name in ("calls", "retried_rows", "quarantined", "unknown_outcomes"):
                    sums[name] += summary[name]
                sums["with unprocessed"] += summary["unprocessed"] > 0
    return sums


def _json_objects(line: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a line; processes that share a log may write several on one."""
    decoder, position = json.JSONDecoder(), 0
    with contextlib.suppress(ValueError):
        while line.startswith("{", position):
            found, position = decoder.raw_decode(line, position)
            yield found

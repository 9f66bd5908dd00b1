"""After the storm both tables go in; what is wrong and what is lost comes out, and what happened.

Refuses nothing: an item that no row can hold has to be in quarantine, and is mended; then its
object has to leave, and the tables have to be equal cell by cell.
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

from ots_local.demo import compare, source
from ots_local.soak import traffic
from ots_local.soak.stage import KEY_TYPES, Stage, redrive
from ots_local.stream_pump import Progress, StreamPump
from ots_sync.rows import row_id
from ots_tools import target_rows
from ots_tools.items import key_of_text
from ots_tools.kept_objects import Folder


@dataclass(slots=True)
class Verdict:
    """What happened, and what came of it. `wrong` and `lost` name nothing: they count rows."""

    changes: int = 0
    seconds: float = 0.0
    pump: Progress = field(default_factory=Progress)
    processes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    function: Counter[str] = field(default_factory=Counter)
    redriven: int = 0
    refused_again: int = 0
    unfit: int = 0
    rows: int = 0
    wrong: int = 0
    lost: int = 0
    left: int = 0

    @property
    def good(self) -> bool:
        """Nothing is wrong, lost or left over."""
        return not (self.wrong or self.lost or self.left)

    def redrive(self, stage: Stage, door: ModuleType) -> None:
        """One run of redrive, counted."""
        run = redrive(stage, door)
        self.redriven += run.states["written"]
        self.refused_again += run.states["rejected"]


def judge(verdict: Verdict, stage: Stage, door: ModuleType, pump: StreamPump) -> None:
    """Redrives, compares, mends, redrives and compares again; writes what it finds down."""
    verdict.redrive(stage, door)
    items = list(source.items(stage.tables, stage.origin.table))
    kept = {str(key) for key in _kept_keys(stage)}
    unfit = [item for item in items if not traffic.is_fit(item)]
    keys = [{name: item[name] for name in KEY_TYPES} for item in unfit]
    verdict.lost = sum(str(key) not in kept for key in keys)
    verdict.lost += sum(pump.progress.dropped.values())
    unfit_rows = {row_id(door.get_primary_key(key)) for key in keys}
    fit = compare.wanted((item for item in items if traffic.is_fit(item)), door.row_mapper())
    rows = _rows(stage, door)
    standing = {key: row for key, row in rows.items() if key not in unfit_rows}
    verdict.wrong = len(compare.differences(fit, standing))
    verdict.unfit = traffic.mend(stage.tables, stage.origin.table)
    pump.drain()
    verdict.redrive(stage, door)
    mended = compare.wanted(source.items(stage.tables, stage.origin.table), door.row_mapper())
    rows = _rows(stage, door)
    verdict.rows = len(rows)
    verdict.wrong += len(compare.differences(mended, rows))
    verdict.left = len(Folder(stage.kept).names())


def _kept_keys(stage: Stage) -> Iterator[Any]:
    kept = Folder(stage.kept)
    for name in kept.names():
        record = json.loads(kept.read(name))["record"]
        yield key_of_text(json.dumps(record["dynamodb"]["Keys"]))


def _rows(stage: Stage, door: ModuleType) -> compare.Rows:
    rows: dict[Any, Any] = {}
    names = stage.settings.key_list
    following: Any = target_rows.first_key(names)
    while following is not None:
        page, following, _ = target_rows.page(
            door.client(), stage.settings.table_name, names, following
        )
        for row in page:
            rows[row_id(row.primary_key)] = {
                name: bytes(value) if isinstance(value, bytearray) else value
                for name, value in row.columns.items()
            }
    return rows


def summaries(log: Path) -> Counter[str]:
    """The sums of what the function logged of its invocations; a killed one logs nothing."""
    found: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        for summary in _objects(line):
            if summary.get("message") == "invocation":
                for name in ("calls", "retried_rows", "quarantined", "unknown_outcomes"):
                    found[name] += summary[name]
                found["cut short"] += summary["unprocessed"] > 0
    return found


def _objects(line: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a line: processes that share a log put theirs on one at times."""
    decoder, place = json.JSONDecoder(), 0
    with contextlib.suppress(ValueError):
        while line.startswith("{", place):
            found, place = decoder.raw_decode(line, place)
            yield found

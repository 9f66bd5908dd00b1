"""All that takes part in a storm, and one run of redrive over its quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ots_local import function as on_this_machine
from ots_local.demo.stream import Source
from ots_local.soak.workers import Workers
from ots_local.tablestore import FaultControl
from ots_sync.settings import Settings
from ots_tools.item_reads import items_of
from ots_tools.kept_objects import Folder
from ots_tools.redrive import Redrive
from ots_tools.scan import Table

KEY_TYPES = {"user_id": "S", "action_time": "N"}


@dataclass(frozen=True, slots=True)
class Stage:
    """All that takes part."""

    origin: Source
    settings: Settings
    faults: FaultControl
    workers: Workers
    kept: Path
    log: Path
    seed: int

    @property
    def tables(self) -> Any:
        """A client of the source."""
        return self.origin.dynamodb.tables


def redrive(stage: Stage, door: ModuleType) -> Redrive:
    """One run to its end."""
    table = Table(stage.origin.table, "", 0, 0, KEY_TYPES)
    client = stage.tables
    run = Redrive(
        Folder(stage.kept),
        table,
        stage.settings.table_name,
        stage.settings.fingerprint,
        lambda keys: items_of(client, table.name, keys),
        door.row_mapper(),
        lambda: door.build_context(on_this_machine.context()).writer,
    )
    for _ in run.steps(run.kept.names()):
        pass
    return run

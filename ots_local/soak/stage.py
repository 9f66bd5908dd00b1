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
from ots_tools.items import read_items
from ots_tools.quarantine_store import FolderStore
from ots_tools.redrive import Redrive
from ots_tools.sources.table import SourceTable

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
    table = SourceTable(stage.origin.table, "", 0, 0, KEY_TYPES)
    client = stage.tables
    run = Redrive(
        FolderStore(stage.kept),
        table,
        stage.settings.table_name,
        stage.settings.fingerprint,
        lambda keys: read_items(client, table.name, keys),
        door.row_mapper(),
        lambda: door.build_context(on_this_machine.context()).writer,
    )
    for _ in run.process(run.store.names()):
        pass
    return run

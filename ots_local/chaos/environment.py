"""Hold the parts of a soak test together, and run redrive on its quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ots_local.chaos.function_pool import FunctionPool
from ots_local.demo.source_table import SourceTable
from ots_local.handler import new_context
from ots_local.tablestore import FaultControl
from ots_sync.settings import Settings
from ots_tools.items import read_items
from ots_tools.quarantine_store import FolderStore
from ots_tools.redrive import Redrive
from ots_tools.sources import table as source_tables

KEY_TYPES = {"user_id": "S", "action_time": "N"}


@dataclass(frozen=True, slots=True)
class Environment:
    """The source table, the function, the target's faults, and the quarantine directory."""

    source: SourceTable
    settings: Settings
    faults: FaultControl
    functions: FunctionPool
    quarantine: Path
    log: Path
    seed: int

    @property
    def tables(self) -> Any:
        """A client for the source table."""
        return self.source.dynamodb.tables


def redrive(environment: Environment, handler: ModuleType) -> Redrive:
    """Redrive every quarantined record once, and return the finished run."""
    table = source_tables.SourceTable(environment.source.name, "", 0, 0, KEY_TYPES)
    client = environment.tables
    run = Redrive(
        FolderStore(environment.quarantine),
        table,
        environment.settings.table_name,
        environment.settings.fingerprint,
        lambda keys: read_items(client, table.name, keys),
        handler.row_mapper(),
        lambda: handler.build_context(new_context()).writer,
    )
    for _ in run.process(run.store.names()):
        pass
    return run

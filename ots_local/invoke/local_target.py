"""Open a local Table Store that keeps its rows in a file, and a handler that writes to it.

The handler uses the settings of the environment, except the target and its credentials.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from ots_local.handler import load_handler
from ots_local.tablestore import TableStore
from ots_local.target_table import KeyMismatchError, create_target_table
from ots_sync import changes
from ots_sync.errors import SyncError
from ots_sync.settings import SETTINGS, Settings, load

DEFAULTS = {"TABLE_NAME": "target", "PRIMARY_KEY": "user_id:string,action_time:integer"}
# The endpoint and credentials of the local Table Store replace those of a real one.
_REPLACED = ("OTS_ID", "OTS_SECRET", "OTS_INSTANCE", "OTS_ENDPOINT", "OTS_REGION")
_REMOVED = ("OTS_SECRET_ARN", "OTS_STS_TOKEN")
SETTINGS_HELP = (
    "With --target local, TABLE_NAME and PRIMARY_KEY default to those of the article; other "
    "settings (COLUMN_NAMES, COLUMN_TYPES, ...) come from the environment. Nothing is sent to "
    "another machine: QUARANTINE is used only if it is a file:/// URL."
)
_TYPES = {"S": str, "N": int, "B": bytearray}


@contextmanager
def open_local_target(data: Path, event: Any, *, fresh: bool) -> Iterator[ModuleType]:
    """Serve the database file, create the table if needed, and yield the handler module.

    A key column without a type in PRIMARY_KEY gets the type that it has in the first record of
    `event`. Raises SettingsError, TargetTableError, and sqlite3.Error for a file that is not a
    database.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        for suffix in ("", "-wal", "-shm"):
            data.with_name(data.name + suffix).unlink(missing_ok=True)
    with TableStore(data=data) as store:
        settings = _settings(store.environ())
        handler = load_handler(settings)
        keys = _key_types(settings, event)
        try:
            create_target_table(handler.client(), settings.table_name, keys)
        except KeyMismatchError as error:
            raise KeyMismatchError(f"{error} Use --fresh to start again.") from None
        yield handler


def _settings(local: Mapping[str, str]) -> Settings:
    from config import example_config

    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value = os.environ.get(setting.name) or getattr(example_config, setting.name, "")
        if setting.name not in (*_REPLACED, *_REMOVED) and value:
            values[setting.name] = value
    if not str(values.get("QUARANTINE", "")).startswith("file:"):
        values.pop("QUARANTINE", None)
    return load({**DEFAULTS, **values, **local}, {})


def _key_types(settings: Settings, event: Any) -> dict[str, type]:
    """Return the type per key column: from PRIMARY_KEY, else from the event, else String."""
    keys: Mapping[str, Any] = {}
    with suppress(SyncError):  # the handler reports it with more detail
        keys = next((change.keys for change in changes.parse_event(event)[0]), {})
    return {
        name: kind or next((_TYPES[tag] for tag in keys.get(name, {}) if tag in _TYPES), str)
        for name, kind in settings.primary_key.items()
    }

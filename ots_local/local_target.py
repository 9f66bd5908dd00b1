"""A local Table Store whose rows outlive it, and the function set up to write there.

A file and a first event go in; a copy of the function comes out, for as long as a block lasts. The
user's own settings hold, but for where the rows go and who may write them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from ots_local import function as on_this_machine
from ots_local import target_table
from ots_local.tablestore import TableStore
from ots_sync import changes
from ots_sync.errors import SyncError
from ots_sync.settings import SETTINGS, Settings, load

DEFAULTS = {"TABLE_NAME": "target", "PRIMARY_KEY": "user_id:string,action_time:integer"}
# Who may write, and where to: of the local Table Store, never of a real one.
_REPLACED = ("OTS_ID", "OTS_SECRET", "OTS_INSTANCE", "OTS_ENDPOINT", "OTS_REGION")
_DROPPED = ("OTS_SECRET_ARN", "OTS_STS_TOKEN")
SETTINGS_HELP = (
    "With --target local, TABLE_NAME and PRIMARY_KEY are the article's unless they are set; the "
    "other settings (COLUMN_NAMES, COLUMN_TYPES, ...) are the environment's. Nothing leaves this "
    "machine: of QUARANTINE only file:/// is used."
)
_TAGS = {"S": str, "N": int, "B": bytearray}


@contextmanager
def open_local(data: Path, event: Any, *, fresh: bool) -> Iterator[ModuleType]:
    """Serve the file and yield the function; makes the table where there is none.

    Raises SettingsError, StoreTroubleError, and sqlite3.Error for a file that is no database.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        for suffix in ("", "-wal", "-shm"):
            data.with_name(data.name + suffix).unlink(missing_ok=True)
    with TableStore(data=data) as store:
        settings = _settings(store.environ())
        function = on_this_machine.load(settings)
        keys = _key_types(settings, event)
        try:
            target_table.create(function.client(), settings.table_name, keys)
        except target_table.OtherKeysError as error:
            raise target_table.OtherKeysError(f"{error} --fresh begins anew.") from None
        yield function


def _settings(local: Mapping[str, str]) -> Settings:
    from config import example_config

    theirs: dict[str, Any] = {}
    for setting in SETTINGS:
        value = os.environ.get(setting.name) or getattr(example_config, setting.name, "")
        if setting.name not in (*_REPLACED, *_DROPPED) and value:
            theirs[setting.name] = value
    if not str(theirs.get("QUARANTINE", "")).startswith("file:"):
        theirs.pop("QUARANTINE", None)
    return load({**DEFAULTS, **theirs, **local}, {})


def _key_types(settings: Settings, event: Any) -> dict[str, type]:
    """Types that PRIMARY_KEY leaves open are those of the first event's keys, else text."""
    keys: Mapping[str, Any] = {}
    with suppress(SyncError):  # the handler says it too, and better
        keys = next((change.keys for change in changes.parse_event(event)[0]), {})
    return {
        name: kind or next((_TAGS[tag] for tag in keys.get(name, {}) if tag in _TAGS), str)
        for name, kind in settings.primary_key.items()
    }

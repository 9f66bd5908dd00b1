"""Load lambda_function.py as a fresh module with its own environment, and create target tables.

Each load has its own settings, client and telemetry, so tests do not share state.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tablestore import (
    CapacityUnit,
    OTSClient,
    ReservedThroughput,
    TableMeta,
    TableOptions,
)

from ots_local.handler import HANDLER_PATH
from ots_local.handler import load_handler as load_module
from ots_local.tablestore import TableStore
from tests.support.builders import ENVIRON

_loads = count(1)


def load_handler(environ: Mapping[str, str] = ENVIRON, path: Path = HANDLER_PATH) -> Any:
    """Return a new instance of the handler module, with the settings of this environment.

    It logs to the sys.stdout of this moment, so a test that reads the log loads its own instance.
    """
    name = f"handler_{next(_loads)}"
    handler = load_module(path=path, name=name)
    with _environ({"POWERTOOLS_SERVICE_NAME": name, **environ}):
        handler.settings()
        handler.telemetry()
    return handler


@contextmanager
def _environ(environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def create_table(
    store: TableStore, name: str, key: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Create a table in a local Table Store; return the environment that makes it the target."""
    key = key or {"user_id": "STRING", "action_time": "INTEGER"}
    client = OTSClient(store.endpoint, store.access_key_id, store.access_key_secret, store.instance)
    client.create_table(
        TableMeta(name, list(key.items())),
        TableOptions(),
        ReservedThroughput(CapacityUnit(0, 0)),
    )
    return {**store.environ(), "TABLE_NAME": name, "PRIMARY_KEY": ",".join(key)}

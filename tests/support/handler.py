"""Fresh instances of lambda_function.py, each with an environment of its own, and target tables.

A path and an environment go in, a module comes out whose settings are read; what the door keeps
between invocations is so never another test's.
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

DOOR = HANDLER_PATH

_instances = count(1)


def load_handler(environ: Mapping[str, str] = ENVIRON, path: Path = DOOR) -> Any:
    """The door as a module of its own, configured by this environment.

    Its log goes to what is sys.stdout now, so a test that reads the log opens its own door.
    """
    name = f"door_{next(_instances)}"
    door = load_module(path=path, name=name)
    with _environ({"POWERTOOLS_SERVICE_NAME": name, **environ}):
        door.settings()
        door.telemetry()
    return door


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
    """Makes a table in a local Table Store; returns the environment that makes it the target."""
    key = key or {"user_id": "STRING", "action_time": "INTEGER"}
    client = OTSClient(store.endpoint, store.access_key_id, store.access_key_secret, store.instance)
    client.create_table(
        TableMeta(name, list(key.items())),
        TableOptions(),
        ReservedThroughput(CapacityUnit(0, 0)),
    )
    return {**store.environ(), "TABLE_NAME": name, "PRIMARY_KEY": ",".join(key)}

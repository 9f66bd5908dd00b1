"""The door: AWS Lambda calls `lambda_handler` with the records of a DynamoDB stream.

The first six functions are the article's, and they are real: the pipeline reaches keys, columns and
the wire only through them. Whoever has more complex synchronization logic edits them here; load,
verify and repair follow the same rules. Below them is what survives between invocations: the
settings and the client, nothing of an event.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ots_sync import (
    invocation,
    quiet,  # noqa: F401 - before the SDK is imported
    store,
    sync,
)
from ots_sync.changes import Image
from ots_sync.columns import Columns
from ots_sync.errors import StoreError
from ots_sync.measure import Column, PrimaryKey
from ots_sync.outcome import answer
from ots_sync.rows import ColumnChanges, Rules
from ots_sync.settings import Settings, load
from ots_sync.telemetry import Telemetry
from ots_sync.writes import RowWrite


def batch_write_row(client: Any, put_row_items: Sequence[RowWrite]) -> Sequence[StoreError | None]:
    """Writes a batch of rows (put, update and delete); for each, None when it is acknowledged."""
    return store.batch_write_row(client, settings().table_name, put_row_items)


def get_primary_key(keys: Image) -> PrimaryKey:
    """The primary key of the target row, in the order of PRIMARY_KEY, from the source's keys."""
    return columns().primary_key(keys)


def generate_update_attribute(
    new_image: Image, old_image: Image, key_list: Sequence[str]
) -> ColumnChanges:
    """What an update does: puts the whole new image, deletes what only the old one has."""
    gone = [name for name in old_image if name not in new_image and name not in key_list]
    return {
        "put": generate_attribute(new_image, key_list),
        "delete_all": columns().names(gone),
    }


def generate_attribute(new_image: Image, key_list: Sequence[str]) -> list[Column]:
    """The attribute columns of a row, from an item's image.

    Whoever gives columns other names here gives them to `delete_all` above as well.
    """
    return columns().of(new_image, key_list)


def get_tablestore_client() -> Any:
    """A Table Store client, from the instance name, AK and the other settings."""
    return store.connect(settings())


def lambda_handler(event: Any, context: Any) -> Mapping[str, Any]:
    """Makes the changes that the event tells of; tells Lambda what has to be delivered again."""
    with invocation.told(telemetry()):
        with invocation.undisturbed():
            outcome = sync.run(event, rules(), ports(context))
        telemetry().report(outcome, settings().table_name)
        return answer(outcome, partial_response=settings().partial_response)


@cache
def settings() -> Settings:
    """The settings, read once: the environment, then config/example_config.py."""
    from config import example_config

    return load(os.environ, vars(example_config))


@cache
def columns() -> Columns:
    """The conversion that the settings ask for."""
    return Columns(settings())


@cache
def telemetry() -> Telemetry:
    """The log and the metrics."""
    voice = Telemetry(
        os.environ.get("POWERTOOLS_SERVICE_NAME") or "ots-sync",
        os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "ots-sync",
    )
    if not store.is_native():
        voice.warn(
            "The SDK's fast encoder does not load in this Python; its slow one is used. "
            "It is made for python3.12 on x86_64."
        )
    return voice


@cache
def client() -> Any:
    """The client, made when first needed and kept."""
    return get_tablestore_client()


def rules() -> Rules:
    """The functions above as the pipeline takes them: looked up now, so that edits count."""
    columns().forget()
    return Rules(
        settings().key_list, get_primary_key, generate_attribute, generate_update_attribute
    )


def ports(context: Any) -> sync.Ports:
    """Time, chance and the outside, for one invocation."""
    connected = client()  # before the time that is left is asked for, and before there are threads
    return invocation.ports(
        settings(),
        send=lambda rows: batch_write_row(connected, rows),
        remaining_ms=None if context is None else context.get_remaining_time_in_millis,
        clock=time.monotonic,
        sleep=time.sleep,
        uniform=random.uniform,
        wall_s=time.time,
    )

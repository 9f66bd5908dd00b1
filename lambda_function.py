"""Replicate a DynamoDB stream to Table Store: the entry point that AWS Lambda calls.

The first six functions are the article's, with their real bodies. The pipeline maps keys and
columns and sends requests only through them. To change the synchronization logic, edit them here;
the tools backfill, verify and repair use the same functions. Below them is what is kept between
invocations: the settings and the client, and no data of an event.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ots_sync import client as ots_client
from ots_sync import invocation, pipeline
from ots_sync.columns import Columns
from ots_sync.errors import TableStoreError
from ots_sync.model import Column, ColumnChanges, Image, PrimaryKey, RowWrite
from ots_sync.outcome import build_response
from ots_sync.rows import RowMapper
from ots_sync.settings import Settings, load
from ots_sync.telemetry import Telemetry


def batch_write_row(
    client: Any, put_row_items: Sequence[RowWrite]
) -> Sequence[TableStoreError | None]:
    """Write a batch of put, update and delete rows; return None per written row, or its error."""
    return ots_client.batch_write_row(client, settings().table_name, put_row_items)


def get_primary_key(keys: Image) -> PrimaryKey:
    """Return the primary key of the target row, in the order of PRIMARY_KEY."""
    return columns().primary_key(keys)


def generate_update_attribute(
    new_image: Image, old_image: Image, key_list: Sequence[str]
) -> ColumnChanges:
    """Return the columns that an update puts and deletes.

    It puts the whole new image and deletes the columns that only the old image has.
    """
    removed = [name for name in old_image if name not in new_image and name not in key_list]
    return {
        "put": generate_attribute(new_image, key_list),
        "delete_all": columns().names(removed),
    }


def generate_attribute(new_image: Image, key_list: Sequence[str]) -> list[Column]:
    """Return the attribute columns of a row.

    If you rename columns here, rename them in `delete_all` above as well.
    """
    return columns().convert(new_image, key_list)


def get_tablestore_client() -> Any:
    """Return a Table Store client for the instance in the settings."""
    return ots_client.connect(settings())


def lambda_handler(event: Any, context: Any) -> Mapping[str, Any]:
    """Write the changes of the event; return the records that Lambda must deliver again."""
    with invocation.log_failures(telemetry()):
        with invocation.gc_paused():
            outcome = pipeline.run(event, row_mapper(), build_context(context))
        telemetry().report(outcome, settings().table_name)
        return build_response(outcome, partial_response=settings().partial_response)


@cache
def settings() -> Settings:
    """Return the settings, read once: the environment, then config/example_config.py."""
    from config import example_config

    return load(os.environ, vars(example_config))


@cache
def columns() -> Columns:
    """Return the conversion that the settings define."""
    return Columns(settings())


@cache
def telemetry() -> Telemetry:
    """Return the log and the metrics."""
    telemetry = Telemetry(
        os.environ.get("POWERTOOLS_SERVICE_NAME") or "ots-sync",
        os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "ots-sync",
    )
    if not ots_client.has_native_encoder():
        telemetry.warn(
            "The SDK's fast encoder does not load in this Python, so the slow one is used. "
            "The fast one needs python3.12 on x86_64."
        )
    return telemetry


@cache
def client() -> Any:
    """Return the client, created at first use and then kept."""
    return get_tablestore_client()


def row_mapper() -> RowMapper:
    """Return the functions above for the pipeline, looked up now so that edits apply."""
    columns().clear_cache()
    return RowMapper(
        settings().key_list, get_primary_key, generate_attribute, generate_update_attribute
    )


def build_context(context: Any) -> pipeline.Context:
    """Return the pipeline's context for one invocation with Lambda's context, or None."""
    connected = client()  # before the remaining time is read, and before there are threads
    return invocation.build_context(
        settings(),
        send=lambda rows: batch_write_row(connected, rows),
        remaining_ms=None if context is None else context.get_remaining_time_in_millis,
        clock=time,
        uniform=random.uniform,
    )

"""CreateTable, ListTable, DescribeTable, UpdateTable, DeleteTable: definitions in and out."""

from __future__ import annotations

from dataclasses import replace

from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.schema import Options, Schema, TableUpdate, Throughput
from ots_local.tablestore.table_rules import (
    check_options,
    check_room,
    check_schema,
    check_throughput,
)


def create_table(instance: Instance, asked: Schema) -> None:
    """Make a table."""
    _check_pace(instance)
    check_schema(asked)
    if asked.name in instance.known:
        raise ServiceError("OTSObjectAlreadyExist")
    check_room(len(instance.known))
    now = int(instance.clock())
    schema = replace(
        asked,
        throughput=replace(asked.throughput, increased=now),
        most_versions=asked.options.max_versions or 1,
    )
    number = instance.tables.create(schema.name, schema.to_json())
    instance.known[schema.name] = (number, schema)


def list_tables(instance: Instance) -> list[str]:
    """Name the tables, in order."""
    return sorted(instance.known)


def describe_table(instance: Instance, table: str) -> Schema:
    """Find a table's definition."""
    return instance.find(table)[1]


def update_table(instance: Instance, asked: TableUpdate) -> Schema:
    """Change a table's options, reserved capacity or stream."""
    _check_pace(instance)
    number, schema = instance.find(asked.table)
    if asked.options is None and asked.throughput is None and asked.stream is None:
        raise invalid("No parameter is specified in UpdateTable.")
    if asked.options is not None:
        if asked.options == Options():
            raise invalid("No parameter is specified in table options.")
        check_options(asked.options)
        old = schema.options
        life, versions = asked.options.time_to_live, asked.options.max_versions
        deviation, updates = asked.options.deviation, asked.options.allow_update
        options = Options(
            old.time_to_live if life is None else life,
            old.max_versions if versions is None else versions,
            old.deviation if deviation is None else deviation,
            old.allow_update if updates is None else updates,
        )
        most = max(schema.most_versions, options.max_versions or 1)
        schema = replace(schema, options=options, most_versions=most)
    if asked.throughput is not None:
        read, write = asked.throughput
        schema = replace(schema, throughput=_throughput(schema.throughput, read, write, instance))
        check_throughput(schema.throughput)
    if asked.stream is not None:
        since = int(instance.clock() * 1_000_000) if asked.stream.enabled else 0
        schema = replace(schema, stream=replace(asked.stream, since=since))
    instance.tables.redefine(number, schema.to_json())
    instance.known[schema.name] = (number, schema)
    return schema


def delete_table(instance: Instance, table: str) -> None:
    """Delete a table with its rows."""
    _check_pace(instance)
    number, _ = instance.find(table)
    instance.tables.drop(number)
    del instance.known[table]


def _check_pace(instance: Instance) -> None:
    pace = instance.table_pace
    if pace is not None and not pace.admits(instance.clock()):
        raise ServiceError("OTSQuotaExhausted", "Too frequent table operations.")


def _throughput(
    old: Throughput, read: int | None, write: int | None, instance: Instance
) -> Throughput:
    now = int(instance.clock())
    new = replace(
        old, read=old.read if read is None else read, write=old.write if write is None else write
    )
    if new.read > old.read or new.write > old.write:
        new = replace(new, increased=now)
    if new.read < old.read or new.write < old.write:
        new = replace(new, decreased=now)
    return new

"""Execute CreateTable, ListTable, DescribeTable, UpdateTable and DeleteTable."""

from __future__ import annotations

from dataclasses import replace

from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.storage.schema import Options, Schema, TableUpdate, Throughput
from ots_local.tablestore.validate.tables import (
    check_options,
    check_schema,
    check_table_count,
    check_throughput,
)


def create_table(instance: Instance, schema: Schema) -> None:
    """Create a table."""
    _check_rate(instance)
    check_schema(schema)
    if schema.name in instance.tables:
        raise ServiceError("OTSObjectAlreadyExist")
    check_table_count(len(instance.tables))
    schema = replace(
        schema,
        throughput=replace(schema.throughput, increased=int(instance.clock())),
        most_versions=schema.options.max_versions or 1,
    )
    table_id = instance.database.create_table(schema.name, schema.to_json())
    instance.tables[schema.name] = (table_id, schema)


def list_tables(instance: Instance) -> list[str]:
    """Return the names of the tables, sorted."""
    return sorted(instance.tables)


def describe_table(instance: Instance, table: str) -> Schema:
    """Return the definition of a table."""
    return instance.find(table)[1]


def update_table(instance: Instance, update: TableUpdate) -> Schema:
    """Change the options, the reserved capacity or the stream of a table."""
    _check_rate(instance)
    table_id, schema = instance.find(update.table)
    if update.options is None and update.throughput is None and update.stream is None:
        raise invalid_parameter("No parameter is specified in UpdateTable.")
    if update.options is not None:
        if update.options == Options():
            raise invalid_parameter("No parameter is specified in table options.")
        check_options(update.options)
        options = _merge_options(schema.options, update.options)
        most_versions = max(schema.most_versions, options.max_versions or 1)
        schema = replace(schema, options=options, most_versions=most_versions)
    if update.throughput is not None:
        read, write = update.throughput
        now = int(instance.clock())
        schema = replace(schema, throughput=_merge_throughput(schema.throughput, read, write, now))
        check_throughput(schema.throughput)
    if update.stream is not None:
        since = int(instance.clock() * 1_000_000) if update.stream.enabled else 0
        schema = replace(schema, stream=replace(update.stream, since=since))
    instance.database.update_definition(table_id, schema.to_json())
    instance.tables[schema.name] = (table_id, schema)
    return schema


def delete_table(instance: Instance, table: str) -> None:
    """Delete a table with its rows."""
    _check_rate(instance)
    table_id, _ = instance.find(table)
    instance.database.drop_table(table_id)
    del instance.tables[table]


def _check_rate(instance: Instance) -> None:
    bucket = instance.table_rate
    if bucket is not None and not bucket.take(instance.clock()):
        raise ServiceError("OTSQuotaExhausted", "Too frequent table operations.")


def _merge_options(old: Options, new: Options) -> Options:
    return Options(
        old.time_to_live if new.time_to_live is None else new.time_to_live,
        old.max_versions if new.max_versions is None else new.max_versions,
        old.deviation if new.deviation is None else new.deviation,
        old.allow_update if new.allow_update is None else new.allow_update,
    )


def _merge_throughput(old: Throughput, read: int | None, write: int | None, now: int) -> Throughput:
    new = replace(
        old, read=old.read if read is None else read, write=old.write if write is None else write
    )
    if new.read > old.read or new.write > old.write:
        new = replace(new, increased=now)
    if new.read < old.read or new.write < old.write:
        new = replace(new, decreased=now)
    return new

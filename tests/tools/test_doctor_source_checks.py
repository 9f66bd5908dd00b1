"""Test the checks of the source table, and the target that doctor creates from its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB, create_table, delete_table, random_table_name
from ots_local.tablestore import TableStore
from ots_tools.doctor.command import run_check
from ots_tools.doctor.context import DoctorContext
from ots_tools.doctor.findings import Finding, Status
from ots_tools.doctor.store_checks import create_target
from tests.support.builders import ENVIRON
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.support.doctor import doctor_context, environ, message, status

NO_SLEEP = list[float]().append


@contextmanager
def table(aws: DynamoDB, keys: Mapping[str, Any], view: Any = "NEW_IMAGE") -> Iterator[str]:
    """A source table with other keys or another stream than in the article."""
    name = random_table_name("doctor")
    create_table(aws.tables, name, keys, view)
    yield name
    delete_table(aws.tables, name)


def context_of(aws: DynamoDB, source: str, **settings: str) -> DoctorContext:
    return doctor_context({**ENVIRON, **settings}, aws, source=source)


@pytest.mark.parametrize("name", ["source keys", "stream", "column names", "key values"])
def test_correct_source_is_ok(name: str, dynamodb: DynamoDB, source_table: SourceTable) -> None:
    assert status(name, context_of(dynamodb, source_table.name)) is Status.OK


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("user_id,other", "action_time"),
        ("user_id", "action_time"),
        ("user_id:string,action_time:string", "another type"),
        ("user_id:integer,action_time", "another type"),
    ],
)
def test_keys_that_differ_from_the_source_are_reported(
    key: str, text: str, dynamodb: DynamoDB, source_table: SourceTable
) -> None:
    found = context_of(dynamodb, source_table.name, PRIMARY_KEY=key)
    assert status("source keys", found) is Status.ERROR
    assert text in message("source keys", found)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("NEW_AND_OLD_IMAGES", Status.OK),
        ("NEW_IMAGE", Status.WARNING),
        ("OLD_IMAGE", Status.ERROR),
        ("KEYS_ONLY", Status.ERROR),
    ],
)
def test_stream_needs_new_images(view: str, expected: Status, dynamodb: DynamoDB) -> None:
    with table(dynamodb, {"id": "S"}, view) as source:
        assert status("stream", context_of(dynamodb, source)) is expected


def test_disabled_stream_is_reported_with_the_command(
    dynamodb: DynamoDB, source_table: SourceTable
) -> None:
    source_table.tables.update_table(
        TableName=source_table.name, StreamSpecification={"StreamEnabled": False}
    )
    text = message("stream", context_of(dynamodb, source_table.name))
    assert f"aws dynamodb update-table --table-name {source_table.name}" in text


@pytest.mark.parametrize(
    ("attribute", "settings", "expected", "text"),
    [
        ("fits", {}, Status.OK, "its attribute's name"),
        ("first name", {}, Status.WARNING, "first_0x20_name"),
        ("first name", {"COLUMN_NAMES": "verbatim"}, Status.WARNING, "verbatim"),
        ("é" * 63, {}, Status.ERROR, "no column"),
        ("x" * 255, {}, Status.OK, "its attribute's name"),
        ("x" * 256, {}, Status.ERROR, "no column"),
    ],
)
def test_renamed_columns_are_listed(
    attribute: str,
    settings: dict[str, str],
    expected: Status,
    text: str,
    dynamodb: DynamoDB,
    source_table: SourceTable,
) -> None:
    put(source_table, "1", **{attribute: {"S": "secret-value"}})
    found = context_of(dynamodb, source_table.name, **settings)
    assert status("column names", found) is expected
    assert text in message("column names", found)
    assert "secret-value" not in message("column names", found)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("9223372036854775807", Status.OK),
        ("9223372036854775808", Status.ERROR),
        ("1.5", Status.ERROR),
    ],
)
def test_invalid_key_values_are_counted(
    number: str, expected: Status, dynamodb: DynamoDB, source_table: SourceTable
) -> None:
    put(source_table, number)
    found = context_of(dynamodb, source_table.name)
    assert status("key values", found) is expected
    assert number not in message("key values", found)


def put(source: SourceTable, number: str, **attributes: Any) -> None:
    item = {"user_id": {"S": "someone"}, "action_time": {"N": number}, **attributes}
    source.tables.put_item(TableName=source.name, Item=item)


def test_missing_source_is_reported(dynamodb: DynamoDB) -> None:
    found = context_of(dynamodb, "no-such-table")
    assert status("source keys", found) is Status.ERROR
    for name in ("stream", "column names", "key values"):
        assert status(name, found) is Status.UNKNOWN


def test_source_checks_are_skipped_without_a_table_name() -> None:
    for name in ("source keys", "stream", "column names", "key values"):
        assert status(name, doctor_context(ENVIRON)) is Status.SKIPPED


def create(context: DoctorContext) -> Finding:
    return run_check(lambda one: create_target(one, sleep=NO_SLEEP), context)


@pytest.mark.parametrize(
    ("keys", "order", "expected"),
    [
        (
            {"user_id": "S", "action_time": "N"},
            "user_id,action_time",
            "user_id STRING, action_time INTEGER",
        ),
        (
            {"user_id": "S", "action_time": "N"},
            "action_time,user_id",
            "action_time INTEGER, user_id STRING",
        ),
        ({"digest": "B"}, "digest", "digest BINARY"),
    ],
)
def test_target_is_created_with_source_types_in_key_order(
    keys: dict[str, str], order: str, expected: str, dynamodb: DynamoDB, table_store: TableStore
) -> None:
    with table(dynamodb, keys) as source:
        settings = environ(table_store, PRIMARY_KEY=order)
        assert create(doctor_context(settings, dynamodb, source=source)).status is Status.OK
        after = doctor_context(settings, dynamodb, source=source)
        assert message("target key", after) == f"The table's key is {expected}."
        assert status("table options", after) is Status.OK
        assert create(after).status is Status.WARNING


def test_target_is_not_created_for_another_key(
    dynamodb: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    found = doctor_context(
        environ(table_store, PRIMARY_KEY="user_id"), dynamodb, source=source_table.name
    )
    assert create(found).status is Status.ERROR
    assert status("target table", found) is Status.ERROR


def test_missing_permission_to_create_is_reported(
    dynamodb: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    table_store.faults.add("request_error", apis=["CreateTable"], codes=["OTSNoPermissionAccess"])
    found = doctor_context(environ(table_store), dynamodb, source=source_table.name)
    assert create(found).status is Status.ERROR
    assert "docs/ram/" in create(found).message


def test_creation_waits_until_the_table_accepts_writes(
    dynamodb: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    table_store.faults.add("row_error", codes=["OTSTableNotReady"], times=2)
    waits: list[float] = []
    found = doctor_context(environ(table_store), dynamodb, source=source_table.name)
    assert create_target(found, waits.append).status is Status.OK
    assert len(waits) == 2

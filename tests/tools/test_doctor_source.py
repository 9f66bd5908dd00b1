"""The doctor on DynamoDB's side, and the target table that it makes from the source's keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB, create_table, delete_table, random_table_name
from ots_local.tablestore import TableStore
from ots_tools.doctor.checks import run
from ots_tools.doctor.create import create_target
from ots_tools.doctor.findings import Finding, Mark
from ots_tools.doctor.world import World
from tests.support.builders import ENVIRON
from tests.support.fixtures_dynamodb import SourceTable
from tests.tools.doctor_rig import environ, mark, words, world

NO_SLEEP = [].append


@contextmanager
def table(aws: DynamoDB, keys: Mapping[str, Any], view: Any = "NEW_IMAGE") -> Iterator[str]:
    """A source table with other keys or another stream than the article's."""
    name = random_table_name("doctor")
    create_table(aws.tables, name, keys, view)
    yield name
    delete_table(aws.tables, name)


def look(aws: DynamoDB, source: str, **settings: str) -> World:
    return world({**ENVIRON, **settings}, aws, source=source)


@pytest.mark.parametrize("name", ["source keys", "stream", "column names", "key values"])
def test_what_is_right_is_ticked(name: str, dynamodb: DynamoDB, source_table: SourceTable) -> None:
    assert mark(name, look(dynamodb, source_table.name)) is Mark.GOOD


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("user_id,other", "action_time"),
        ("user_id", "action_time"),
        ("user_id:string,action_time:string", "another type"),
        ("user_id:integer,action_time", "another type"),
    ],
)
def test_keys_that_are_not_the_sources_are_told(
    key: str, said: str, dynamodb: DynamoDB, source_table: SourceTable
) -> None:
    found = look(dynamodb, source_table.name, PRIMARY_KEY=key)
    assert mark("source keys", found) is Mark.TO_DO
    assert said in words("source keys", found)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("NEW_AND_OLD_IMAGES", Mark.GOOD),
        ("NEW_IMAGE", Mark.NOTE),
        ("OLD_IMAGE", Mark.TO_DO),
        ("KEYS_ONLY", Mark.TO_DO),
    ],
)
def test_stream_needs_new_images(view: str, expected: Mark, dynamodb: DynamoDB) -> None:
    with table(dynamodb, {"id": "S"}, view) as source:
        assert mark("stream", look(dynamodb, source)) is expected


def test_stream_that_is_off_is_told_with_the_command(
    dynamodb: DynamoDB, source_table: SourceTable
) -> None:
    source_table.tables.update_table(
        TableName=source_table.name, StreamSpecification={"StreamEnabled": False}
    )
    said = words("stream", look(dynamodb, source_table.name))
    assert f"aws dynamodb update-table --table-name {source_table.name}" in said


@pytest.mark.parametrize(
    ("attribute", "settings", "expected", "said"),
    [
        ("fits", {}, Mark.GOOD, "its attribute's name"),
        ("first name", {}, Mark.NOTE, "first_0x20_name"),
        ("first name", {"COLUMN_NAMES": "verbatim"}, Mark.NOTE, "verbatim"),
        ("é" * 63, {}, Mark.TO_DO, "no column"),
        ("x" * 255, {}, Mark.GOOD, "its attribute's name"),
        ("x" * 256, {}, Mark.TO_DO, "no column"),
    ],
)
def test_columns_that_will_be_renamed_are_named(
    attribute: str,
    settings: dict[str, str],
    expected: Mark,
    said: str,
    dynamodb: DynamoDB,
    source_table: SourceTable,
) -> None:
    put(source_table, "1", **{attribute: {"S": "a-secret-value"}})
    found = look(dynamodb, source_table.name, **settings)
    assert mark("column names", found) is expected
    assert said in words("column names", found)
    assert "a-secret-value" not in words("column names", found)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("9223372036854775807", Mark.GOOD),
        ("9223372036854775808", Mark.TO_DO),
        ("1.5", Mark.TO_DO),
    ],
)
def test_key_values_that_table_store_cannot_take_are_counted(
    number: str, expected: Mark, dynamodb: DynamoDB, source_table: SourceTable
) -> None:
    put(source_table, number)
    found = look(dynamodb, source_table.name)
    assert mark("key values", found) is expected
    assert number not in words("key values", found)


def put(source: SourceTable, number: str, **attributes: Any) -> None:
    item = {"user_id": {"S": "someone"}, "action_time": {"N": number}, **attributes}
    source.tables.put_item(TableName=source.name, Item=item)


def test_source_that_is_not_there_is_told(dynamodb: DynamoDB) -> None:
    found = look(dynamodb, "no-such-table")
    assert mark("source keys", found) is Mark.TO_DO
    for name in ("stream", "column names", "key values"):
        assert mark(name, found) is Mark.UNSEEN


def test_source_that_nobody_named_is_not_asked_for() -> None:
    for name in ("source keys", "stream", "column names", "key values"):
        assert mark(name, world(ENVIRON)) is Mark.NOT_ASKED


def made(found: World) -> Finding:
    return run(lambda one: create_target(one, sleep=NO_SLEEP), found)


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
def test_target_is_made_with_the_sources_types_in_the_order_of_primary_key(
    keys: dict[str, str], order: str, expected: str, dynamodb: DynamoDB, table_store: TableStore
) -> None:
    with table(dynamodb, keys) as source:
        settings = environ(table_store, PRIMARY_KEY=order)
        assert made(world(settings, dynamodb, source=source)).mark is Mark.GOOD
        after = world(settings, dynamodb, source=source)
        assert words("target key", after) == f"The table's key is {expected}."
        assert mark("table options", after) is Mark.GOOD
        assert made(after).mark is Mark.NOTE


def test_target_is_not_made_for_another_key(
    dynamodb: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    found = world(environ(table_store, PRIMARY_KEY="user_id"), dynamodb, source=source_table.name)
    assert made(found).mark is Mark.TO_DO
    assert mark("target table", found) is Mark.TO_DO


def test_target_that_may_not_be_made_is_told(
    dynamodb: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    table_store.faults.add("request_error", apis=["CreateTable"], codes=["OTSNoPermissionAccess"])
    found = world(environ(table_store), dynamodb, source=source_table.name)
    assert made(found).mark is Mark.TO_DO
    assert "docs/ram/" in made(found).words


def test_new_table_is_waited_for(
    dynamodb: DynamoDB, table_store: TableStore, source_table: SourceTable
) -> None:
    table_store.faults.add("row_error", codes=["OTSTableNotReady"], times=2)
    waits: list[float] = []
    found = world(environ(table_store), dynamodb, source=source_table.name)
    assert create_target(found, waits.append).mark is Mark.GOOD
    assert len(waits) == 2

"""Test every implementation of the writer's `Send` port: the same writes leave the same rows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ots_local.tablestore import TableStore
from ots_sync.errors import TableStoreError
from ots_sync.model import Column, RowWrite
from tests.support import real_instance
from tests.support.builders import write
from tests.support.send_ports import IMPLEMENTATIONS, TargetTable, empty_table


@pytest.fixture(scope="module")
def lenient_store() -> Iterator[TableStore]:
    """Run a local Table Store that accepts any column name, as COLUMN_NAMES=verbatim requires."""
    with TableStore(any_column_names=True) as store:
        yield store


@pytest.fixture(params=[*IMPLEMENTATIONS, "real"])
def table(request: pytest.FixtureRequest, lenient_store: TableStore) -> Iterator[TargetTable]:
    if request.param != "real":
        yield empty_table(request.param, lenient_store)
    elif real_instance.environ():
        with real_instance.table() as created:
            yield created
    else:
        pytest.skip(f"{real_instance.PREFIX}ENDPOINT, _ID, _SECRET and _INSTANCE are not set")


COLUMNS: list[Column] = [
    ("text", "a\x00日😀"),
    ("empty", ""),
    ("binary", bytearray(range(256))),
    ("empty_binary", bytearray()),
    ("integer_minimum", -(2**63)),
    ("integer_maximum", 2**63 - 1),
    ("double", -1e-130),
    ("true", True),
    ("false", False),
    ("日本 name", 1),
    ("é" * 127, "long name outside ASCII"),
    ("n" * 255, 2.5),
]
EXPECTED = {name: bytes(v) if isinstance(v, bytearray) else v for name, v in COLUMNS}


def test_put_writes_every_type_and_removes_other_columns(table: TargetTable) -> None:
    assert list(table.send([write(columns=[("stale", 1)])])) == [None]
    assert list(table.send([write(columns=COLUMNS)])) == [None]
    (found,) = table.rows().values()
    assert found == EXPECTED
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in EXPECTED.items()
    }


def test_update_puts_and_deletes_columns_and_keeps_the_others(table: TargetTable) -> None:
    table.send([write(columns=[*COLUMNS, ("kept", 1)])])
    deleted = [name for name, _ in COLUMNS if name != "text"]
    update = write("update", columns=[("text", "new"), ("日本 new", 1)], delete_columns=deleted)
    assert list(table.send([update])) == [None]
    assert table.rows() == {("user", 1): {"kept": 1, "text": "new", "日本 new": 1}}


def test_update_that_only_deletes_creates_no_row_and_removes_none(table: TargetTable) -> None:
    deletes = write("update", delete_columns=["a", "d" * 200, "日" * 80])
    assert list(table.send([deletes])) == [None]
    assert table.rows() == {}
    table.send([write(columns=[("a", 1)])])
    assert list(table.send([deletes])) == [None]
    assert table.rows() == {("user", 1): {}}


def test_update_creates_a_missing_row_and_delete_of_one_succeeds(table: TargetTable) -> None:
    writes = [write("update", action_time=1, columns=[("a", 1)]), write("delete", action_time=2)]
    assert list(table.send(writes)) == [None, None]
    assert table.rows() == {("user", 1): {"a": 1}}


def test_put_only_if_absent_fails_if_the_row_exists(table: TargetTable) -> None:
    table.send([write(action_time=1, columns=[("a", 1)])])
    writes = [write(action_time=n, columns=[("a", 2)]) for n in (1, 2)]
    errors = table.send([replace(one, only_if_absent=True) for one in writes])
    assert [error and error.code for error in errors] == ["OTSConditionCheckFail", None]
    assert table.rows() == {("user", 1): {"a": 1}, ("user", 2): {"a": 2}}


def test_row_can_have_no_columns(table: TargetTable) -> None:
    table.send([write()])
    assert table.rows() == {("user", 1): {}}
    table.send([write("delete")])
    assert table.rows() == {}


def test_one_request_can_mix_puts_updates_and_deletes(table: TargetTable) -> None:
    table.send([write(action_time=number, columns=[("a", number)]) for number in range(200)])
    writes = [
        write(
            ("put", "update", "delete")[n % 3],
            action_time=n,
            columns=[("b", n)] if n % 3 < 2 else (),
        )
        for n in range(200)
    ]
    assert list(table.send(writes)) == [None] * 200
    assert table.rows() == {
        ("user", n): {"b": n} if n % 3 == 0 else {"a": n, "b": n} for n in range(200) if n % 3 < 2
    }


INVALID_REQUESTS = {
    "no-rows": [],
    "key-twice": [write(), write("delete")],
    "201-rows": [write(action_time=number) for number in range(201)],
    "over-4-mib": [write(action_time=n, columns=[("a", "x" * 2_097_152)]) for n in range(2)],
    "update-without-columns": [write("update")],
    "1025-columns": [replace(write(), columns=[(f"c{number}", number) for number in range(1025)])],
}


@pytest.mark.parametrize("writes", INVALID_REQUESTS.values(), ids=INVALID_REQUESTS)
def test_invalid_request_fails_as_a_whole(writes: list[RowWrite], table: TargetTable) -> None:
    """The writer packs its batches so that none of these is sent."""
    with pytest.raises(TableStoreError) as raised:
        table.send(writes)
    assert raised.value.code == "OTSParameterInvalid"
    assert table.rows() == {}


def test_real_instance_is_tested_if_its_variables_are_set(lenient_store: TableStore) -> None:
    """A local Table Store stands for the real instance here."""
    names = {"OTS_ENDPOINT": "ENDPOINT", "OTS_ID": "ID", "OTS_SECRET": "SECRET"}
    names["OTS_INSTANCE"] = "INSTANCE"
    variables = {real_instance.PREFIX + names[k]: v for k, v in lenient_store.environ().items()}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, "-k", "[real]"]
    completed = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=100
    )
    assert completed.returncode == 0, completed.stdout
    assert "skipped" not in completed.stdout

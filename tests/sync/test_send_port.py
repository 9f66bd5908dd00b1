"""One body over every implementation of the `Send` port: the same writes leave the same rows."""

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
from tests.support.send_ports import KINDS, Side, side


@pytest.fixture(scope="module")
def loose() -> Iterator[TableStore]:
    """A local Table Store that takes any column name, as COLUMN_NAMES=verbatim hopes for."""
    with TableStore(any_column_names=True) as running:
        yield running


@pytest.fixture(params=[*KINDS, "real"])
def table(request: pytest.FixtureRequest, loose: TableStore) -> Iterator[Side]:
    if request.param != "real":
        yield side(request.param, loose)
    elif real_instance.environ():
        with real_instance.table() as made:
            yield made
    else:
        pytest.skip(f"no {real_instance.PREFIX}ENDPOINT, _ID, _SECRET and _INSTANCE are set")


ODD: list[Column] = [
    ("text", "a\x00日😀"),
    ("empty", ""),
    ("binary", bytearray(range(256))),
    ("empty_binary", bytearray()),
    ("integer_first", -(2**63)),
    ("integer_last", 2**63 - 1),
    ("double", -1e-130),
    ("yes", True),
    ("no", False),
    ("日本 name", 1),
    ("é" * 127, "long name outside ASCII"),
    ("n" * 255, 2.5),
]
PLAIN = {name: bytes(v) if isinstance(v, bytearray) else v for name, v in ODD}


def test_put_writes_every_type_and_takes_away_what_stood_there(table: Side) -> None:
    assert list(table.send([write(columns=[("stale", 1)])])) == [None]
    assert list(table.send([write(columns=ODD)])) == [None]
    (found,) = table.rows().values()
    assert found == PLAIN
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in PLAIN.items()
    }


def test_update_puts_deletes_and_leaves_the_rest(table: Side) -> None:
    table.send([write(columns=[*ODD, ("left", 1)])])
    gone = [name for name, _ in ODD if name != "text"]
    update = write("update", columns=[("text", "new"), ("日本 more", 1)], deleted=gone)
    assert list(table.send([update])) == [None]
    assert table.rows() == {("user", 1): {"left": 1, "text": "new", "日本 more": 1}}


def test_update_of_deletes_alone_makes_no_row_and_keeps_one(table: Side) -> None:
    gone = write("update", deleted=["a", "d" * 200, "日" * 80])
    assert list(table.send([gone])) == [None]
    assert table.rows() == {}
    table.send([write(columns=[("a", 1)])])
    assert list(table.send([gone])) == [None]
    assert table.rows() == {("user", 1): {}}


def test_update_makes_a_missing_row_and_delete_of_one_succeeds(table: Side) -> None:
    writes = [write("update", action_time=1, columns=[("a", 1)]), write("delete", action_time=2)]
    assert list(table.send(writes)) == [None, None]
    assert table.rows() == {("user", 1): {"a": 1}}


def test_put_only_if_absent_leaves_what_stands_and_says_so(table: Side) -> None:
    table.send([write(action_time=1, columns=[("a", 1)])])
    writes = [write(action_time=n, columns=[("a", 2)]) for n in (1, 2)]
    answers = table.send([replace(one, only_if_absent=True) for one in writes])
    assert [answer and answer.code for answer in answers] == ["OTSConditionCheckFail", None]
    assert table.rows() == {("user", 1): {"a": 1}, ("user", 2): {"a": 2}}


def test_bare_row_stands(table: Side) -> None:
    table.send([write()])
    assert table.rows() == {("user", 1): {}}
    table.send([write("delete")])
    assert table.rows() == {}


def test_kinds_mixed_in_one_call(table: Side) -> None:
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


REFUSED = {
    "nothing": [],
    "key-twice": [write(), write("delete")],
    "201-rows": [write(action_time=number) for number in range(201)],
    "over-4-mib": [write(action_time=n, columns=[("a", "x" * 2_097_152)]) for n in range(2)],
    "update-of-nothing": [write("update")],
    "1025-columns": [replace(write(), columns=[(f"c{number}", number) for number in range(1025)])],
}


@pytest.mark.parametrize("writes", REFUSED.values(), ids=REFUSED)
def test_call_over_a_limit_is_refused_whole(writes: list[RowWrite], table: Side) -> None:
    """The reason that batches are made as they are."""
    with pytest.raises(TableStoreError) as refused:
        table.send([*writes[:1], *writes[1:]])
    assert refused.value.code == "OTSParameterInvalid"
    assert table.rows() == {}


def test_real_instance_is_tried_when_its_variables_are_set(loose: TableStore) -> None:
    """Named by its variables, a store elsewhere goes through the same body."""
    names = {"OTS_ENDPOINT": "ENDPOINT", "OTS_ID": "ID", "OTS_SECRET": "SECRET"}
    names["OTS_INSTANCE"] = "INSTANCE"
    variables = {real_instance.PREFIX + names[k]: v for k, v in loose.environ().items()}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, "-k", "[real]"]
    tried = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=100
    )
    assert tried.returncode == 0, tried.stdout
    assert "skipped" not in tried.stdout

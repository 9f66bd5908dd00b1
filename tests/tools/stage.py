"""A source table, a target table and the commands of a migration between them, run for real.

The commands run in this process, or in one of their own that can be killed.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from tablestore import Row

from ots_local.demo.compare import Difference, expected_rows, find_differences
from ots_local.tablestore import TableStore
from ots_tools.__main__ import COMMANDS
from tests.support.builders import KEY_LIST
from tests.support.fixtures_dynamodb import SourceTable
from tests.support.handler import create_table, load_handler

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Stage:
    """Both tables, and the environment by which the commands find them."""

    source: SourceTable
    store: TableStore
    environ: Mapping[str, str]
    home: Path

    def run(self, command: str, *options: str, code: int | None = 0) -> Result:
        """Runs a command in this process; asserts its exit code, unless None."""
        module, name = COMMANDS[command]
        words = self._words(command, options)
        with environment(self.environ):
            result = CliRunner().invoke(getattr(import_module(module), name), words[1:])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code is None or result.exit_code == code, result.output
        return result

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        """Starts a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "ots_tools", *self._words(command, options)],
            env={**os.environ, **self.environ},
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def put(self, *items: Mapping[str, Any]) -> None:
        """Puts items into the source, one by one."""
        for item in items:
            self.source.tables.put_item(TableName=self.source.name, Item=item)

    def fill(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Puts many items into the source."""
        for start in range(0, len(items), 25):
            requests = [{"PutRequest": {"Item": one}} for one in items[start : start + 25]]
            self.source.tables.batch_write_item(RequestItems={self.source.name: requests})

    def delete(self, item: Mapping[str, Any]) -> None:
        """Deletes an item from the source."""
        self.source.tables.delete_item(
            TableName=self.source.name, Key={name: item[name] for name in KEY_LIST}
        )

    def items(self) -> list[dict[str, Any]]:
        """Every item of the source."""
        pages = self.source.tables.get_paginator("scan").paginate(TableName=self.source.name)
        return [item for page in pages for item in page["Items"]]

    def rows(self) -> Mapping[tuple[Any, ...], Mapping[str, Any]]:
        """Every row of the target."""
        return self.store.rows(self.environ["TABLE_NAME"])

    def loaded(self) -> int:
        """How many items the state file says are done."""
        try:
            with closing(sqlite3.connect(f"file:{self.home}/state?mode=ro", uri=True)) as db:
                found = db.execute("select sum(rows + present + refused) from step").fetchone()
        except sqlite3.OperationalError:  # it is not made yet
            return 0
        return found[0] or 0

    def wrong(self) -> list[Difference]:
        """What is not in the target as it is in the source, seen past the commands."""
        rules = load_handler(self.environ).row_mapper()
        return find_differences(expected_rows(self.items(), rules), self.rows())

    def wrong_but(self, *refused: Mapping[str, Any]) -> list[Difference]:
        """The same, but for items that can be no rows."""
        rules = load_handler(self.environ).row_mapper()
        good = [one for one in self.items() if one not in refused]
        return find_differences(expected_rows(good, rules), self.rows())

    def write_row(self, item: Mapping[str, Any], **columns: Any) -> None:
        """Puts a row into the target by hand: an item's, with some columns otherwise or (None)
        without them.
        """
        door = self.door()
        keys = {name: item[name] for name in KEY_LIST}
        found = {**dict(door.generate_attribute(item, KEY_LIST)), **columns}
        row = Row(
            list(door.get_primary_key(keys)),
            [(name, value) for name, value in found.items() if value is not None],
        )
        door.client().put_row(self.environ["TABLE_NAME"], row)

    def door(self, **environ: str) -> Any:
        """A door of its own over these tables: a function that is deployed."""
        return load_handler({**self.environ, **environ})

    def _words(self, command: str, options: Sequence[str]) -> list[str]:
        words = [command, "--table", self.source.name, "--state", str(self.home / "state")]
        if command == "verify":
            words += ["--report", str(self.home / "report.json")]
        return [*words, *options]


@contextmanager
def staged(source: SourceTable, store: TableStore, endpoint: str, home: Path) -> Iterator[Stage]:
    """A stage whose target table is made."""
    environ = {
        **create_table(store, "target"),
        "AWS_ENDPOINT_URL": endpoint,
        "OTS_TIMEOUT": "1",  # a write whose outcome is not known is tried again after so long
        "QUARANTINE": f"file://{home}/quarantine",
    }
    yield Stage(source, store, environ, home)


@contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """The environment with these in it, and as it was behind the block."""
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

"""Run the commands of a migration between a source table and a target table.

The commands run in this process, or in a process that a test can kill.
"""

from __future__ import annotations

import os
import signal
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
from tests.support.paths import ROOT


@dataclass(frozen=True)
class MigrationEnvironment:
    """Both tables, the environment variables of the commands, and a folder for their files."""

    source: SourceTable
    store: TableStore
    environ: Mapping[str, str]
    folder: Path

    def run(self, command: str, *options: str, code: int | None = 0) -> Result:
        """Run a command in this process; assert its exit code, unless it is None."""
        module, name = COMMANDS[command]
        arguments = self._arguments(command, options)
        with environment(self.environ):
            result = CliRunner().invoke(getattr(import_module(module), name), arguments[1:])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code is None or result.exit_code == code, result.output
        return result

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return start_command(self._arguments(command, options), env={**os.environ, **self.environ})

    def put(self, *items: Mapping[str, Any]) -> None:
        """Put items into the source, one by one."""
        for item in items:
            self.source.tables.put_item(TableName=self.source.name, Item=item)

    def put_many(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Put items into the source in batches."""
        for start in range(0, len(items), 25):
            requests = [{"PutRequest": {"Item": one}} for one in items[start : start + 25]]
            self.source.tables.batch_write_item(RequestItems={self.source.name: requests})

    def delete(self, item: Mapping[str, Any]) -> None:
        """Delete an item from the source."""
        self.source.tables.delete_item(
            TableName=self.source.name, Key={name: item[name] for name in KEY_LIST}
        )

    def items(self) -> list[dict[str, Any]]:
        """Return every item of the source."""
        pages = self.source.tables.get_paginator("scan").paginate(TableName=self.source.name)
        return [item for page in pages for item in page["Items"]]

    def rows(self) -> Mapping[tuple[Any, ...], Mapping[str, Any]]:
        """Return every row of the target."""
        return self.store.rows(self.environ["TABLE_NAME"])

    def loaded(self) -> int:
        """Return the number of items that are done according to the state file."""
        query = "select sum(rows + already_present + rejected) from step"
        try:
            with closing(sqlite3.connect(f"file:{self.folder}/state?mode=ro", uri=True)) as db:
                found = db.execute(query).fetchone()
        except sqlite3.OperationalError:  # the file does not exist yet
            return 0
        return found[0] or 0

    def wrong_rows(self, *except_items: Mapping[str, Any]) -> list[Difference]:
        """Return the differences between source and target, found without the commands.

        `except_items` are items that can never become rows.
        """
        row_mapper = load_handler(self.environ).row_mapper()
        valid = [one for one in self.items() if one not in except_items]
        return find_differences(expected_rows(valid, row_mapper), self.rows())

    def write_row(self, item: Mapping[str, Any], **columns: Any) -> None:
        """Put the row of an item with some other columns; None leaves a column out."""
        handler = self.handler()
        keys = {name: item[name] for name in KEY_LIST}
        found = {**dict(handler.generate_attribute(item, KEY_LIST)), **columns}
        row = Row(
            list(handler.get_primary_key(keys)),
            [(name, value) for name, value in found.items() if value is not None],
        )
        handler.client().put_row(self.environ["TABLE_NAME"], row)

    def handler(self, **environ: str) -> Any:
        """Return a handler module of its own for these tables, as in a deployed function."""
        return load_handler({**self.environ, **environ})

    def _arguments(self, command: str, options: Sequence[str]) -> list[str]:
        arguments = [command, "--table", self.source.name, "--state", str(self.folder / "state")]
        if command == "verify":
            arguments += ["--report", str(self.folder / "report.json")]
        return [*arguments, *options]


def start_command(arguments: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """Start `python -m ots_tools` with piped output, in a process that Ctrl-C can stop.

    A suite that was started in the background ignores SIGINT, and children inherit that, so the
    child gets the default action again.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "ots_tools", *arguments],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def create_migration_environment(
    source: SourceTable, store: TableStore, endpoint: str, folder: Path
) -> MigrationEnvironment:
    """Create the target table; return the environment."""
    environ = {
        **create_table(store, "target"),
        "AWS_ENDPOINT_URL": endpoint,
        "OTS_TIMEOUT": "1",  # after so long a write of unknown outcome is retried
        "QUARANTINE": f"file://{folder}/quarantine",
    }
    return MigrationEnvironment(source, store, environ, folder)


@contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables during the block."""
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

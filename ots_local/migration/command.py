"""`python -m ots_local demo-migration`: from load to "ready to switch", on this machine.

Options in; the commands, as a person would type them, and what they say, out. Exit code 0 when the
tables end equal and the last word is "ready to switch".
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

import click
from rich.console import Console
from rich.rule import Rule
from tablestore import Row

from ots_local import function as on_this_machine
from ots_local import function_log, target_table
from ots_local.dynamodb import (
    DynamoDB,
    create_table,
    delete_table,
    is_loopback,
    open_dynamodb,
    random_table_name,
)
from ots_local.migration.scene import Scene
from ots_local.tablestore import TableStore
from ots_sync.settings import SETTINGS, load

ROOT = Path(__file__).parent.parent.parent
TARGET = "target"
KILLED_AT = 0.4
"""The part of the items after which the load is killed."""


@click.command("demo-migration")
@click.option("--items", type=click.IntRange(500), default=10_000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same items.")
@click.option(
    "--dynamodb",
    "endpoint",
    metavar="URL",
    help="A DynamoDB on this machine to use instead of ministack, such as DynamoDB Local's. A "
    "table with a random name is made there, and deleted at the end.",
)
def demo_migration(items: int, seed: int, endpoint: str | None) -> None:
    """Run a whole migration on this machine, no cloud account.

    A table is loaded while it is being changed; the load is killed and goes on; the stream is
    replayed; verify proves the tables equal, finds what is then planted, and repair mends it.
    """
    if endpoint is not None and not is_loopback(endpoint):
        raise click.UsageError(
            f"{endpoint!r} is not on this machine: give a URL such as http://127.0.0.1:8000. For a "
            "table elsewhere, docs/migration.md has the commands."
        )
    console = Console(file=sys.stdout, highlight=False)
    log = function_log.LOCAL / "demo-migration.log"
    began_s = time.monotonic()
    with (
        function_log.kept(log),
        tempfile.TemporaryDirectory() as folder,
        TableStore() as store,
        open_dynamodb(endpoint) as dynamodb,
        _source(dynamodb, "orders" if endpoint is None else random_table_name("orders")) as source,
    ):
        name, arn = source
        environ = {
            **store.environ(),
            "TABLE_NAME": TARGET,
            "PRIMARY_KEY": "user_id:string,action_time:integer",
            "PARTIAL_RESPONSE": "1",
            "QUARANTINE": f"file://{folder}/quarantine",
            "AWS_ENDPOINT_URL": dynamodb.endpoint,
        }
        function = on_this_machine.load(load(environ, {}))
        keys = {"user_id": str, "action_time": int}
        target_table.create(function.client(), TARGET, keys)
        scene = Scene(dynamodb, name, arn, items, Random(seed))
        _Story(console, scene, function, environ, Path(folder)).tell()
    console.print(f"\nAll of it took {time.monotonic() - began_s:.0f} s.", style="bold")


@contextmanager
def _source(dynamodb: DynamoDB, name: str) -> Iterator[tuple[str, str]]:
    """The name and the stream of a table that nobody else has, gone afterwards."""
    arn = create_table(dynamodb.tables, name, {"user_id": "S", "action_time": "N"})
    try:
        yield name, arn
    finally:
        delete_table(dynamodb.tables, name)


@dataclass(frozen=True, slots=True)
class _Story:
    console: Console
    scene: Scene
    function: ModuleType
    environ: Mapping[str, str]
    folder: Path

    def tell(self) -> None:
        """The migration, step by step; ends the program where a step did not do as it should."""
        scene, checkpoint = self.scene, self.folder / "checkpoint.json"
        self._head(f"1  A table of {scene.items:,} items in DynamoDB, with a stream")
        with self.console.status("filling it"):
            scene.fill(lambda _: None)
        with scene.changing():
            self._head("2  It is loaded while it is being changed, and the load is killed")
            self._say("The function's mapping is off for now; the stream keeps what changes.")
            self._killed()
            self._head("3  It goes on where it was")
            self._run("backfill")
            self._head("4  The mapping is switched on: the stream is replayed from its beginning")
            with scene.pumping(self.function, checkpoint) as pump:
                with self.console.status("replaying") as status:
                    while (done := pump.progress.records_delivered) < scene.written * 0.99:
                        status.update(f"replaying: {done:,} of {scene.written:,} records")
                        time.sleep(0.1)
                self._say(f"{done:,} records were delivered so far; more come all the while.")
                self._head("5  Both tables are compared, alive as they are")
                self._run("verify", "--recheck-after", "3")
        with scene.pumping(self.function, checkpoint):
            self._head("6  A difference is planted, and found")
            self._plant()
            self._run("verify", "--recheck-after", "3", code=1)
            self._head("7  It is repaired, and the tables are equal")
            self._run("repair", "verify.json")
            self._run("verify", "--recheck-after", "3")
        self._head("8  May the readers be switched?")
        self._run("watch", "--once", "--checkpoint", checkpoint.name)

    def _killed(self) -> None:
        words = self._words("backfill", "--rate-write", str(max(200, self.scene.items // 4)))
        process = subprocess.Popen(
            words, env=self._environ(), cwd=self.folder, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and self._loaded() < self.scene.items * KILLED_AT:
            time.sleep(0.05)
        if process.poll() is not None:
            raise click.ClickException(
                f"backfill ended with exit code {process.returncode} before it was killed."
            )
        process.kill()
        process.wait()
        self._say(f"Killed (SIGKILL) when {self._loaded():,} items were loaded.")

    def _loaded(self) -> int:
        path = self.folder / "migration.state"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as state:
                return state.execute("select sum(rows) from step").fetchone()[0] or 0
        except sqlite3.OperationalError:  # it is not made yet
            return 0

    def _plant(self) -> None:
        """One row gets a value of another type, and one row comes that nobody's item is."""
        client, table = self.function.client(), self.environ["TABLE_NAME"]
        item = self.scene.item(0)
        self.scene.dynamodb.tables.put_item(TableName=self.scene.table, Item=item)
        time.sleep(2)  # the stream brings the item's own row first
        key = [("user_id", "user-000000"), ("action_time", 0)]
        client.put_row(table, Row(key, [("text", 7)]))
        client.put_row(table, Row([("user_id", "nobody"), ("action_time", 1)], [("text", "x")]))
        self._say("A row was overwritten, and one was added, past the function.")

    def _run(self, command: str, *options: str, code: int = 0) -> None:
        words = self._words(command, *options)
        result = subprocess.run(
            words,
            env=self._environ(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.console.print(result.stdout.strip(), markup=False)
        self._say(f"exit code {result.returncode}")
        if result.returncode != code:
            raise click.ClickException(f"{command} should have ended with exit code {code}.")

    def _words(self, command: str, *options: str) -> list[str]:
        words = ["-m", "ots_tools", command, "--table", self.scene.table, *options]
        self.console.print(f"$ python {' '.join(words)}", style="bold", markup=False)
        return [sys.executable, *words]

    def _environ(self) -> dict[str, str]:
        """Without what the shell may hold for a real Table Store."""
        settings = {setting.name for setting in SETTINGS}
        others = {name: value for name, value in os.environ.items() if name not in settings}
        width = str(min(100, self.console.width))
        return {**others, **self.environ, "PYTHONPATH": str(ROOT), "COLUMNS": width}

    def _head(self, words: str) -> None:
        self.console.print()
        self.console.print(Rule(words, align="left"))

    def _say(self, words: str) -> None:
        self.console.print(words, style="dim", markup=False)

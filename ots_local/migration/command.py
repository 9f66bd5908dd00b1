"""Define the command `demo-migration`: a migration on this machine, from load to cutover."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

import click
from rich.console import Console
from rich.rule import Rule
from tablestore import Row

from ots_local import function_log
from ots_local.demo.source_table import temporary_source_table
from ots_local.dynamodb import is_loopback, open_dynamodb, random_table_name
from ots_local.handler import load_handler
from ots_local.migration.live_workload import LiveWorkload
from ots_local.tablestore import TableStore
from ots_local.target_table import create_target_table
from ots_sync.settings import SETTINGS, load

ROOT = Path(__file__).parents[2]
TARGET = "target"
KILL_AT = 0.4
"""The share of the items after which the load is killed."""


@click.command("demo-migration")
@click.option(
    "--items",
    type=click.IntRange(500),
    default=10_000,
    show_default=True,
    help="Number of items in the DynamoDB table.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the items and changes.")
@click.option(
    "--dynamodb",
    "endpoint",
    metavar="URL",
    help="DynamoDB on this machine to use instead of ministack, such as DynamoDB Local. A table "
    "with a random name is created there and deleted at the end.",
)
def demo_migration(items: int, seed: int, endpoint: str | None) -> None:
    """Run a whole migration on this machine, without a cloud account.

    The demo loads a table while it changes, kills the load and resumes it, and replays the stream.
    Then verify shows that the tables are equal and finds planted differences, and repair corrects
    them.

    Exit code 0: the tables are equal at the end, and the last line is "ready to switch".
    """
    if endpoint is not None and not is_loopback(endpoint):
        raise click.UsageError(
            f"{endpoint!r} is not on this machine. Use a URL such as http://127.0.0.1:8000. For a "
            "table elsewhere, see the commands in docs/migration.md."
        )
    console = Console(file=sys.stdout, highlight=False)
    start_s = time.monotonic()
    name = "orders" if endpoint is None else random_table_name("orders")
    with (
        function_log.redirect_to_file(function_log.LOCAL / "demo-migration.log"),
        tempfile.TemporaryDirectory() as folder,
        TableStore() as store,
        open_dynamodb(endpoint) as dynamodb,
        temporary_source_table(dynamodb, name) as source,
    ):
        environ = {
            **store.environ(),
            "TABLE_NAME": TARGET,
            "PRIMARY_KEY": "user_id:string,action_time:integer",
            "PARTIAL_RESPONSE": "1",
            "QUARANTINE": f"file://{folder}/quarantine",
            "AWS_ENDPOINT_URL": dynamodb.endpoint,
        }
        handler = load_handler(load(environ, {}))
        create_target_table(handler.client(), TARGET, {"user_id": str, "action_time": int})
        workload = LiveWorkload(source, items, Random(seed))
        _Migration(console, workload, handler, environ, Path(folder)).run()
    console.print(f"\nThe demo took {time.monotonic() - start_s:.0f} s.", style="bold")


@dataclass(frozen=True, slots=True)
class _Migration:
    console: Console
    workload: LiveWorkload
    handler: ModuleType
    environ: Mapping[str, str]
    folder: Path

    def run(self) -> None:
        """Run the steps in order; raises ClickException if a command has another exit code."""
        workload, checkpoint = self.workload, self.folder / "checkpoint.json"
        self._heading(f"1  Create a DynamoDB table with a stream and {workload.items:,} items")
        with self.console.status("Filling the table"):
            workload.fill()
        with workload.changing():
            self._heading("2  Load the table while it changes; kill the load")
            self._note("The event source mapping is disabled. The stream keeps the changes.")
            self._run_killed_backfill()
            self._heading("3  Resume the load")
            self._run("backfill")
            self._heading("4  Enable the mapping: the stream is delivered from its start")
            with workload.delivering(self.handler, checkpoint) as poller:
                with self.console.status("Delivering") as status:
                    while (
                        done := poller.progress.records_delivered
                    ) < workload.expected_records * 0.99:
                        status.update(
                            f"Delivering: {done:,} of {workload.expected_records:,} records"
                        )
                        time.sleep(0.1)
                self._note(f"{done:,} records are delivered. The table still changes.")
                self._heading("5  Compare both tables while they change")
                self._run("verify", "--recheck-after", "3")
        with workload.delivering(self.handler, checkpoint):
            self._heading("6  Plant differences, and find them")
            self._plant_differences()
            self._run("verify", "--recheck-after", "3", exit_code=1)
            self._heading("7  Repair them; the tables are equal again")
            self._run("repair", "verify.json")
            self._run("verify", "--recheck-after", "3")
        self._heading("8  Check whether the readers can switch to Table Store")
        self._run("watch", "--once", "--checkpoint", checkpoint.name)

    def _run_killed_backfill(self) -> None:
        rate = str(max(200, self.workload.items // 4))
        process = subprocess.Popen(
            self._command_line("backfill", "--rate-write", rate),
            env=self._environ(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        while process.poll() is None and self._loaded() < self.workload.items * KILL_AT:
            time.sleep(0.05)
        if process.poll() is not None:
            raise click.ClickException(
                f"backfill ended with exit code {process.returncode} before it was killed."
            )
        process.kill()
        process.wait()
        self._note(f"Killed (SIGKILL) when {self._loaded():,} items were loaded.")

    def _loaded(self) -> int:
        path = self.folder / "migration.state"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as state:
                return state.execute("select sum(rows) from step").fetchone()[0] or 0
        except sqlite3.OperationalError:  # backfill has not created it yet
            return 0

    def _plant_differences(self) -> None:
        """Write a wrong value to one row, and add a row that has no item."""
        client, table = self.handler.client(), self.environ["TABLE_NAME"]
        source = self.workload.source
        source.dynamodb.tables.put_item(TableName=source.name, Item=self.workload.item(0))
        time.sleep(2)  # until the stream has delivered the item's correct row
        key = [("user_id", "user-000000"), ("action_time", 0)]
        client.put_row(table, Row(key, [("text", 7)]))
        client.put_row(table, Row([("user_id", "nobody"), ("action_time", 1)], [("text", "x")]))
        self._note("One row was overwritten and one was added without the function.")

    def _run(self, command: str, *options: str, exit_code: int = 0) -> None:
        result = subprocess.run(
            self._command_line(command, *options),
            env=self._environ(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.console.print(result.stdout.strip(), markup=False)
        self._note(f"exit code {result.returncode}")
        if result.returncode != exit_code:
            raise click.ClickException(
                f"{command} ended with exit code {result.returncode}; expected {exit_code}."
            )

    def _command_line(self, command: str, *options: str) -> list[str]:
        """Print the command as a user would type it, and return its arguments."""
        arguments = ["-m", "ots_tools", command, "--table", self.workload.source.name, *options]
        self.console.print(f"$ python {' '.join(arguments)}", style="bold", markup=False)
        return [sys.executable, *arguments]

    def _environ(self) -> dict[str, str]:
        """Return the environment without the settings of a real Table Store in the shell."""
        settings = {setting.name for setting in SETTINGS}
        others = {name: value for name, value in os.environ.items() if name not in settings}
        width = str(min(100, self.console.width))
        return {**others, **self.environ, "PYTHONPATH": str(ROOT), "COLUMNS": width}

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Rule(text, align="left"))

    def _note(self, text: str) -> None:
        self.console.print(text, style="dim", markup=False)

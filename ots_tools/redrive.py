"""Define the command `redrive`: reconcile the keys of quarantined objects, then remove the objects.

An object is removed only when the row of each of its keys matches the current item.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import click
from rich.console import Console
from rich.table import Table

from ots_sync.model import Image
from ots_sync.rows import RowMapper
from ots_sync.writer import WriterContext
from ots_tools import aws, function
from ots_tools.cli import CommonOptions, IncompleteError, common_options
from ots_tools.display import progress_bar
from ots_tools.items import key_to_text, read_items
from ots_tools.quarantine_store import (
    QuarantinedObject,
    QuarantineStore,
    belongs_to,
    open_store,
    parse_object,
    with_new_reason,
)
from ots_tools.reconcile import ReadItems, Reconciled, reconcile
from ots_tools.sources.table import SourceTable

OBJECTS_PER_BATCH = 16
"""Objects that are read and processed together. One that Lambda stored can have 6 MB and 10,000
records."""

KEYS_PER_BATCH = 1_000
"""Keys that are reconciled together, because the writer's deadline applies to all of its rows."""

DESCRIPTIONS = {
    "written": "removed: the rows match the items",
    "rejected": "kept with the new reason: the items cannot become rows",
    "unstable": "kept: the items changed during the writes; run redrive again",
    "unprocessed": "kept: not acknowledged in time; run redrive again",
    "other row format": "kept: rejected under settings that produce other rows",
    "unreadable": "kept: no record with a key of this table",
    "other table": "skipped: of another table",
    "misplaced": "skipped: not in a folder with a table's name",
    "would be tried": "would be reconciled",
}
"""Result for an object -> its description."""

WORST_FIRST = ("unprocessed", "unstable", "rejected", "written")
"""The result for an object whose keys have different results is the first of these."""

UNREADABLE = Reconciled("unreadable", reason="no record with a key of this table")
OTHER_ROW_FORMAT = Reconciled("other row format", reason="see below")


@click.command("redrive")
@common_options
@click.argument("location", metavar="[QUARANTINE]", required=False)
@click.option("--dry-run", is_flag=True, help="Count the objects; write and remove nothing.")
@click.option(
    "--allow-row-format-change",
    is_flag=True,
    help="Also process records that were rejected under settings that produce other rows than the "
    "current ones.",
)
def redrive(
    common: CommonOptions, location: str | None, dry_run: bool, allow_row_format_change: bool
) -> None:
    """Reconcile quarantined records, and remove them from the quarantine.

    QUARANTINE is s3://bucket/prefix or file:///path; default: the one in the settings. Each key's
    row is brought to the current state of its item, which is safe while the stream writes. An
    object is removed only after that. Both the function's objects and those of Lambda's on-failure
    destination are processed.

    Exit code: 0 nothing is left, 1 some objects are kept and listed, 2 not complete.
    """
    location = location or common.settings.quarantine
    if not location:
        raise click.UsageError("Name the quarantine: s3://bucket/prefix or file:///path.")
    client, source = common.open_source()
    run = Redrive(
        open_store(location, lambda: aws.client("s3")),
        source,
        common.settings.table_name,
        common.settings.fingerprint,
        lambda keys: read_items(client, source.name, keys),
        function.row_mapper(),
        lambda: function.build_context().writer,
        allow_row_format_change=allow_row_format_change,
        dry_run=dry_run,
    )
    console = Console()
    names = run.store.names()
    with progress_bar(console) as progress:
        task = progress.add_task("redrive", total=len(names), cost="")
        for count in run.process(names):
            progress.update(task, advance=count)
    console.print(results_table(run))
    for name, state, reason in run.kept:
        console.print(f"{name}: {state}: {reason}", markup=False, highlight=False, soft_wrap=True)
    if run.results["misplaced"]:
        raise IncompleteError(
            f"{location} is not the quarantine itself, which has one folder per target table, but "
            "it may be such a folder. Name the location that QUARANTINE has: "
            f"{location.rstrip('/').rpartition('/')[0]}"
        )
    if run.results["other row format"]:
        raise IncompleteError(
            "Some records were rejected under settings that produce other rows than the current "
            "ones. If they were written now, their rows would differ in format from the rest of "
            "the table, unless the deployed function has the current settings too. Use its "
            "settings (--function), or --allow-row-format-change if the change is intended."
        )
    sys.exit(1 if run.kept else 0)


@dataclass(slots=True)
class Redrive:
    """One run over a quarantine.

    `results` counts objects by result; `kept` lists name, result and reason of those that stay.
    """

    store: QuarantineStore
    source: SourceTable
    target: str
    fingerprint: str
    read_items: ReadItems
    row_mapper: RowMapper
    writer_context: Callable[[], WriterContext]
    allow_row_format_change: bool = False
    dry_run: bool = False
    time_s: Callable[[], float] = time.time
    results: Counter[str] = field(default_factory=Counter)
    keys: int = 0
    kept: list[tuple[str, str, str]] = field(default_factory=list)

    def process(self, names: Sequence[str]) -> Iterator[int]:
        """Process the objects in batches; yield the size of each batch when it is done."""
        remaining = iter(names)
        with ThreadPoolExecutor(OBJECTS_PER_BATCH) as readers:
            while batch := list(islice(remaining, OBJECTS_PER_BATCH)):
                objects = list(readers.map(self._read, batch))
                self._process([one for one in objects if one is not None])
                yield len(batch)

    def _read(self, name: str) -> QuarantinedObject | None:
        found = parse_object(name, self.store.read(name), self.source.key_types)
        if "record" in found.document and "/" not in name:
            self.results["misplaced"] += 1
            return None
        if belongs_to(name, found.document, self.source.name, self.target):
            return found
        self.results["other table"] += 1
        return None

    def _process(self, objects: Sequence[QuarantinedObject]) -> None:
        valid = []
        for one in objects:
            if not one.keys:
                self._keep(one, UNREADABLE)
            elif one.fingerprint not in ("", self.fingerprint) and not self.allow_row_format_change:
                self._keep(one, OTHER_ROW_FORMAT)
            else:
                valid.append(one)
        keys: dict[str, Image] = {key_to_text(key): key for one in valid for key in one.keys}
        self.keys += len(keys)
        if self.dry_run:
            self.results["would be tried"] += len(valid)
            return
        results: dict[str, Reconciled] = {}
        remaining = iter(keys.items())
        while batch := dict(islice(remaining, KEYS_PER_BATCH)):
            reconciled = reconcile(
                list(batch.values()), self.read_items, self.row_mapper, self.writer_context
            )
            results |= zip(batch, reconciled, strict=True)
        for one in valid:
            of_keys = [results[key_to_text(key)] for key in one.keys]
            self._finish(one, min(of_keys, key=lambda result: WORST_FIRST.index(result.state)))

    def _finish(self, one: QuarantinedObject, result: Reconciled) -> None:
        if result.state == "written":
            self.store.remove(one.name)
            self.results["written"] += 1
            return
        if result.state == "rejected":
            body = with_new_reason(one, result.code, result.reason, self.fingerprint, self.time_s())
            self.store.replace(one.name, body)
        self._keep(one, result)

    def _keep(self, one: QuarantinedObject, result: Reconciled) -> None:
        self.results[result.state] += 1
        self.kept.append((one.name, result.state, f"{result.code} {result.reason}".strip()))


def results_table(run: Redrive) -> Table:
    """Return the results of a run as a table."""
    table = Table(title="Redriven", title_justify="left")
    table.add_column("objects", justify="right")
    table.add_column("result")
    for result, count in run.results.items():
        table.add_row(f"{count:,}", DESCRIPTIONS[result])
    table.caption = f"{run.keys:,} keys in {sum(run.results.values()):,} objects"
    return table

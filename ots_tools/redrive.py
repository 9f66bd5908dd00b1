"""`python -m ots_tools redrive`: quarantined records go in; their keys are settled, and they leave.

An object leaves the quarantine only when the row of each of its keys is what its item is.
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
from rich.table import Table as Lines

from ots_sync.model import Image
from ots_sync.rows import RowMapper
from ots_sync.writer import WriterContext
from ots_tools import aws, door, item_reads
from ots_tools.cases import Case, is_ours, read_case, refused_again
from ots_tools.display import bar
from ots_tools.items import key_text
from ots_tools.kept_objects import Kept, open_kept
from ots_tools.options import Common, CouldNotTellError, common
from ots_tools.scan import Table
from ots_tools.settle import Read, Settled, settle

AT_ONCE = 16
"""Objects read and settled together: one that Lambda kept can be 6 MB, and have 10,000 records."""

KEYS_AT_ONCE = 1_000
"""Keys settled together: a writer's patience is for all of its rows."""

MEANING = {
    "written": "removed: the rows are what the items are",
    "rejected": "stay with the new reason: the items can be no rows",
    "unstable": "stay: the items changed all the while; run again",
    "unprocessed": "stay: not acknowledged in time; run again",
    "other shape": "stay: refused under settings that make other rows",
    "unreadable": "stay: they hold no record with a key of this table",
    "other tables": "left alone: of another table",
    "misplaced": "left alone: not in a folder that has a table's name",
}
WORST = ("unprocessed", "unstable", "rejected", "written")
"""What becomes of an object whose keys fared differently: the first of these."""

UNREADABLE = Settled("unreadable", reason="no record with a key of this table")
OTHER_SHAPE = Settled("other shape", reason="see below")


@click.command("redrive")
@common
@click.argument("quarantine", required=False)
@click.option("--dry-run", is_flag=True, help="Tell what is there; write and remove nothing.")
@click.option(
    "--allow-shape-change",
    is_flag=True,
    help="Also take records refused under settings that make other rows than the present ones.",
)
def redrive(
    shared: Common, quarantine: str | None, dry_run: bool, allow_shape_change: bool
) -> None:
    """Settle what is quarantined in QUARANTINE (s3://bucket/prefix or file:///path).

    Each key's row is brought to its item's present state, beside the running stream, and the object
    is removed only then. Takes the objects that the function keeps and those that Lambda's
    on-failure destination keeps. Without QUARANTINE, the one of the settings.

    Exit code: 0 nothing is left, 1 some stay and are named, 2 it did not come to its end.
    """
    place = quarantine or shared.settings.quarantine
    if not place:
        raise click.UsageError("Name the quarantine: s3://bucket/prefix or file:///path.")
    client, table = shared.source()
    run = Redrive(
        open_kept(place, lambda: aws.client("s3")),
        table,
        shared.settings.table_name,
        shared.settings.fingerprint,
        lambda keys: item_reads.items_of(client, table.name, keys),
        door.rules(),
        lambda: door.ports().writer,
        allow_shape_change=allow_shape_change,
        dry_run=dry_run,
    )
    console = Console()
    names = run.kept.names()
    with bar(console) as progress:
        task = progress.add_task("redrive", total=len(names), cost="")
        for count in run.steps(names):
            progress.update(task, advance=count)
    console.print(summary(run))
    for name, state, reason in run.staying:
        words = f"{name}: {state}: {reason}"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    if run.states["misplaced"]:
        raise CouldNotTellError(
            f"{place} is not the quarantine itself, where each table's records are in a folder of "
            "its name: it may be such a folder. Name the place above it, as QUARANTINE does: "
            f"{place.rstrip('/').rpartition('/')[0]}"
        )
    if run.states["other shape"]:
        raise CouldNotTellError(
            "Some records were refused under settings that make other rows than the present ones: "
            "written now, their rows would not be like those of the rest of the table, unless the "
            "deployed function has these settings too. Use its settings (--function), or, where "
            "the change is meant, --allow-shape-change."
        )
    sys.exit(1 if run.staying else 0)


@dataclass(slots=True)
class Redrive:
    """One run over a quarantine; `states` counts objects, `staying` names those that stay."""

    kept: Kept
    table: Table
    target: str
    fingerprint: str
    read: Read
    rules: RowMapper
    means: Callable[[], WriterContext]
    allow_shape_change: bool = False
    dry_run: bool = False
    wall_s: Callable[[], float] = time.time
    states: Counter[str] = field(default_factory=Counter)
    keys: int = 0
    staying: list[tuple[str, str, str]] = field(default_factory=list)

    def steps(self, names: Sequence[str]) -> Iterator[int]:
        """Works through the objects; tells after each step how many were done in it."""
        left = iter(names)
        with ThreadPoolExecutor(AT_ONCE) as readers:
            while some := list(islice(left, AT_ONCE)):
                cases = list(readers.map(self._case, some))
                self._work([case for case in cases if case is not None])
                yield len(some)

    def _case(self, name: str) -> Case | None:
        case = read_case(name, self.kept.read(name), self.table.key_types)
        if "record" in case.document and "/" not in name:
            self.states["misplaced"] += 1
            return None
        if is_ours(name, case.document, self.table.name, self.target):
            return case
        self.states["other tables"] += 1
        return None

    def _work(self, cases: Sequence[Case]) -> None:
        good = []
        for case in cases:
            if not case.keys:
                self._stays(case, UNREADABLE)
            elif case.fingerprint not in ("", self.fingerprint) and not self.allow_shape_change:
                self._stays(case, OTHER_SHAPE)
            else:
                good.append(case)
        keys: dict[str, Image] = {key_text(key): key for case in good for key in case.keys}
        self.keys += len(keys)
        if self.dry_run:
            self.states["would be tried"] += len(good)
            return
        found: dict[str, Settled] = {}
        left = iter(keys.items())
        while some := dict(islice(left, KEYS_AT_ONCE)):
            keys_now = list(some.values())
            found |= zip(some, settle(keys_now, self.read, self.rules, self.means), strict=True)
        for case in good:
            fared = [found[key_text(key)] for key in case.keys]
            self._end(case, min(fared, key=lambda one: WORST.index(one.state)))

    def _end(self, case: Case, fared: Settled) -> None:
        if fared.state == "written":
            self.kept.remove(case.name)
            self.states["written"] += 1
            return
        if fared.state == "rejected":
            again = (fared.code, fared.reason, self.fingerprint, self.wall_s())
            self.kept.write(case.name, refused_again(case, *again))
        self._stays(case, fared)

    def _stays(self, case: Case, fared: Settled) -> None:
        self.states[fared.state] += 1
        self.staying.append((case.name, fared.state, f"{fared.code} {fared.reason}".strip()))


def summary(run: Redrive) -> Lines:
    """What was done, in numbers."""
    lines = Lines(title="Redriven", title_justify="left")
    lines.add_column("objects", justify="right")
    lines.add_column("what became of them")
    for state, count in run.states.items():
        lines.add_row(f"{count:,}", MEANING.get(state, state))
    lines.caption = f"{run.keys:,} keys in {sum(run.states.values()):,} objects"
    return lines

"""`python -m ots_tools backfill`: a table or an export goes in, its rows stand in Table Store.

Stops at any moment and goes on where it was; refuses what would break the migration's order.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import click
from rich.console import Console

from ots_sync.errors import TableStoreError
from ots_sync.settings import Settings
from ots_tools import display, door, orders, target_rows
from ots_tools.crew import crew
from ots_tools.load import LoadError, Part, Work
from ots_tools.options import COULD_NOT_TELL, Common, FiniteRange, common
from ots_tools.plan import Pace, Plan, of_export, of_table
from ots_tools.state import State

_rate = FiniteRange(min=0, min_open=True)


@click.command("backfill")
@common
@click.option(
    "--from-export",
    metavar="PLACE",
    help="Load a DynamoDB export: s3://bucket/.../AWSDynamoDB/<export id>, or a folder.",
)
@click.option("--live", is_flag=True, help="Beside a live stream: put absent rows only.")
@click.option("--segments", type=click.IntRange(1, 1_000_000), help="Segments of the scan.")
@click.option("--rate-read", type=_rate, metavar="RCU/S", help="Read units a second, at most.")
@click.option("--rate-write", type=_rate, metavar="ROWS/S", help="Rows a second, at most.")
@click.option("--eventual", is_flag=True, help="Read eventually consistent: half the read units.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes; one uses one core.",
)
@click.option(
    "--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Of each worker."
)
@click.option("--dry-run", is_flag=True, help="Estimate items, time and money; write nothing.")
def backfill(
    shared: Common,
    from_export: str | None,
    live: bool,
    segments: int | None,
    rate_read: float | None,
    rate_write: float | None,
    eventual: bool,
    workers: int,
    threads: int,
    dry_run: bool,
) -> None:
    """Load a table, or a DynamoDB export of it, into Table Store.

    Run it again after any interruption: it goes on where it was. docs/migration.md tells which
    order of steps to take, and what can happen in each.

    Exit code: 0 done, 1 done but items were refused and are in quarantine, 2 not done.
    """
    console = Console()
    pace = Pace(workers, threads, rate_read, rate_write)
    keys = shared.settings.key_list
    now_s = time.time()
    plan = (
        of_export(from_export, shared.table, keys, pace, live=live, now_s=now_s)
        if from_export
        else of_table(
            shared.source(),
            shared.dynamodb,
            keys,
            pace,
            segments,
            consistent=not eventual,
            live=live,
            now_s=now_s,
        )
    )
    console.print(display.estimate(plan))
    if dry_run:
        return
    with shared.open_state(plan.table_arn, alone=True) as state:
        number = _begun(state, plan, shared, console)
        run = _Run(state, number, plan, pace)
        run.go(console)
        trigger = shared.trigger(plan.table)
        if trigger and orders.overlaps(state.history()[-1], trigger.enabled, trigger.changed_s):
            state.overlap(number)
        console.print(display.summary(run.totals(), state.counts(number)))
        for line in run.last_words(shared.function):
            console.print(line)
        refused = state.counts(number).refused
    sys.exit(1 if refused else 0)


def _begun(state: State, plan: Plan, shared: Common, console: Console) -> int:
    """The number of the step, begun now or before. Raises OrderError when it may not."""
    enabled = shared.mapping_enabled(plan.table)
    position = orders.resumed(state.history(), plan.step)
    orders.may_load(plan.step, enabled)
    if enabled is None and not plan.step.live:
        console.print(
            "[yellow]Without --function nobody checks that the event source mapping is disabled; "
            "this load must not run beside it."
        )
    if position is not None:
        return state.number(position)
    step = plan.step
    if step.kind == "scan" and not step.live and _holds_rows(shared.settings):
        step = replace(step, onto_rows=True)
        console.print(
            "[yellow]The target is not empty. A load deletes nothing: rows of items that are gone "
            "by now would stay, so only an equal verify will make watch say ready."
        )
    return state.begin(step, plan.parts)


def _holds_rows(settings: Settings) -> bool:
    """Whether the target holds a row, or nobody can tell: the key may be one that only writes."""
    start = target_rows.first_key(settings.key_list)
    try:
        found = target_rows.page(door.store(), settings.table_name, settings.key_list, start, 1)
    except TableStoreError:
        return True
    return bool(found.rows)


@dataclass(slots=True)
class _Run:
    """This run of a step."""

    state: State
    number: int
    plan: Plan
    pace: Pace
    began_s: float = field(default_factory=time.monotonic)
    read_units: float = 0.0
    codes: dict[str, int] = field(default_factory=dict)
    written: int = 0

    def go(self, console: Console) -> None:
        """Loads what is left. Raises LoadError when it does not come to its end."""
        parts = self.state.parts(self.number)
        left = [Part(name, cursor.at) for name, cursor in parts.items() if not cursor.done]
        work = Work(
            self.plan.origin,
            self.plan.step.live,
            self.pace.threads,
            self.pace.rate_read and self.pace.rate_read / self.pace.workers,
            self.pace.rate_write and self.pace.rate_write / self.pace.workers,
        )
        failed = ""
        before = sum(self.state.counts(self.number))
        with (
            crew(work, left, self.pace.workers) as (news, stop),
            _on_ctrl_c(stop.set, console),
            display.load_bar(console, self.plan, before) as bar,
        ):
            for one in news:
                failed = failed or one.failed
                if one.part:
                    self.state.move(self.number, one.part, one.cursor, one.counts, time.time())
                    self.written += sum(one.counts)
                    self.read_units += one.read_units
                    for code, count in (one.codes or {}).items():
                        self.codes[code] = self.codes.get(code, 0) + count
                    bar(sum(one.counts), self.read_units)
        if failed:
            raise LoadError(failed)
        if not all(cursor.done for cursor in self.state.parts(self.number).values()):
            console.print("Stopped. Run the same command again: it goes on where it was.")
            sys.exit(COULD_NOT_TELL)
        self.state.end(self.number, time.time())

    def totals(self) -> display.Totals:
        """This run in numbers."""
        seconds = time.monotonic() - self.began_s
        return display.Totals(self.written, seconds, self.read_units, self.codes)

    def last_words(self, function: str | None) -> list[str]:
        """What has to be done next."""
        before_s = orders.enable_before(self.state.history())
        named = function or "the function"
        if before_s is None:
            return [
                "Not done yet: run verify at least a minute from now, then repair what it finds."
            ]
        return [
            f"Enable the mapping of {named} before {orders.when(before_s)}: the stream forgets "
            "after 24 hours."
        ]


class _on_ctrl_c:  # noqa: N801 - reads as what it does
    """Calls something on the first Ctrl-C instead of breaking off; the second one breaks off."""

    def __init__(self, act: Callable[[], object], console: Console) -> None:
        self._act, self._console = act, console

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._first)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _first(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._act()
        self._console.print("Finishing what is in flight; Ctrl-C again to break off.")

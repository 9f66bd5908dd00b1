"""Define the command `backfill`: load a table or an export into Table Store."""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import click
from rich.console import Console

from ots_sync.errors import TableStoreError
from ots_sync.settings import Settings
from ots_tools import display, function, target
from ots_tools.cli import EXIT_INCOMPLETE, RATE, CommonOptions, common_options
from ots_tools.loader import LoadError, LoadJob, Part
from ots_tools.migration_rules import (
    enable_mapping_before_s,
    ensure_allowed,
    find_resumable,
    format_time,
    was_mapping_enabled_during,
)
from ots_tools.plan import LoadLimits, LoadPlan, plan_export, plan_scan
from ots_tools.state_file import StateFile
from ots_tools.worker_pool import worker_pool


@click.command("backfill")
@common_options
@click.option(
    "--from-export",
    metavar="LOCATION",
    help="Load a DynamoDB export: s3://bucket/.../AWSDynamoDB/<export id>, or a folder.",
)
@click.option("--live", is_flag=True, help="Load while the stream writes: insert absent rows only.")
@click.option(
    "--segments",
    type=click.IntRange(1, 1_000_000),
    help="Segments of the scan. Default: by the table's size and the number of threads.",
)
@click.option(
    "--rate-read", type=RATE, metavar="RCU/S", help="Maximum DynamoDB read units per second."
)
@click.option("--rate-write", type=RATE, metavar="ROWS/S", help="Maximum rows written per second.")
@click.option(
    "--consistent-read/--no-consistent-read",
    default=True,
    show_default=True,
    help="Scan with strongly consistent reads. Without them a scan takes half the read units.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Worker processes; each uses one core.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Threads per worker process.",
)
@click.option("--dry-run", is_flag=True, help="Estimate items, time and money; write nothing.")
def backfill(
    common: CommonOptions,
    from_export: str | None,
    live: bool,
    segments: int | None,
    rate_read: float | None,
    rate_write: float | None,
    consistent_read: bool,
    workers: int,
    threads: int,
    dry_run: bool,
) -> None:
    """Load a table, or a DynamoDB export of it, into Table Store.

    The load can be interrupted at any time. Run the same command again to continue it.
    docs/migration.md describes the order of steps, and what can happen in each.

    Exit code: 0 complete, 1 complete but rejected items are in quarantine, 2 not complete.
    """
    console = Console()
    limits = LoadLimits(workers, threads, rate_read, rate_write)
    keys = common.settings.key_list
    now_s = time.time()
    plan = (
        plan_export(from_export, common.table, keys, limits, live=live, now_s=now_s)
        if from_export
        else plan_scan(
            common.open_source()[1],
            common.dynamodb,
            keys,
            limits,
            segments,
            consistent=consistent_read,
            live=live,
            now_s=now_s,
        )
    )
    console.print(display.estimate_table(plan))
    if dry_run:
        return
    with common.open_state(plan.table_arn, exclusive=True) as state:
        step_id = _begin_or_resume(state, plan, common, console)
        run = _Run(state, step_id, plan, limits)
        run.load(console)
        mapping = common.find_mapping(plan.table)
        if mapping and was_mapping_enabled_during(
            state.history()[-1], mapping.enabled, mapping.changed_s
        ):
            state.mark_mapping_enabled(step_id)
        counts = state.counts(step_id)
        console.print(display.load_summary(run.totals(), counts))
        console.print(_next_step(state, common.function))
    sys.exit(1 if counts.rejected else 0)


def _begin_or_resume(
    state: StateFile, plan: LoadPlan, common: CommonOptions, console: Console
) -> int:
    """Return the id of the step. Raises StepOrderError if it is not allowed now."""
    enabled = common.is_mapping_enabled(plan.table)
    position = find_resumable(state.history(), plan.step)
    ensure_allowed(plan.step, enabled)
    if enabled is None and not plan.step.live:
        console.print(
            "[yellow]Without --function it is not checked that the event source mapping is "
            "disabled. This load must not run while the mapping is enabled."
        )
    if position is not None:
        return state.step_id(position)
    step = plan.step
    if step.kind == "scan" and not step.live and _may_contain_rows(common.settings):
        step = replace(step, target_not_empty=True)
        console.print(
            "[yellow]The target is not empty. A load deletes no rows, so rows of deleted items "
            "would remain. `watch` therefore requires an equal verify before a switch."
        )
    return state.begin_step(step, plan.parts)


def _may_contain_rows(settings: Settings) -> bool:
    """Return whether the target has a row; also if it cannot be read with a write-only key."""
    start = target.start_key(settings.key_list)
    try:
        page = target.read_page(
            function.client(), settings.table_name, settings.key_list, start, limit=1
        )
    except TableStoreError:
        return True
    return bool(page.rows)


@dataclass(slots=True)
class _Run:
    """One run of a load step."""

    state: StateFile
    step_id: int
    plan: LoadPlan
    limits: LoadLimits
    started_s: float = field(default_factory=time.monotonic)
    read_units: float = 0.0
    error_codes: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def load(self, console: Console) -> None:
        """Load the remaining parts. Raises LoadError if the step cannot be completed now."""
        parts = self.state.parts(self.step_id)
        remaining = [
            Part(name, cursor.position) for name, cursor in parts.items() if not cursor.done
        ]
        limits = self.limits
        job = LoadJob(
            self.plan.source,
            self.plan.step.live,
            limits.threads,
            limits.rate_read and limits.rate_read / limits.workers,
            limits.rate_write and limits.rate_write / limits.workers,
        )
        error = ""
        completed = sum(self.state.counts(self.step_id))
        with (
            worker_pool(job, remaining, limits.workers) as (messages, stop),
            _stop_on_ctrl_c(stop.set, console),
            display.load_progress(console, self.plan, completed) as advance,
        ):
            for message in messages:
                error = error or message.error
                if message.part:
                    rows = sum(message.counts)
                    self.state.advance(
                        self.step_id, message.part, message.cursor, message.counts, time.time()
                    )
                    self.rows += rows
                    self.read_units += message.read_units
                    self.error_codes.update(message.error_codes or {})
                    advance(rows, self.read_units)
        if error:
            raise LoadError(error)
        if not all(cursor.done for cursor in self.state.parts(self.step_id).values()):
            console.print("Stopped. To continue the load, run the same command again.")
            sys.exit(EXIT_INCOMPLETE)
        self.state.end_step(self.step_id, time.time())

    def totals(self) -> display.RunTotals:
        """Return the numbers of this run."""
        seconds = time.monotonic() - self.started_s
        return display.RunTotals(self.rows, seconds, self.read_units, self.error_codes)


def _next_step(state: StateFile, function_name: str | None) -> str:
    before_s = enable_mapping_before_s(state.history())
    if before_s is None:
        return (
            "The load is not finished yet: run verify at least one minute from now, then repair "
            "what it finds."
        )
    return (
        f"Enable the mapping of {function_name or 'the function'} before {format_time(before_s)}, "
        "because the stream keeps records for 24 hours."
    )


@contextmanager
def _stop_on_ctrl_c(stop: Callable[[], object], console: Console) -> Iterator[None]:
    """Call `stop` at the first Ctrl-C; the second one raises KeyboardInterrupt."""

    def on_first(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()
        console.print("Finishing the chunks that are being written. Ctrl-C again stops at once.")

    before = signal.signal(signal.SIGINT, on_first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

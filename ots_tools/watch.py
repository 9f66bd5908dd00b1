"""`python -m ots_tools watch`: one screen says whether readers may be switched to Table Store."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ots_tools import aws, lag, orders, quarantined, ready
from ots_tools.options import Common, FiniteRange, at_scale, common
from ots_tools.orders import Check, Step
from ots_tools.ready import Stream


class Sight(NamedTuple):
    """Everything that the screen shows. `lag_s`: None where no lag was told lately."""

    history: Sequence[Step]
    checks: Sequence[Check]
    mapping: str
    stream: Stream
    lag_s: float | None
    quarantined: int | None
    now_s: float


@click.command("watch")
@common
@at_scale
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="On a laptop: the stream pump's checkpoint, instead of --function.",
)
@click.option(
    "--lag",
    "lag_max_s",
    type=FiniteRange(min=0),
    default=60.0,
    show_default=True,
    metavar="S",
    help="How far behind the stream writing may be, to switch.",
)
@click.option(
    "--interval",
    type=FiniteRange(min=1),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Look once; the exit code says what was seen.")
def watch(
    shared: Common,
    ledger: str | None,
    checkpoint: Path | None,
    lag_max_s: float,
    interval: float,
    once: bool,
) -> None:
    """Show how far the migration is, and say "ready to switch" or what is missing.

    Exit code: with --once 0 ready to switch, 1 something is missing, 2 could not tell; without it
    0 when Ctrl-C ends it, 2 could not tell.
    """
    console = Console()
    if once:
        seen = look(shared, ledger, checkpoint)
        missing = what_is_missing(seen, lag_max_s)
        console.print(_screen(seen, missing))
        sys.exit(1 if missing else 0)
    with Live(console=console, auto_refresh=False) as live:
        try:
            while True:
                seen = look(shared, ledger, checkpoint)
                live.update(_screen(seen, what_is_missing(seen, lag_max_s)), refresh=True)
                time.sleep(interval)
        except KeyboardInterrupt:
            return


def look(shared: Common, ledger: str | None, checkpoint: Path | None) -> Sight:
    """Looks at everything once."""
    now_s = time.time()
    _, table = shared.source()
    history, checks = shared.begun(table.arn, ledger)
    mapping, stream, lag_s = "not looked at: give --function", Stream(None, None, False), None
    if shared.function:
        trigger = shared.trigger(table.name)
        mapping = trigger.state if trigger else "none from this table's stream"
        stream = Stream(False, None, False)
        if trigger:
            stream = Stream(trigger.enabled, trigger.changed_s, trigger.skips)
        lag_s = lag.of_function(shared.function, aws.client("cloudwatch"), now_s)
    elif checkpoint:
        mapping, stream = "the pump of this machine", Stream(True, None, False)
        streams = aws.client("dynamodbstreams", shared.dynamodb)
        lag_s = lag.of_checkpoint(checkpoint, streams, now_s)
    place = shared.settings.quarantine
    in_quarantine = quarantined.count(place, lambda: aws.client("s3")) if place else None
    return Sight(history, checks, mapping, stream, lag_s, in_quarantine, now_s)


def what_is_missing(seen: Sight, lag_max_s: float) -> list[str]:
    """Sentences; [] when readers may be switched."""
    missing = ready.load_missing(seen.history, seen.checks, seen.now_s, seen.stream)
    enabled, changed_s, _ = seen.stream
    if enabled is None:
        missing.append("nobody looked whether the mapping is enabled: give --function")
    if enabled and seen.lag_s is None and seen.now_s - (changed_s or 0.0) < lag.LATELY_S:
        missing.append(
            "the mapping was enabled or altered a moment ago and tells no lag yet: look again in "
            "some minutes"
        )
    if seen.lag_s is not None and seen.lag_s > lag_max_s:
        missing.append(f"writing is {seen.lag_s:,.0f} s behind the stream")
    if seen.quarantined:
        missing.append(f"{seen.quarantined:,} records are in quarantine: run redrive")
    return missing


def _screen(seen: Sight, missing: Sequence[str]) -> Group:
    table = Table(show_header=False)
    table.add_row("load", _load(seen.history))
    before_s = orders.enable_before(seen.history)
    if before_s is not None:
        table.add_row("enable the mapping before", orders.when(before_s))
    table.add_row("mapping", seen.mapping)
    idle = "none told lately" if seen.stream.enabled else "not known"
    table.add_row("lag", idle if seen.lag_s is None else f"{seen.lag_s:,.1f} s")
    table.add_row(
        "quarantine", "none is set" if seen.quarantined is None else f"{seen.quarantined:,} records"
    )
    table.add_row("last verify", _verify(seen.checks))
    if not missing:
        return Group(table, Text("ready to switch", style="bold green"))
    return Group(table, Text("not yet: " + "; ".join(missing), style="yellow"))


def _load(history: Sequence[Step]) -> str:
    if not history:
        return "none"
    last = history[-1]
    kind = {"scan": "scan", "full": "full export", "increment": "incremental export"}[last.kind]
    done = "running or stopped" if last.ended_s is None else f"done {orders.when(last.ended_s)}"
    beside = " beside the live stream" if last.live else ""
    number = f", step {len(history)}" if len(history) > 1 else ""
    return f"{kind}{beside}{number}: {done}"


def _verify(checks: Sequence[Check]) -> str:
    if not checks:
        return "none"
    last = checks[-1]
    found = "equal" if not last.differences else f"{last.differences:,} differences"
    if last.differences and last.repaired:
        found += ", each settled"
    part = "" if last.whole else " (a sample)"
    return f"{found}{part}, begun {orders.when(last.began_s)}"

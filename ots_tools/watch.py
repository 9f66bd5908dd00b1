"""Define the command `watch`: show a migration, and whether readers may be switched."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ots_sync.errors import ConfigurationError
from ots_tools import aws
from ots_tools.cli import CommonOptions, FiniteRange, common_options, ledger_option
from ots_tools.migration_rules import (
    KIND_NAMES,
    LoadStep,
    MappingState,
    VerifyRun,
    enable_mapping_before_s,
    find_blockers,
    format_time,
)
from ots_tools.quarantine_store import count_objects

LAG_METRIC_WINDOW_S = 900.0
"""An enabled mapping that reports no lag in this time had nothing to deliver."""
MAX_EMPTY_PAGES = 20
"""Empty pages in the middle of a shard, after which it counts as read to its end."""


class Snapshot(NamedTuple):
    """Everything that the screen shows.

    `lag_s` is None if no lag was reported recently. `quarantined` is None without a quarantine.
    """

    history: Sequence[LoadStep]
    verify_runs: Sequence[VerifyRun]
    mapping_text: str
    mapping: MappingState
    lag_s: float | None
    quarantined: int | None
    now_s: float


@click.command("watch")
@common_options
@ledger_option
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="On a laptop: the checkpoint of the local event source mapping, in place of --function.",
)
@click.option(
    "--max-lag",
    "max_lag_s",
    type=FiniteRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest lag behind the stream at which readers may be switched.",
)
@click.option(
    "--interval",
    "interval_s",
    type=FiniteRange(min=1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two updates of the screen.",
)
@click.option("--once", is_flag=True, help="Print the state once; the exit code is the result.")
def watch(
    common: CommonOptions,
    ledger: str | None,
    checkpoint: Path | None,
    max_lag_s: float,
    interval_s: float,
    once: bool,
) -> None:
    """Show the state of a migration, and whether readers may be switched.

    The last line is "ready to switch", or what prevents a switch.

    Exit code: with --once 0 ready to switch, 1 not ready, 2 not complete. Without --once 0 after
    Ctrl-C, 2 not complete.
    """
    console = Console()
    if once:
        snapshot = take_snapshot(common, ledger, checkpoint)
        blockers = blockers_of(snapshot, max_lag_s)
        console.print(_screen(snapshot, blockers))
        sys.exit(1 if blockers else 0)
    with Live(console=console, auto_refresh=False) as live:
        try:
            while True:
                snapshot = take_snapshot(common, ledger, checkpoint)
                live.update(_screen(snapshot, blockers_of(snapshot, max_lag_s)), refresh=True)
                time.sleep(interval_s)
        except KeyboardInterrupt:
            return


def take_snapshot(common: CommonOptions, ledger: str | None, checkpoint: Path | None) -> Snapshot:
    """Read the state of everything once."""
    now_s = time.time()
    _, source = common.open_source()
    history, verify_runs = common.read_history(source.arn, ledger)
    text, mapping = "not checked: give --function", MappingState(None, None, False)
    lag_s: float | None = None
    if common.function:
        found = common.find_mapping(source.name)
        text = found.state if found else "none from this table's stream"
        mapping = MappingState(False, None, False)
        if found:
            mapping = MappingState(found.enabled, found.changed_s, found.skips_old_records)
        lag_s = function_lag_s(common.function, aws.client("cloudwatch"), now_s)
    elif checkpoint:
        text, mapping = "on this machine", MappingState(True, None, False)
        streams = aws.client("dynamodbstreams", common.dynamodb)
        lag_s = checkpoint_lag_s(checkpoint, streams, now_s)
    location = common.settings.quarantine
    quarantined = count_objects(location, lambda: aws.client("s3")) if location else None
    return Snapshot(history, verify_runs, text, mapping, lag_s, quarantined, now_s)


def blockers_of(snapshot: Snapshot, max_lag_s: float) -> list[str]:
    """Return what prevents a switch of the readers, as clauses; [] if nothing does."""
    blockers = find_blockers(
        snapshot.history, snapshot.verify_runs, snapshot.now_s, snapshot.mapping
    )
    enabled, changed_s, _ = snapshot.mapping
    lag_s = snapshot.lag_s
    if enabled is None:
        blockers.append("it is not known whether the mapping is enabled: give --function")
    if enabled and lag_s is None and snapshot.now_s - (changed_s or 0.0) < LAG_METRIC_WINDOW_S:
        blockers.append(
            "the mapping was enabled or changed recently and has not reported its lag yet: check "
            "again in some minutes"
        )
    if lag_s is not None and lag_s > max_lag_s:
        blockers.append(f"the target is {lag_s:,.0f} s behind the stream")
    if snapshot.quarantined:
        blockers.append(f"{snapshot.quarantined:,} records are in quarantine: run redrive")
    return blockers


def function_lag_s(function_name: str, cloudwatch: Any, now_s: float) -> float | None:
    """Return the newest IteratorAge metric: the age of an invocation's last record.

    None if there was no invocation recently.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    now = datetime.fromtimestamp(now_s, timezone.utc)
    response = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": function_name}],
        StartTime=now - timedelta(seconds=LAG_METRIC_WINDOW_S),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )
    points = response["Datapoints"]
    if not points:
        return None
    return float(max(points, key=lambda point: point["Timestamp"])["Maximum"]) / 1000


def checkpoint_lag_s(path: Path, streams: Any, now_s: float) -> float:
    """Return the age of the first record that the local event source mapping has not delivered."""
    try:
        found = json.loads(path.read_text("utf-8"))
        arn, positions = found["stream"], found["shards"]
    except (OSError, ValueError, LookupError, TypeError):
        raise ConfigurationError(
            f"{path} is not a checkpoint of the local event source mapping."
        ) from None
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    ages = [
        _first_age_s(streams, arn, shard["ShardId"], positions.get(shard["ShardId"], {}), now_s)
        for shard in shards
    ]
    return max(ages, default=0.0)


def _first_age_s(
    streams: Any, arn: str, shard: str, position: dict[str, Any], now_s: float
) -> float:
    if position.get("finished"):
        return 0.0
    after = position.get("after")
    start = (
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        if after
        else {"ShardIteratorType": "TRIM_HORIZON"}
    )
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, **start)["ShardIterator"]
    for _ in range(MAX_EMPTY_PAGES):
        page = streams.get_records(ShardIterator=iterator, Limit=1)
        for record in page["Records"]:
            created: datetime = record["dynamodb"]["ApproximateCreationDateTime"]
            return max(0.0, now_s - created.timestamp())
        iterator = page.get("NextShardIterator")
        if not iterator:
            break
    return 0.0


def _screen(snapshot: Snapshot, blockers: Sequence[str]) -> Group:
    table = Table(show_header=False)
    table.add_row("load", _describe_load(snapshot.history))
    before_s = enable_mapping_before_s(snapshot.history)
    if before_s is not None:
        table.add_row("enable the mapping before", format_time(before_s))
    table.add_row("mapping", snapshot.mapping_text)
    no_lag = "none reported recently" if snapshot.mapping.enabled else "not known"
    table.add_row("lag", no_lag if snapshot.lag_s is None else f"{snapshot.lag_s:,.1f} s")
    quarantined = snapshot.quarantined
    table.add_row("quarantine", "not set" if quarantined is None else f"{quarantined:,} records")
    table.add_row("last verify", _describe_verify(snapshot.verify_runs))
    if not blockers:
        return Group(table, Text("ready to switch", style="bold green"))
    return Group(table, Text("not ready: " + "; ".join(blockers), style="yellow"))


def _describe_load(history: Sequence[LoadStep]) -> str:
    if not history:
        return "none"
    last = history[-1]
    state = (
        "running or stopped"
        if last.ended_s is None
        else f"complete since {format_time(last.ended_s)}"
    )
    live = " with --live" if last.live else ""
    number = f", step {len(history)}" if len(history) > 1 else ""
    return f"{KIND_NAMES[last.kind]}{live}{number}: {state}"


def _describe_verify(verify_runs: Sequence[VerifyRun]) -> str:
    if not verify_runs:
        return "none"
    last = verify_runs[-1]
    result = f"{last.differences:,} differences" if last.differences else "equal"
    if last.differences and last.repaired:
        result += ", repaired"
    sample = "" if last.complete else " (a sample)"
    return f"{result}{sample}, started {format_time(last.started_s)}"

"""`python -m ots_local tablestore`: options in, the variables to use it out, then serves."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
from pathlib import Path

import click

from ots_local.tablestore.running import start
from ots_local.tablestore.settings import LOOSE, Leniency, Settings

# What a request makes goes by itself; looking for cycles at every 700 objects took 5 % of its time.
_GARBAGE = 50_000


@click.command("tablestore")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file to keep everything in; in memory without it.",
)
@click.option("--instance", default="local", show_default=True, help="Name of the instance.")
@click.option("--access-key-id", default="local-key-id", show_default=True)
@click.option("--access-key-secret", default="local-key-secret", show_default=True)
@click.option("--sts-token", help="Take requests with this STS token only.")
@click.option("--region", help="Take V4 signatures for this region only.")
@click.option(
    "--table-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Tables made, changed and deleted a second, 10 at the service; any number without it.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the faults' decisions.")
@click.option("--loose", is_flag=True, help="Take every lenient reading below.")
@click.option("--column-names", is_flag=True, help='Any column name that does not begin with "#".')
@click.option("--duplicate-rows", is_flag=True, help="One key several times in a BatchWriteRow.")
@click.option("--columns-to-get", is_flag=True, help="1,024 columns to get instead of 128.")
@click.option(
    "--unknown-table-per-row", is_flag=True, help="An unknown table in a batch fails its rows only."
)
@click.option("--sub-filters", is_flag=True, help="More than two filters under one AND or OR.")
@click.option(
    "--timestamp-bytes", is_flag=True, help="Count 8 bytes only for timestamps that are given."
)
@click.option("--no-conflicts", is_flag=True, help="Never refuse rows written at the same time.")
def tablestore(
    port: int,
    data: Path | None,
    instance: str,
    access_key_id: str,
    access_key_secret: str,
    sts_token: str | None,
    region: str | None,
    table_rate: float | None,
    seed: int,
    loose: bool,
    **lenient: bool,
) -> None:
    """Serve a local Table Store until stopped.

    Prints the variables to use it, one a line, once it listens.
    """
    readings = LOOSE if loose else Leniency(**lenient)
    try:
        settings = Settings(
            instance, access_key_id, access_key_secret, sts_token, region, readings, table_rate
        )
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    asyncio.run(_serve(settings, port, data, seed))


async def _serve(settings: Settings, port: int, data: Path | None, seed: int) -> None:
    try:
        running = await start(settings, port, data, seed)
    except OSError as problem:
        raise click.ClickException(f"cannot listen on port {port}: {problem.strerror}") from None
    except sqlite3.Error as problem:
        # SQLite's own word for a file that another process has is "locked".
        reason = "another process has it" if "locked" in str(problem) else problem
        raise click.ClickException(f"cannot use {data} as a database: {reason}") from None
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    for name, value in settings.environ(running.endpoint).items():
        click.echo(f"{name}={value}")
    await stopped.wait()
    await running.stop()

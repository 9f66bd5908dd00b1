"""The command `python -m ots_local tablestore`: serve the emulator until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
from pathlib import Path

import click

from ots_local.tablestore.http.server import start
from ots_local.tablestore.settings import LENIENT, Leniency, Settings

# A request creates no reference cycles. The default threshold of 700 objects costs 5 % of its time.
_GC_THRESHOLD = 50_000


@click.command("tablestore")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port on 127.0.0.1; 0 selects a free port.",
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file for all data; without it, data is in memory only.",
)
@click.option("--instance", default="local", show_default=True, help="Name of the instance.")
@click.option(
    "--access-key-id",
    default="local-key-id",
    show_default=True,
    help="The only access key ID that is accepted.",
)
@click.option(
    "--access-key-secret",
    default="local-key-secret",
    show_default=True,
    help="Secret of the access key.",
)
@click.option("--sts-token", help="Accept only requests with this STS token.")
@click.option("--region", help="Accept only V4 signatures for this region.")
@click.option(
    "--table-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Table operations per second; the service allows 10. Default: unlimited.",
)
@click.option(
    "--seed", default=0, show_default=True, help="Seed of the random decisions of faults."
)
@click.option("--lenient", is_flag=True, help="Set all of the following flags.")
@click.option(
    "--any-column-names", is_flag=True, help='Accept any column name that does not begin with "#".'
)
@click.option("--duplicate-rows", is_flag=True, help="Accept a key several times in one batch.")
@click.option(
    "--many-columns-to-get", is_flag=True, help="Accept 1,024 columns to get instead of 128."
)
@click.option(
    "--unknown-table-per-row",
    is_flag=True,
    help="Let an unknown table in a batch fail its rows instead of the request.",
)
@click.option(
    "--many-sub-filters", is_flag=True, help="Accept more than two filters under one AND or OR."
)
@click.option(
    "--explicit-timestamp-bytes",
    is_flag=True,
    help="Count 8 bytes for a timestamp only where a request contains one.",
)
@click.option(
    "--no-conflicts",
    is_flag=True,
    help="Do not reject requests that write the same row at the same time.",
)
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
    lenient: bool,
    **flags: bool,
) -> None:
    """Serve a local Table Store emulator until it is stopped.

    When the server listens, the command prints the environment variables for clients, one per
    line.
    """
    leniency = LENIENT if lenient else Leniency(**flags)
    try:
        settings = Settings(
            instance, access_key_id, access_key_secret, sts_token, region, leniency, table_rate
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    asyncio.run(_serve(settings, port, data, seed))


async def _serve(settings: Settings, port: int, data: Path | None, seed: int) -> None:
    try:
        running = await start(settings, port, data, seed)
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from None
    except sqlite3.Error as error:
        # SQLite reports a file that another process uses as "locked".
        reason = "another process uses it" if "locked" in str(error) else error
        raise click.ClickException(f"cannot use {data} as a database: {reason}") from None
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    for name, value in settings.environ(running.endpoint).items():
        click.echo(f"{name}={value}")
    await stopped.wait()
    await running.stop()

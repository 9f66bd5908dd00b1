"""Define the command `playground`: serve both tables on this machine to try the tools on them."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from random import Random

import click

from ots_local.demo.source_table import SourceTable
from ots_local.dynamodb import create_table, open_dynamodb
from ots_local.function_log import LOCAL, display_path, redirect_to_file
from ots_local.handler import load_handler
from ots_local.migration.live_workload import LiveWorkload
from ots_local.tablestore import TableStore
from ots_local.target_table import create_target_table
from ots_sync.settings import SETTINGS, load

TABLE = "orders"
CHECK_INTERVAL_S = 0.2


@click.command("playground")
@click.option(
    "--items",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Number of items in the DynamoDB table.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=LOCAL / "playground",
    help="Directory for its files.  [default: .local/playground]",
)
def playground(items: int, folder: Path) -> None:
    """Serve a DynamoDB table with a stream, and an empty Table Store table, until Ctrl-C.

    The file `environ` in the folder has the variables that the tools need; load it with `.` in
    another terminal.

    To enable the function's event source mapping, create the file `mapping-enabled` in the folder.
    The stream is then delivered from its start.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("environ", "mapping-enabled", "checkpoint.json", "migration.state"):
        (folder / name).unlink(missing_ok=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    out = sys.stdout
    with (
        redirect_to_file(folder / "function.log"),
        TableStore() as store,
        open_dynamodb() as dynamodb,
    ):
        environ = {
            **store.environ(),
            "TABLE_NAME": TABLE,
            "PRIMARY_KEY": "user_id:string,action_time:integer",
            "PARTIAL_RESPONSE": "1",
            "QUARANTINE": f"file://{folder}/quarantine",
            "AWS_ENDPOINT_URL": dynamodb.endpoint,
        }
        handler = load_handler(load(environ, {}))
        create_target_table(handler.client(), TABLE, {"user_id": str, "action_time": int})
        stream_arn = create_table(dynamodb.tables, TABLE, {"user_id": "S", "action_time": "N"})
        source = SourceTable(dynamodb, TABLE, stream_arn)
        workload = LiveWorkload(source, items, Random(1))
        workload.fill()
        _write_environ(folder / "environ", environ)
        out.write(
            f"The DynamoDB table {TABLE} has {items:,} items. Run this in another terminal:\n\n"
        )
        out.write(f"  . {shlex.quote(display_path(folder / 'environ'))}\n\nCtrl-C stops it.\n")
        out.flush()
        with contextlib.ExitStack() as delivery:
            enabled = False
            while not stop.wait(CHECK_INTERVAL_S):
                if not enabled and (folder / "mapping-enabled").exists():
                    delivery.enter_context(workload.delivering(handler, folder / "checkpoint.json"))
                    enabled = True


def _write_environ(path: Path, environ: Mapping[str, str]) -> None:
    """Write a shell script that exports the variables and unsets all other settings.

    The shell may have settings of a real Table Store. The file is replaced atomically, so a
    process that waits for it never reads a part of it.
    """
    others = " ".join(setting.name for setting in SETTINGS if setting.name not in environ)
    exports = "".join(f"export {n}={shlex.quote(v)}\n" for n, v in environ.items())
    draft = path.with_suffix(".new")
    draft.write_text(f"unset {others}\n{exports}")
    draft.replace(path)

"""`python -m ots_local playground`: both tables on this machine, to try the tools on, until Ctrl-C.

A source of some items with a stream, an empty target, and the function between them once a file
says so. Writes the variables that the tools need into a file to be sourced.
"""

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

from ots_local import function as on_this_machine
from ots_local import function_log, target_table
from ots_local.dynamodb import create_table, open_dynamodb
from ots_local.function_log import LOCAL, short
from ots_local.migration.scene import Scene
from ots_local.tablestore import TableStore
from ots_sync.settings import SETTINGS, load

TABLE = "orders"
POLL_S = 0.2


@click.command("playground")
@click.option("--items", type=click.IntRange(1), default=2000, show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=LOCAL / "playground",
    help="Where its files go.  [default: .local/playground]",
)
def playground(items: int, folder: Path) -> None:
    """Serve a DynamoDB table, its stream and a Table Store table until Ctrl-C.

    The stream is delivered from the moment on that a file `mapping-enabled` stands in the folder,
    as if the function's event source mapping were switched on.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("environ", "mapping-enabled", "checkpoint.json", "migration.state"):
        (folder / name).unlink(missing_ok=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    say = sys.stdout
    with (
        function_log.kept(folder / "function.log"),
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
        function = on_this_machine.load(load(environ, {}))
        target_table.create(function.client(), TABLE, {"user_id": str, "action_time": int})
        arn = create_table(dynamodb.tables, TABLE, {"user_id": "S", "action_time": "N"})
        scene = Scene(dynamodb, TABLE, arn, items, Random(1))
        scene.fill(lambda _: None)
        _write(folder / "environ", environ)
        say.write(f"{items:,} items in DynamoDB's table {TABLE}. In another terminal:\n\n")
        say.write(f"  . {shlex.quote(short(folder / 'environ'))}\n\nCtrl-C ends it.\n")
        say.flush()
        with contextlib.ExitStack() as delivery:
            delivering = False
            while not stop.wait(POLL_S):
                if not delivering and (folder / "mapping-enabled").exists():
                    delivery.enter_context(scene.pumping(function, folder / "checkpoint.json"))
                    delivering = True


def _write(path: Path, environ: Mapping[str, str]) -> None:
    """The variables, exported, and no setting beside them that the shell may hold for a real
    Table Store. In one step: whoever waits for the file finds it whole.
    """
    others = " ".join(setting.name for setting in SETTINGS if setting.name not in environ)
    exports = "".join(f"export {n}={shlex.quote(v)}\n" for n, v in environ.items())
    draft = path.with_suffix(".new")
    draft.write_text(f"unset {others}\n{exports}")
    draft.replace(path)

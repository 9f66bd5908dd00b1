"""With a data file, no acknowledged write is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
import urllib3
from tablestore import OTSClient
from tablestore.retry import NoRetryPolicy

from ots_local.tablestore import TableStore
from tests.tablestore.support.clients import batch, client_of, get, make_table, put, put_item


@contextmanager
def run_emulator(data: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run an emulator in a process of its own."""
    command = [sys.executable, "-m", "ots_local", "tablestore", "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(4)]
        yield process, dict(line.split("=", 1) for line in lines)
    finally:
        process.kill()
        process.communicate()


def client_from(environ: dict[str, str]) -> OTSClient:
    """Return a client from the variables that the command prints."""
    return OTSClient(
        environ["OTS_ENDPOINT"],
        environ["OTS_ID"],
        environ["OTS_SECRET"],
        environ["OTS_INSTANCE"],
        retry_policy=NoRetryPolicy(),
        native_fallback=False,
    )


@pytest.mark.parametrize("after", [0.1, 0.2537])
def test_acknowledged_rows_survive_sigkill(tmp_path: Path, after: float) -> None:
    """Every row is complete, and the batch in flight is stored completely or not at all."""
    data = tmp_path / "store.sqlite"
    acknowledged: list[str] = []
    with run_emulator(data) as (process, environ):
        client = client_from(environ)
        make_table(client)
        killer = threading.Timer(after, process.kill)
        killer.start()
        with suppress(urllib3.exceptions.HTTPError):
            for number in count():
                keys = [f"{number}.{row}" for row in range(20)]
                rows = [put_item(key, [("a", 1), ("b", 2)]) for key in keys]
                client.batch_write_row(batch(*rows))
                acknowledged += keys
        killer.join()
        assert process.wait(10) == -signal.SIGKILL
    with TableStore(data=data) as store:
        found = store.rows("t")
    assert acknowledged
    assert set(acknowledged) <= {str(key[0]) for key in found}
    assert all(columns == {"a": 1, "b": 2} for columns in found.values())
    assert len(found) - len(acknowledged) in (0, 20)


def test_tables_options_and_rows_survive_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "store.sqlite"
    with TableStore(data=data) as store:
        client = client_of(store)
        make_table(client, max_version=3)
        make_table(client, "gone")
        put(client, "k")
        client.delete_table("gone")
    with TableStore(data=data) as store:
        client = client_of(store)
        assert client.list_table() == ("t",)
        assert client.describe_table("t").table_options.max_version == 3
        assert get(client, "k") == {"a": 1}


def test_sigterm_ends_the_process_with_exit_code_0(tmp_path: Path) -> None:
    with run_emulator(tmp_path / "store.sqlite") as (process, environ):
        make_table(client_from(environ))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

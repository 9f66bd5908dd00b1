"""An emulator in this process: `with TableStore() as store:` serves from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ots_local.tablestore.fault_control import FaultControl
from ots_local.tablestore.http.server import RunningServer, start
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.operations.selection import live_cells
from ots_local.tablestore.settings import LENIENT, Leniency, Settings
from ots_local.tablestore.storage.plainbuffer import parse_stored_row
from ots_local.tablestore.storage.values import Scalar, decode

if TYPE_CHECKING:
    from typing_extensions import Self

Rows = dict[tuple[Scalar, ...], dict[str, Scalar]]  # key values -> column -> newest value
_END = b"\xff"  # after every sortable key


class TableStore:
    """Serves the Table Store API on 127.0.0.1 while the context is open."""

    def __init__(
        self,
        port: int = 0,
        data: Path | None = None,
        *,
        instance: str = "local",
        access_key_id: str = "local-key-id",
        access_key_secret: str = "local-key-secret",  # noqa: S107 - public, not valid anywhere else
        sts_token: str | None = None,
        region: str | None = None,
        table_rate: float | None = None,
        lenient: bool = False,
        seed: int = 0,
        **flags: bool,
    ) -> None:
        """Configure an emulator; entering the context starts it.

        `port` 0 selects a free port. `data` is a SQLite file, None keeps everything in memory.
        `table_rate` limits the table operations per second. `lenient` sets all flags of
        `settings.Leniency`; `flags` sets single ones. `seed` is the seed of the faults.

        Raises:
            ValueError: the instance name is invalid.
            TypeError: a flag is unknown.
        """
        leniency = LENIENT if lenient else Leniency(**flags)
        self._settings = Settings(
            instance, access_key_id, access_key_secret, sts_token, region, leniency, table_rate
        )
        self._start_arguments = port, data, seed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="table-store", daemon=True)
        self._ready = threading.Event()
        self._running: RunningServer | None = None
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        """Start serving.

        Raises:
            OSError: the port is in use.
            sqlite3.Error: the file is not a database of the emulator, or another process uses it.
        """
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving; data in memory is lost."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    @property
    def instance(self) -> str:
        """The name of the instance."""
        return self._settings.instance

    @property
    def access_key_id(self) -> str:
        """The only valid access key ID."""
        return self._settings.access_key_id

    @property
    def access_key_secret(self) -> str:
        """The secret of the access key."""
        return self._settings.access_key_secret

    @property
    def endpoint(self) -> str:
        """The endpoint for clients."""
        assert self._running is not None, "enter the context first"
        return self._running.endpoint

    @property
    def faults(self) -> FaultControl:
        """A client that sets faults and reads counters."""
        return FaultControl(self.endpoint)

    def environ(self) -> dict[str, str]:
        """Return the environment variables that a client needs."""
        return self._settings.environ(self.endpoint)

    def counters(self) -> dict[str, Any]:
        """Return the counters; the section "Counters" of README.md lists them."""
        return self.faults.counters()

    def rows(self, table: str) -> Rows:
        """Return every row of a table: key values -> column -> newest value; a binary is bytes.

        Raises:
            KeyError: the table does not exist.
        """
        running, loop = self._running, self._loop
        assert running is not None, "enter the context first"
        assert loop is not None

        async def read() -> Rows:
            return _read_rows(running.instance, table)

        return asyncio.run_coroutine_threadsafe(read(), loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())  # cancels the requests that still run
        except BaseException as failure:  # noqa: BLE001 - raised by __enter__ or __exit__
            self._failure = failure
        self._ready.set()

    async def _serve(self) -> None:
        port, data, seed = self._start_arguments
        self._running = await start(self._settings, port, data, seed)
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stopped.wait()
        await self._running.stop()


def _read_rows(instance: Instance, table: str) -> Rows:
    table_id, schema = instance.tables[table]
    now = instance.now_ms()
    found: Rows = {}
    for _, _, stored in instance.database.scan(table_id, b"", _END):
        key, cells = parse_stored_row(stored)
        columns: dict[str, Scalar] = {}
        for cell in live_cells(cells, schema, now):
            columns.setdefault(cell.name.decode(), decode(cell.value or b""))
        found[tuple(decode(cell.value or b"") for cell in key)] = columns
    return found

"""A local Table Store in this process: `with TableStore() as store:` serves from its own thread."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ots_local.tablestore.control import FaultControl
from ots_local.tablestore.running import Running, start
from ots_local.tablestore.settings import LOOSE, Leniency, Settings
from ots_local.tablestore.snapshot import Rows, read_rows

if TYPE_CHECKING:
    from typing_extensions import Self


class TableStore:
    """Serves the Table Store API on 127.0.0.1 while the context is open."""

    def __init__(
        self,
        port: int = 0,
        data: Path | None = None,
        *,
        instance: str = "local",
        access_key_id: str = "local-key-id",
        access_key_secret: str = "local-key-secret",  # noqa: S107 - public, of no use elsewhere
        sts_token: str | None = None,
        region: str | None = None,
        table_rate: float | None = None,
        loose: bool = False,
        seed: int = 0,
        **lenient: bool,
    ) -> None:
        """Take a port (0: a free one), a SQLite file (None: memory) and how strict to be.

        `loose` takes every lenient reading, or name some: see `settings.Leniency`. `seed` is that
        of the faults, `table_rate` how many operations on tables a second are taken. Nothing is
        opened yet.

        Raises:
            ValueError: an instance cannot have the name.
        """
        readings = LOOSE if loose else Leniency(**lenient)
        self._settings = Settings(
            instance, access_key_id, access_key_secret, sts_token, region, readings, table_rate
        )
        self._where = port, data, seed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="table-store", daemon=True)
        self._ready = threading.Event()
        self._running: Running | None = None
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        """Begin to serve.

        Raises:
            OSError: the port is taken.
            sqlite3.Error: the file is not a database of this kind.
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
        """Stop serving; what was kept in memory is gone."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    @property
    def instance(self) -> str:
        """The instance's name."""
        return self._settings.instance

    @property
    def access_key_id(self) -> str:
        """The only access key that is known."""
        return self._settings.access_key_id

    @property
    def access_key_secret(self) -> str:
        """The secret of the access key."""
        return self._settings.access_key_secret

    @property
    def endpoint(self) -> str:
        """The address for an SDK's client."""
        assert self._running is not None, "enter the context first"
        return self._running.endpoint

    @property
    def faults(self) -> FaultControl:
        """Sets faults."""
        return FaultControl(self.endpoint)

    def environ(self) -> dict[str, str]:
        """Name the variables by which a program finds this store."""
        return self._settings.environ(self.endpoint)

    def counters(self) -> dict[str, Any]:
        """Tell what happened so far."""
        return self.faults.counters()

    def rows(self, table: str) -> Rows:
        """Read every row of a table: key values -> column -> newest value.

        Raises:
            KeyError: there is no such table.
        """
        running, loop = self._running, self._loop
        assert running is not None, "enter the context first"
        assert loop is not None

        async def read() -> Rows:
            return read_rows(running.server.instance, table)

        return asyncio.run_coroutine_threadsafe(read(), loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())  # which leaves no request behind that still waits
        except BaseException as failure:  # noqa: BLE001 - raised where the context is entered or left
            self._failure = failure
        self._ready.set()

    async def _serve(self) -> None:
        port, data, seed = self._where
        self._running = await start(self._settings, port, data, seed)
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stopped.wait()
        await self._running.stop()

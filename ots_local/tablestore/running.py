"""A local Table Store that serves: settings in, a listening server on 127.0.0.1 out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from ots_local.tablestore.access import Gate
from ots_local.tablestore.control_paths import PREFIX, control
from ots_local.tablestore.faults import Faults
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.server import Server
from ots_local.tablestore.settings import Settings
from ots_local.tablestore.tables import Tables

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    server: Server
    port: int
    runner: web.ServerRunner

    @property
    def endpoint(self) -> str:
        """The address for an SDK's client."""
        return f"http://{HOST}:{self.port}"

    async def stop(self) -> None:
        """Stop listening and close the file."""
        await self.runner.cleanup()
        self.server.instance.tables.close()


async def start(settings: Settings, port: int, data: Path | None, seed: int) -> Running:
    """Begin to serve; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
        sqlite3.Error: the file is not a database of this kind.
    """
    instance = Instance(settings, Tables(data), Faults(seed), time.time)
    server = Server(instance, Gate(settings))

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            return await control(server, request)
        return await server.answer(request)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError:
        instance.tables.close()
        raise
    return Running(server, int(runner.addresses[0][1]), runner)

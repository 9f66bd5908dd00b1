"""The HTTP server of the emulator: receive requests, execute them, sign the responses.

Faults can drop the connection of a request or damage its response.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from aiohttp import web

from ots_local.tablestore import limits
from ots_local.tablestore.errors import ServiceError, invalid_parameter
from ots_local.tablestore.fault_injector import FaultInjector, RequestFaults
from ots_local.tablestore.http.authentication import Authenticator, md5, sign_response
from ots_local.tablestore.http.control_api import PREFIX, handle_control
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.operations.registry import OPERATIONS, Operation
from ots_local.tablestore.settings import Settings
from ots_local.tablestore.storage.database import Database
from ots_local.tablestore.wire.responses import serialize_error

HOST = "127.0.0.1"

logger = logging.getLogger(__name__)


class DropConnectionError(Exception):
    """The server must drop the connection without a response."""


class ClientDisconnectedError(Exception):
    """The client disconnected before it had sent the whole request."""


@dataclass(slots=True)
class Server:
    """Handles the requests for one instance."""

    instance: Instance
    authenticator: Authenticator

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle one HTTP request: a control path or an operation."""
        if request.path.startswith(PREFIX):
            return await handle_control(self.instance, request)
        counters = self.instance.counters
        api = request.path[1:]
        counters.begin_request(api if api in OPERATIONS else "other")
        try:
            return await self._handle_operation(request, api)
        except (DropConnectionError, ClientDisconnectedError):
            return _drop(request)
        finally:
            counters.end_request()

    async def _handle_operation(self, request: web.BaseRequest, api: str) -> web.StreamResponse:
        key: bytes | None = None
        faults = RequestFaults()
        try:
            if request.method != "POST":
                raise ServiceError("OTSMethodNotAllowed")
            body = await _read_body(request)
            headers = _read_headers(request)
            now = self.instance.clock()
            key = self.authenticator.authenticate(request.path, headers, body, now)
            if api not in OPERATIONS:
                raise invalid_parameter(f"Unsupported operation: {api}.")
            operation = OPERATIONS[api]
            parsed = operation.parse(body)
            faults = self.instance.faults.for_request(api, body, operation.keys(parsed))
            payload, status = await self._execute(operation, parsed, faults), 200
        except ServiceError as error:
            self.instance.counters.request_errors[error.code] += 1
            payload, status = serialize_error(error), error.status
        except (DropConnectionError, ClientDisconnectedError):
            raise
        except Exception:
            # The client gets the error that the service would return; the log gets the traceback.
            logger.exception("%s failed", api)
            failure = ServiceError("OTSInternalServerError")
            self.instance.counters.request_errors[failure.code] += 1
            payload, status = serialize_error(failure), failure.status
        response_headers = self._headers(request.path, payload, None if faults.unsigned else key)
        if faults.truncated:
            return await _respond_truncated(request, payload, status, response_headers)
        return web.Response(body=payload, status=status, headers=response_headers)

    async def _execute(self, operation: Operation, parsed: Any, faults: RequestFaults) -> bytes:
        """Execute an operation under its faults, with the rows that it writes locked."""
        instance = self.instance
        if faults.drop == "before":
            raise DropConnectionError
        if faults.drop == "late":
            instance.counters.late_writes_pending += 1
            loop = asyncio.get_running_loop()
            loop.call_later(faults.late_by, self._execute_late, operation, parsed)
            raise DropConnectionError
        rows = operation.rows_to_lock(instance, parsed)
        if instance.settings.leniency.no_conflicts:
            rows = []
        acquired, locked = instance.locks.acquire(rows)
        try:
            if faults.delay:
                await asyncio.sleep(faults.delay)
            if faults.error is not None and not faults.error_after:
                raise faults.error
            result = operation.execute(instance, parsed, locked)
        finally:
            instance.locks.release(acquired)
        if faults.error is not None:
            raise faults.error
        if faults.drop == "after":
            raise DropConnectionError
        if faults.missing_row:
            return operation.serialize_incomplete(result)
        return operation.serialize(result)

    def _execute_late(self, operation: Operation, parsed: Any) -> None:
        """Execute a write whose connection was dropped before."""
        self.instance.counters.late_writes_pending -= 1
        try:
            operation.execute(self.instance, parsed, frozenset())
        except ServiceError as error:
            self.instance.counters.request_errors[error.code] += 1

    def _headers(self, path: str, payload: bytes, key: bytes | None) -> dict[str, str]:
        now = datetime.fromtimestamp(self.instance.clock(), timezone.utc)
        headers = {
            "x-ots-contentmd5": md5(payload),
            "x-ots-contenttype": "protocol buffer",
            "x-ots-date": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "x-ots-requestid": str(uuid.uuid4()),
        }
        if key is not None:
            signature = sign_response(path, headers, key)
            access_key_id = self.instance.settings.access_key_id
            headers["Authorization"] = f"OTS {access_key_id}:{signature}"
        return headers


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that listens on a port."""

    instance: Instance
    port: int
    runner: web.ServerRunner

    @property
    def endpoint(self) -> str:
        """The endpoint for clients."""
        return f"http://{HOST}:{self.port}"

    async def stop(self) -> None:
        """Stop listening and close the database."""
        await self.runner.cleanup()
        self.instance.database.close()


async def start(settings: Settings, port: int, data: Path | None, seed: int) -> RunningServer:
    """Start a server on 127.0.0.1; port 0 selects a free port.

    `data` is a SQLite file, None keeps everything in memory. `seed` is the seed of the faults.

    Raises:
        OSError: the port is in use.
        sqlite3.Error: the file is not a database of the emulator, or another process uses it.
    """
    instance = Instance(settings, Database(data), FaultInjector(seed), time.time)
    server = Server(instance, Authenticator(settings))
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError:
        instance.database.close()
        raise
    return RunningServer(instance, int(runner.addresses[0][1]), runner)


def _read_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers by lower-case name; bytes that are not UTF-8 become U+FFFD."""
    return {
        name.lower(): value
        if value.isascii()
        else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name, value in request.headers.items()
    }


async def _read_body(request: web.BaseRequest) -> bytes:
    """Read a body to its end, but store at most as many bytes as the service accepts.

    Raises:
        ServiceError: OTSRequestBodyTooLarge.
        ClientDisconnectedError: the body is shorter than announced.
    """
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    parts: list[bytes] = []
    size = 0
    try:
        while part := await request.content.readany():
            size += len(part)
            if size <= limits.BODY_BYTES:
                parts.append(part)
    except (OSError, web.RequestPayloadError):
        raise ClientDisconnectedError from None
    if size > limits.BODY_BYTES:
        raise ServiceError("OTSRequestBodyTooLarge")
    return b"".join(parts)


def _drop(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _respond_truncated(
    request: web.BaseRequest, payload: bytes, status: int, headers: dict[str, str]
) -> web.StreamResponse:
    """Announce the whole response, send half of it, and close the connection."""
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(payload) or 1
    await response.prepare(request)
    await response.write(payload[: len(payload) // 2])
    if request.transport is not None:
        # Yield once, so that the written half leaves before the connection closes.
        await asyncio.sleep(0)
        request.transport.close()
    return response

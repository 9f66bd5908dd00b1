"""The HTTP server: requests in, signed answers out, dropped or damaged where a fault says so.

Control paths begin with /_local/ and cannot be mistaken for an operation; see control_paths.py.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from aiohttp import web

from ots_local.tablestore import incoming, signing
from ots_local.tablestore.access import Gate
from ots_local.tablestore.errors import ServiceError, invalid
from ots_local.tablestore.faults import RequestFaults
from ots_local.tablestore.instance import Instance
from ots_local.tablestore.operations import OPERATIONS, Operation
from ots_local.tablestore.wire.write_data import write_error

logger = logging.getLogger(__name__)


class CutError(Exception):
    """The connection is to be cut without an answer."""


@dataclass(slots=True)
class Traffic:
    """What went through the server."""

    requests: Counter[str] = field(default_factory=Counter)  # by operation
    refused: Counter[str] = field(default_factory=Counter)  # by code
    in_flight: int = 0
    max_in_flight: int = 0
    late_waiting: int = 0  # writes whose connection is cut and that have not happened yet


@dataclass(slots=True)
class Server:
    """Answers requests for one instance."""

    instance: Instance
    gate: Gate
    traffic: Traffic = field(default_factory=Traffic)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the data API."""
        traffic = self.traffic
        api = request.path[1:]
        traffic.requests[api if api in OPERATIONS else "other"] += 1
        traffic.in_flight += 1
        traffic.max_in_flight = max(traffic.max_in_flight, traffic.in_flight)
        try:
            return await self._answer(request, api)
        except (CutError, incoming.GoneError):
            return _cut(request)
        finally:
            traffic.in_flight -= 1

    async def _answer(self, request: web.BaseRequest, api: str) -> web.StreamResponse:
        key: bytes | None = None
        met = RequestFaults()
        try:
            if request.method != "POST":
                raise ServiceError("OTSMethodNotAllowed")
            body = await incoming.read_body(request)
            headers = incoming.read_headers(request)
            key = self.gate.admit(request.path, headers, body, self.instance.clock())
            if api not in OPERATIONS:
                raise invalid(f"Unsupported operation: {api}.")
            operation = OPERATIONS[api]
            asked = operation.read(body)
            met = self.instance.faults.of_request(api, body, operation.rows(asked))
            payload, status = await self._carry_out(operation, asked, met), 200
        except ServiceError as refusal:
            self.traffic.refused[refusal.code] += 1
            payload, status = write_error(refusal), refusal.status
        except (CutError, incoming.GoneError):
            raise
        except Exception:
            # Whatever goes wrong here, a client gets what the service would say, and we the trace.
            logger.exception("%s failed", api)
            failure = ServiceError("OTSInternalServerError")
            self.traffic.refused[failure.code] += 1
            payload, status = write_error(failure), failure.status
        headers_out = self._headers(request.path, payload, None if met.unsigned else key)
        if met.truncated:
            return await _truncated(request, payload, status, headers_out)
        return web.Response(body=payload, status=status, headers=headers_out)

    async def _carry_out(self, operation: Operation, asked: Any, met: RequestFaults) -> bytes:
        """Do what is asked, with the rows that it writes in hand meanwhile."""
        instance = self.instance
        if met.drop == "before":
            raise CutError
        if met.drop == "late":
            self.traffic.late_waiting += 1
            asyncio.get_running_loop().call_later(met.late_by, self._late, operation, asked)
            raise CutError
        rows = operation.locks(instance, asked)
        if instance.settings.lenient.no_conflicts:
            rows = []
        taken, busy = instance.locks.take(rows)
        try:
            if met.delay:
                await asyncio.sleep(met.delay)
            if met.error is not None and not met.error_after:
                raise met.error
            result = operation.act(instance, asked, busy)
        finally:
            instance.locks.release(taken)
        if met.error is not None:
            raise met.error
        if met.drop == "after":
            raise CutError
        return operation.shorten(result) if met.short else operation.write(result)

    def _late(self, operation: Operation, asked: Any) -> None:
        """Carry out a write whose client has been told nothing."""
        self.traffic.late_waiting -= 1
        try:
            operation.act(self.instance, asked, frozenset())
        except ServiceError as refusal:
            self.traffic.refused[refusal.code] += 1

    def _headers(self, path: str, payload: bytes, key: bytes | None) -> dict[str, str]:
        now = datetime.fromtimestamp(self.instance.clock(), timezone.utc)
        headers = {
            "x-ots-contentmd5": signing.md5(payload),
            "x-ots-contenttype": "protocol buffer",
            "x-ots-date": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "x-ots-requestid": str(uuid.uuid4()),
        }
        if key is not None:
            signature = signing.sign_answer(path, headers, key)
            user = self.gate.settings.access_key_id
            headers["Authorization"] = f"OTS {user}:{signature}"
        return headers


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(
    request: web.BaseRequest, payload: bytes, status: int, headers: dict[str, str]
) -> web.StreamResponse:
    """Promise a whole answer, send half of it, and cut the connection."""
    answer = web.StreamResponse(status=status, headers=headers)
    answer.content_length = len(payload) or 1
    await answer.prepare(request)
    await answer.write(payload[: len(payload) // 2])
    if request.transport is not None:
        # A pause lets what is written leave before the connection goes.
        await asyncio.sleep(0)
        request.transport.close()
    return answer

"""The paths under /_local/, by which faults are set and counters read: JSON in, JSON out.

GET    /_local/health     {"ok": true}
GET    /_local/counters   what happened so far
DELETE /_local/counters   begin counting again
GET    /_local/faults     the faults that are set
POST   /_local/faults     set one more
DELETE /_local/faults     take away all, or those of ?kind=
POST   /_local/seed       {"seed": n}: begin the decisions again
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from ots_local.tablestore.fault import from_json, to_json
from ots_local.tablestore.server import Server

PREFIX = "/_local/"


async def control(server: Server, request: web.BaseRequest) -> web.Response:
    """Answer one request under the prefix."""
    faults = server.instance.faults
    try:
        match request.method, request.path.removeprefix(PREFIX):
            case "GET", "health":
                return _json({"ok": True})
            case "GET", "counters":
                return _json(counters(server))
            case "DELETE", "counters":
                _forget(server)
            case "GET", "faults":
                return _json([to_json(fault) for fault in faults.listing()])
            case "POST", "faults":
                faults.add(from_json(json.loads(await request.content.read())))
            case "DELETE", "faults":
                faults.clear(request.query.get("kind"))
            case "POST", "seed":
                faults.reseed(int(json.loads(await request.content.read())["seed"]))
            case _:
                return _json({"error": f"no such control path: {request.path}"}, status=404)
    except (ValueError, TypeError, KeyError) as problem:
        return _json({"error": str(problem)}, status=400)
    return _json({"ok": True})


def counters(server: Server) -> dict[str, Any]:
    """Tell what happened so far."""
    traffic, instance = server.traffic, server.instance
    return {
        "requests": dict(traffic.requests),
        "refused": dict(traffic.refused),
        "rows_written": dict(instance.rows_written),
        "row_errors": dict(instance.row_errors),
        "faults": dict(instance.faults.counts),
        "in_flight": traffic.in_flight,
        "max_in_flight": traffic.max_in_flight,
        "late_waiting": traffic.late_waiting,
    }


def _forget(server: Server) -> None:
    traffic, instance = server.traffic, server.instance
    for counter in (
        traffic.requests,
        traffic.refused,
        instance.rows_written,
        instance.row_errors,
        instance.faults.counts,
    ):
        counter.clear()
    traffic.max_in_flight = traffic.in_flight


def _json(answer: Any, status: int = 200) -> web.Response:
    return web.json_response(answer, status=status)

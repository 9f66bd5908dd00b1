"""The control paths under /_local/ that set faults and read counters.

GET    /_local/health     {"ok": true}
GET    /_local/counters   the counters
DELETE /_local/counters   reset the counters
GET    /_local/faults     the faults that are set
POST   /_local/faults     add a fault
DELETE /_local/faults     remove all faults, or those of ?kind=
POST   /_local/seed       {"seed": n}: restart the random decisions
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from ots_local.tablestore.fault import from_json, to_json
from ots_local.tablestore.instance import Instance

PREFIX = "/_local/"


async def handle_control(instance: Instance, request: web.BaseRequest) -> web.Response:
    """Handle a request to a control path; an invalid one gets status 400 or 404."""
    faults = instance.faults
    try:
        match request.method, request.path.removeprefix(PREFIX):
            case "GET", "health":
                return _json({"ok": True})
            case "GET", "counters":
                return _json({**instance.counters.to_json(), "faults": dict(faults.counts)})
            case "DELETE", "counters":
                instance.counters.reset()
                faults.counts.clear()
            case "GET", "faults":
                return _json([to_json(fault) for fault in faults.active()])
            case "POST", "faults":
                faults.add(from_json(json.loads(await request.content.read())))
            case "DELETE", "faults":
                faults.clear(request.query.get("kind"))
            case "POST", "seed":
                faults.reseed(int(json.loads(await request.content.read())["seed"]))
            case _:
                return _json({"error": f"no such control path: {request.path}"}, status=404)
    except (ValueError, TypeError, KeyError) as error:
        return _json({"error": str(error)}, status=400)
    return _json({"ok": True})


def _json(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)

"""A client of the control paths of a local Table Store, in this process or in another.

Standard library only; refuses nothing itself: what the server refuses is raised as ValueError.
"""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

from ots_local.tablestore.fault import from_json, to_json


class FaultControl:
    """Sets faults and reads counters of the local Table Store at an endpoint."""

    def __init__(self, endpoint: str) -> None:
        """Take an endpoint such as http://127.0.0.1:12345; nothing is sent yet."""
        address = urlsplit(endpoint)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80

    def add(self, kind: str, **options: Any) -> None:
        """Set one more fault; README "Faults" lists kinds and options.

        Raises:
            ValueError: kind or options cannot be meant.
        """
        self._send("POST", "faults", to_json(from_json({"kind": kind, **options})))

    def set(self, kind: str, **options: Any) -> None:
        """Set a fault in the place of all others of its kind."""
        fault = to_json(from_json({"kind": kind, **options}))
        self.clear(kind)
        self._send("POST", "faults", fault)

    def clear(self, kind: str | None = None) -> None:
        """Take away the faults of a kind, or all."""
        self._send("DELETE", "faults" if kind is None else f"faults?kind={quote(kind)}")

    def active(self) -> list[dict[str, Any]]:
        """List the faults that are set and have not come to their end."""
        found: list[dict[str, Any]] = self._send("GET", "faults")
        return found

    def seed(self, seed: int) -> None:
        """Begin the decisions again from a seed."""
        self._send("POST", "seed", {"seed": seed})

    def counters(self) -> dict[str, Any]:
        """Tell what happened so far; README "Counters" lists the names."""
        found: dict[str, Any] = self._send("GET", "counters")
        return found

    def forget(self) -> None:
        """Begin counting again."""
        self._send("DELETE", "counters")

    def healthy(self) -> bool:
        """Tell whether a local Table Store answers."""
        try:
            return bool(self._send("GET", "health")["ok"])
        except OSError:
            return False

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
        try:
            connection.request(
                method, f"/_local/{path}", None if body is None else json.dumps(body)
            )
            answer = connection.getresponse()
            found = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ValueError(found["error"])
        return found

"""A client of the control paths of an emulator, in this process or in another."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

from ots_local.tablestore.fault import from_json, to_json


class FaultControl:
    """Sets faults and reads counters of the emulator at an endpoint.

    Every method raises OSError if the emulator cannot be reached, unless its docstring says
    otherwise.
    """

    def __init__(self, endpoint: str) -> None:
        """Take an endpoint such as http://127.0.0.1:12345; do not connect yet."""
        address = urlsplit(endpoint)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80

    def add(self, kind: str, **options: Any) -> None:
        """Add a fault; the section "Faults" of README.md lists kinds and options.

        Raises:
            ValueError: the kind or an option is invalid.
        """
        self._send("POST", "faults", to_json(from_json({"kind": kind, **options})))

    def set(self, kind: str, **options: Any) -> None:
        """Add a fault in place of all others of its kind.

        Raises:
            ValueError: the kind or an option is invalid; the present faults remain.
        """
        fault = to_json(from_json({"kind": kind, **options}))
        self.clear(kind)
        self._send("POST", "faults", fault)

    def clear(self, kind: str | None = None) -> None:
        """Remove the faults of a kind, or all.

        Raises:
            ValueError: the kind is unknown.
        """
        self._send("DELETE", "faults" if kind is None else f"faults?kind={quote(kind)}")

    def active(self) -> list[dict[str, Any]]:
        """Return the faults that are set and not exhausted."""
        found: list[dict[str, Any]] = self._send("GET", "faults")
        return found

    def seed(self, seed: int) -> None:
        """Restart the random decisions from a seed."""
        self._send("POST", "seed", {"seed": seed})

    def counters(self) -> dict[str, Any]:
        """Return the counters; the section "Counters" of README.md lists them."""
        found: dict[str, Any] = self._send("GET", "counters")
        return found

    def reset_counters(self) -> None:
        """Set the counters to zero."""
        self._send("DELETE", "counters")

    def is_healthy(self) -> bool:
        """Return whether an emulator responds at the endpoint."""
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
            response = connection.getresponse()
            found = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise ValueError(found["error"])
        return found

"""The whole pipeline on doubles: rules of the real door, a store in memory, a clock, a quarantine.

A scene delivers records as Lambda does, one event at a time; tests look at its rows, at what was
kept and at what each invocation answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ots_sync import invocation, pipeline
from ots_sync.outcome import Outcome, build_response
from ots_sync.quarantine import Quarantine
from ots_sync.rows import RowMapper
from ots_sync.settings import Settings
from ots_sync.writer import Send
from tests.support.builders import configuration, event
from tests.support.fakes import FakeClock, MemoryStore, Rows


class Scene:
    """A table, what writes it, where refused records go; `send` may stand before the store's."""

    def __init__(
        self,
        rules: RowMapper,
        *,
        settings: Settings | None = None,
        rows: Rows | None = None,
        send: Send | None = None,
        quarantine: bool = True,
    ) -> None:
        self.rules = rules
        self.settings = settings or configuration()
        self.store = MemoryStore(rows)
        self.clock = FakeClock()
        self.kept: dict[str, bytes] = {}
        self._send = send
        self._quarantine = quarantine

    def run(self, whole: Any, seconds: float = 60.0) -> Outcome:
        """One invocation that Lambda would end after so many seconds."""
        ports = invocation.build_context(
            self.settings,
            send=self._send or self.store.send,
            remaining_ms=lambda: int(seconds * 1000),
            clock=self.clock,
            uniform=lambda _, most: most,
        )
        return pipeline.run(whole, self.rules, replace(ports, quarantine=self._open))

    def deliver(self, records: Sequence[Any], seconds: float = 60.0) -> str | None:
        """Return the sequence number of the response, or None if it has none."""
        told = build_response(self.run(event(*records), seconds), partial_response=True)
        failures = told["batchItemFailures"]
        return str(failures[0]["itemIdentifier"]) if failures else None

    def _open(self) -> Quarantine | None:
        if not self._quarantine:
            return None
        return Quarantine(self.kept.__setitem__, "target", self.settings.fingerprint)

"""Run the whole pipeline over test doubles: a table in memory, a fake clock and a quarantine."""

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
from tests.support.builders import event, make_settings
from tests.support.fakes import FakeClock, InMemoryTable, Rows


class PipelineRig:
    """A table, the pipeline that writes to it, and a quarantine.

    `row_mapper` has the functions of the real handler module. `send` replaces the table's port.
    `quarantined` has the stored objects by name; with `quarantine=False` there is no quarantine.
    """

    def __init__(
        self,
        row_mapper: RowMapper,
        *,
        settings: Settings | None = None,
        rows: Rows | None = None,
        send: Send | None = None,
        quarantine: bool = True,
    ) -> None:
        self.row_mapper = row_mapper
        self.settings = settings or make_settings()
        self.table = InMemoryTable(rows)
        self.clock = FakeClock()
        self.quarantined: dict[str, bytes] = {}
        self.send: Send = send or self.table.send
        self._has_quarantine = quarantine

    def run(self, lambda_event: Any, timeout_s: float = 60.0) -> Outcome:
        """Run one invocation with this timeout."""
        context = invocation.build_context(
            self.settings,
            send=self.send,
            remaining_ms=lambda: int(timeout_s * 1000),
            clock=self.clock,
            uniform=lambda _, high: high,
        )
        context = replace(context, quarantine=self._open_quarantine)
        return pipeline.run(lambda_event, self.row_mapper, context)

    def deliver(self, records: Sequence[Any], timeout_s: float = 60.0) -> str | None:
        """Return the sequence number in the response to these records, or None."""
        response = build_response(self.run(event(*records), timeout_s), partial_response=True)
        failures = response["batchItemFailures"]
        return str(failures[0]["itemIdentifier"]) if failures else None

    def _open_quarantine(self) -> Quarantine | None:
        if not self._has_quarantine:
            return None
        return Quarantine(self.quarantined.__setitem__, "target", self.settings.fingerprint)

"""Provide a quarantine folder, a source of some items and a target in memory, to test redrive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ots_sync.errors import RejectedError
from ots_sync.model import Image, Rejected
from ots_sync.quarantine import open_quarantine
from ots_tools.items import key_to_text
from ots_tools.quarantine_store import FolderStore
from ots_tools.redrive import Redrive
from ots_tools.sources.table import SourceTable
from tests.support.builders import event, make_settings
from tests.support.fakes import FakeClock, InMemoryTable
from tests.support.handler import load_handler
from tests.support.scripted_sender import writer_context

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Source"
TABLE = SourceTable("Source", ARN, 0, 0, {"user_id": "S", "action_time": "N"})
INVALID = {"n" * 256: {"S": "a column cannot have this name"}}
HANDLER = load_handler()


class QuarantineEnvironment:
    """A quarantine folder, the source's items by key, and the target's rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = make_settings(QUARANTINE=f"file://{folder}")
        self.items: dict[str, Any] = {}
        self.target = InMemoryTable()

    def reject(self, record: Any, **environ: str) -> str:
        """Store a record as the function does, possibly with other settings; return its name."""
        before = set(self.names())
        settings = make_settings(QUARANTINE=f"file://{self.folder}", **environ)
        quarantine = open_quarantine(settings)
        assert quarantine is not None
        quarantine.store(Rejected(record, RejectedError("ColumnName", "too long")), 1_800_000_000)
        (name,) = set(self.names()) - before
        return name

    def give_up(self, *records: Any, name: str = "aws/lambda/id/shard/batch") -> None:
        """Store a batch as Lambda's on-failure destination does."""
        document = {
            "requestContext": {"condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {"streamArn": f"{ARN}/stream/2018"},
            "payload": json.dumps(event(*records)),
        }
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def put(self, *items: Any) -> None:
        """Set items of the source."""
        for one in items:
            self.items[key_to_text({name: one[name] for name in TABLE.key_types})] = one

    def read_items(self, keys: Sequence[Image]) -> list[Image | None]:
        """Read items of the source consistently."""
        return [self.items.get(key_to_text(key)) for key in keys]

    def names(self) -> list[str]:
        """Return the names of the objects."""
        return FolderStore(self.folder).names()

    def read(self, name: str) -> Any:
        """Return the document of an object."""
        return json.loads(FolderStore(self.folder).read(name))

    def redrive(self, **options: Any) -> Redrive:
        """Run redrive to its end."""
        send = options.pop("send", self.target.send)
        run = Redrive(
            FolderStore(self.folder),
            TABLE,
            self.settings.table_name,
            self.settings.fingerprint,
            options.pop("read_items", self.read_items),
            HANDLER.row_mapper(),
            lambda: writer_context(send, FakeClock(0.0), remaining_s=28.05),
            time_s=lambda: 1_900_000_000,
            **options,
        )
        assert sum(run.process(self.names())) == len(self.names()) + run.results["written"]
        return run

"""A quarantine folder, a source of a few items and a target in memory, for the tests of redrive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ots_sync.errors import RejectedError
from ots_sync.model import Image, Rejected
from ots_sync.quarantine import open_quarantine
from ots_tools.items import key_text
from ots_tools.kept_objects import Folder
from ots_tools.redrive import Redrive
from ots_tools.scan import Table
from tests.support.builders import configuration, event
from tests.support.fakes import FakeClock, MemoryStore
from tests.support.handler import load_handler
from tests.support.scripted_sender import means

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Source"
TABLE = Table("Source", ARN, 0, 0, {"user_id": "S", "action_time": "N"})
BAD = {"n" * 256: {"S": "no column can have this name"}}
DOOR = load_handler()


class Rig:
    """A quarantine folder, the source's items by key, and the target's rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = configuration(QUARANTINE=f"file://{folder}")
        self.items: dict[str, Any] = {}
        self.target = MemoryStore()

    def refuse(self, refused: Any, **environ: str) -> str:
        """Quarantines a record as the function does, perhaps under other settings; its name."""
        before = set(self.names())
        kept = open_quarantine(configuration(QUARANTINE=f"file://{self.folder}", **environ))
        assert kept is not None
        kept.store(Rejected(refused, RejectedError("ColumnName", "too long")), 1_800_000_000)
        (name,) = set(self.names()) - before
        return name

    def give_up(self, *records: Any, name: str = "aws/lambda/id/shard/batch") -> None:
        """Keeps a batch as Lambda's on-failure destination does."""
        document = {
            "requestContext": {"condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {"streamArn": f"{ARN}/stream/2018"},
            "payload": json.dumps(event(*records)),
        }
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def put(self, *items: Any) -> None:
        """Sets items of the source."""
        for one in items:
            self.items[key_text({name: one[name] for name in TABLE.key_types})] = one

    def read(self, keys: Sequence[Image]) -> list[Image | None]:
        """The source's consistent read."""
        return [self.items.get(key_text(key)) for key in keys]

    def names(self) -> list[str]:
        """What is kept."""
        return Folder(self.folder).names()

    def redrive(self, **options: Any) -> Redrive:
        """One run, to its end."""
        run = Redrive(
            Folder(self.folder),
            TABLE,
            self.settings.table_name,
            self.settings.fingerprint,
            options.pop("read", self.read),
            DOOR.row_mapper(),
            lambda: means(options.get("send", self.target.send), FakeClock(0.0), left_s=28.05),
            wall_s=lambda: 1_900_000_000,
            **{name: value for name, value in options.items() if name != "send"},
        )
        assert sum(run.steps(self.names())) == len(self.names()) + run.states["written"]
        return run

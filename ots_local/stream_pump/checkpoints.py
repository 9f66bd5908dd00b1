"""How far each shard of a stream is done: a file goes in, positions come out, and back.

Refuses a file of another stream, and one that it did not write.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


class CheckpointError(Exception):
    """The checkpoint file does not fit; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Position:
    """Of one shard: done up to and including `after`."""

    start: str
    """Where the shard was begun, for as long as nothing of it is done: TRIM_HORIZON or LATEST."""
    after: str | None = None
    finished: bool = False
    """Closed, and done to its last record."""


def load(path: Path | None, stream_arn: str) -> dict[str, Position]:
    """Positions by shard; none where there is no file yet."""
    if path is None or not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        positions = {shard: Position(**position) for shard, position in document["shards"].items()}
        owner = document["stream"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"{path} is no checkpoint of a stream pump. Delete it to begin anew."
        ) from error
    if owner != stream_arn:
        raise CheckpointError(
            f"{path} belongs to the stream {owner}, not to {stream_arn}. "
            "Name another file, or delete this one to begin anew."
        )
    return positions


def save(path: Path | None, stream_arn: str, positions: dict[str, Position]) -> None:
    """Replace the file in one step: whoever reads it sees the old positions or the new.

    Not forced to the disk: a checkpoint that is lost with the machine costs a redelivery.
    """
    if path is None:
        return
    shards = {shard: asdict(position) for shard, position in positions.items()}
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"stream": stream_arn, "shards": shards}, indent=1) + "\n")
    draft.replace(path)

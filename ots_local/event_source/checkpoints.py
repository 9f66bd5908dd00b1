"""Read and write the checkpoint file: the position in each shard of a stream."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


class CheckpointError(Exception):
    """The checkpoint file cannot be used."""


@dataclass(frozen=True, slots=True)
class Position:
    """The position in one shard: every record up to `after`, inclusive, is done."""

    start: str
    """Where reading starts while no record is done: TRIM_HORIZON or LATEST."""
    after: str | None = None
    finished: bool = False
    """Whether the shard is closed and its last record is done."""


def load(path: Path | None, stream_arn: str) -> dict[str, Position]:
    """Return the position per shard; empty if there is no file.

    Raises CheckpointError for a file of another stream, or one that is not a checkpoint.
    """
    if path is None or not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        positions = {shard: Position(**position) for shard, position in document["shards"].items()}
        owner = document["stream"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint file of a stream. Delete it to start from the beginning."
        ) from error
    if owner != stream_arn:
        raise CheckpointError(
            f"{path} belongs to the stream {owner}, not to {stream_arn}. "
            "Use another file, or delete this one to start from the beginning."
        )
    return positions


def save(path: Path | None, stream_arn: str, positions: dict[str, Position]) -> None:
    """Replace the file atomically: a reader sees the old positions or the new ones.

    The file is not synced to disk. If the machine crashes, an old checkpoint only causes
    redelivery.
    """
    if path is None:
        return
    shards = {shard: asdict(position) for shard, position in positions.items()}
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"stream": stream_arn, "shards": shards}, indent=1) + "\n")
    draft.replace(path)

"""Emulate a DynamoDB stream in memory, behind the methods of boto3's client.

Unlike local replacements for DynamoDB, it splits and closes shards, trims records after 24 hours,
expires iterators after 15 minutes, returns empty pages, and fails calls. DescribeStream lists
children before their parents, two shards per page.
"""

# ruff: noqa: N803 # boto3 defines the argument names
from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NoReturn

from botocore.exceptions import ClientError

ARN = "arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"
RETENTION_S = 24 * 3600
ITERATOR_LIFETIME_S = 15 * 60


class Clock:
    """A clock that advances only in `sleep`."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class Shard:
    name: str
    parent: str | None
    depth: int
    """The number of bits of a key's hash that select this shard."""
    prefix: int
    records: list[dict[str, Any]] = field(default_factory=list)
    trimmed: int = 0
    closed: bool = False


def _raise_client_error(code: str) -> NoReturn:
    raise ClientError({"Error": {"Code": code, "Message": code}}, "Streams")


class MemoryStream:
    """A stream: write with `put`, and read as with boto3's `dynamodbstreams` client."""

    def __init__(self, clock: Clock, *, page_records: int = 1000, empty_pages: int = 0) -> None:
        self.clock = clock
        self.shards = {"shard-0": Shard("shard-0", None, 0, 0)}
        self.page_records = page_records
        self.empty_pages = empty_pages
        """The number of empty pages before each page with records."""
        self.failures: list[str] = []
        """Error codes of the next calls of GetRecords, in order; an empty one is a success."""
        self.deleted = False
        self.calls: list[str] = []
        self._shards_created = 0
        self._number = 7  # the numbers gain a digit soon: they do not sort as text

    def put(self, user: str, **attributes: Any) -> str:
        """Write a record for the user's item, and return its sequence number."""
        shard = self._open_shard(user)
        self._number += 1
        keys = {"user_id": {"S": user}}
        change = {
            "ApproximateCreationDateTime": datetime.fromtimestamp(self.clock(), timezone.utc),
            "Keys": keys,
            "NewImage": {**keys, "n": {"N": str(self._number)}, **attributes},
            "SequenceNumber": str(self._number),
            "SizeBytes": 10,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        shard.records.append(
            {"eventID": str(uuid.UUID(int=self._number)), "eventName": "INSERT", "dynamodb": change}
        )
        return str(self._number)

    def split(self, user: str, into: int = 2) -> None:
        """Close the open shard of the user's item, and create two children for it (or one)."""
        parent = self._open_shard(user)
        parent.closed = True
        for child in range(into):
            self._shards_created += 1
            name = f"shard-{self._shards_created}"
            depth, prefix = (
                (parent.depth, parent.prefix)
                if into == 1
                else (parent.depth + 1, parent.prefix | child << parent.depth)
            )
            self.shards[name] = Shard(name, parent.name, depth, prefix)

    def describe_stream(self, *, StreamArn: str, ExclusiveStartShardId: str = "") -> Any:
        self.calls.append("describe")
        if self.deleted or StreamArn != ARN:
            _raise_client_error("ResourceNotFoundException")
        self._trim()
        listed = list(reversed(self.shards.values()))
        start = 0
        if ExclusiveStartShardId:
            start = [shard.name for shard in listed].index(ExclusiveStartShardId) + 1
        page = listed[start : start + 2]
        response: dict[str, Any] = {"Shards": [_description(shard) for shard in page]}
        if start + 2 < len(listed):
            response["LastEvaluatedShardId"] = page[-1].name
        return {"StreamDescription": response}

    def get_shard_iterator(
        self, *, StreamArn: str, ShardId: str, ShardIteratorType: str, SequenceNumber: str = ""
    ) -> Any:
        self.calls.append(ShardIteratorType)
        self._trim()
        if ShardId not in self.shards:
            _raise_client_error("ResourceNotFoundException")
        shard = self.shards[ShardId]
        position = shard.trimmed
        if ShardIteratorType == "LATEST":
            position = len(shard.records)
        elif ShardIteratorType == "AFTER_SEQUENCE_NUMBER":
            numbers = [record["dynamodb"]["SequenceNumber"] for record in shard.records]
            position = numbers.index(SequenceNumber) + 1
            if position <= shard.trimmed:
                _raise_client_error("TrimmedDataAccessException")
        return {"ShardIterator": self._iterator(ShardId, position, self.empty_pages)}

    def get_records(self, *, ShardIterator: str, Limit: int = 1000) -> Any:
        self.calls.append("get")
        self._trim()
        if self.failures and (code := self.failures.pop(0)):
            _raise_client_error(code)
        name, position_text, empty_text, issued = ShardIterator.split("|")
        position, empty = int(position_text), int(empty_text)
        if self.clock() - float(issued) > ITERATOR_LIFETIME_S:
            _raise_client_error("ExpiredIteratorException")
        if name not in self.shards:
            _raise_client_error("ResourceNotFoundException")
        shard = self.shards[name]
        if position < shard.trimmed:
            _raise_client_error("TrimmedDataAccessException")
        page: list[Any] = []
        if not empty:
            page = shard.records[position : position + min(Limit, self.page_records)]
        response: dict[str, Any] = {"Records": page}
        position += len(page)
        if not (shard.closed and position == len(shard.records)):
            empty = empty - 1 if empty else self.empty_pages if page else 0
            response["NextShardIterator"] = self._iterator(name, position, empty)
        return response

    def _iterator(self, name: str, position: int, empty: int) -> str:
        return f"{name}|{position}|{empty}|{self.clock()}"

    def _open_shard(self, user: str) -> Shard:
        number = zlib.adler32(user.encode()) * 2654435761 >> 7
        (found,) = (
            shard
            for shard in self.shards.values()
            if not shard.closed and number % (1 << shard.depth) == shard.prefix
        )
        return found

    def _trim(self) -> None:
        """Remove records after 24 hours, and a closed shard with its last record."""
        for shard in list(self.shards.values()):
            while shard.trimmed < len(shard.records):
                created = shard.records[shard.trimmed]["dynamodb"]["ApproximateCreationDateTime"]
                if self.clock() - created.timestamp() <= RETENTION_S:
                    break
                shard.trimmed += 1
            if shard.closed and shard.records and shard.trimmed == len(shard.records):
                del self.shards[shard.name]


def _description(shard: Shard) -> dict[str, Any]:
    end = {"EndingSequenceNumber": "9"} if shard.closed else {}
    description: dict[str, Any] = {
        "ShardId": shard.name,
        "SequenceNumberRange": {"StartingSequenceNumber": "1", **end},
    }
    return {**description, "ParentShardId": shard.parent} if shard.parent else description

"""A stream in memory that does what no stand-in for DynamoDB does, behind the client's own calls.

Shards split and close, records are trimmed after 24 hours, iterators expire after 15 minutes, pages
come empty, calls fail, and DescribeStream lists children before their parents, two to a page.
"""

# ruff: noqa: N803 # boto3 names the arguments
from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NoReturn

from botocore.exceptions import ClientError

ARN = "arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"
RETENTION_S = 24 * 3600
ITERATOR_LIFE_S = 15 * 60


class Clock:
    """Time that passes only when somebody sleeps."""

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
    """How many bits of a key's hash choose this shard."""
    prefix: int
    records: list[dict[str, Any]] = field(default_factory=list)
    trimmed: int = 0
    closed: bool = False


def _refuse(code: str) -> NoReturn:
    raise ClientError({"Error": {"Code": code, "Message": code}}, "Streams")


class MemoryStream:
    """Write with `put`; read as with boto3's `dynamodbstreams` client."""

    def __init__(self, clock: Clock, *, page_records: int = 1000, empty_pages: int = 0) -> None:
        self.clock = clock
        self.shards = {"shard-0": Shard("shard-0", None, 0, 0)}
        self.page_records = page_records
        self.empty_pages = empty_pages
        """So many empty pages stand before each page of records."""
        self.failures: list[str] = []
        """Codes that the next calls of GetRecords fail with, in order; an empty one is none."""
        self.gone = False
        self.calls: list[str] = []
        self._shards_made = 0
        self._number = 7  # numbers grow in length: their order is not the order of texts

    def put(self, user: str, **attributes: Any) -> str:
        """Write a record for the user's item; its sequence number."""
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
        """Close the open shard of the user's item; two children follow it (or one)."""
        old = self._open_shard(user)
        old.closed = True
        for child in range(into):
            self._shards_made += 1
            name = f"shard-{self._shards_made}"
            depth, prefix = (
                (old.depth, old.prefix)
                if into == 1
                else (old.depth + 1, old.prefix | child << old.depth)
            )
            self.shards[name] = Shard(name, old.name, depth, prefix)

    def describe_stream(self, *, StreamArn: str, ExclusiveStartShardId: str = "") -> Any:
        self.calls.append("describe")
        if self.gone or StreamArn != ARN:
            _refuse("ResourceNotFoundException")
        self._trim()
        listed = list(reversed(self.shards.values()))
        begin = (
            [shard.name for shard in listed].index(ExclusiveStartShardId) + 1
            if (ExclusiveStartShardId)
            else 0
        )
        page = listed[begin : begin + 2]
        answer: dict[str, Any] = {"Shards": [_described(shard) for shard in page]}
        if begin + 2 < len(listed):
            answer["LastEvaluatedShardId"] = page[-1].name
        return {"StreamDescription": answer}

    def get_shard_iterator(
        self, *, StreamArn: str, ShardId: str, ShardIteratorType: str, SequenceNumber: str = ""
    ) -> Any:
        self.calls.append(ShardIteratorType)
        self._trim()
        if ShardId not in self.shards:
            _refuse("ResourceNotFoundException")
        shard = self.shards[ShardId]
        position = shard.trimmed
        if ShardIteratorType == "LATEST":
            position = len(shard.records)
        elif ShardIteratorType == "AFTER_SEQUENCE_NUMBER":
            numbers = [record["dynamodb"]["SequenceNumber"] for record in shard.records]
            position = numbers.index(SequenceNumber) + 1
            if position <= shard.trimmed:
                _refuse("TrimmedDataAccessException")
        return {"ShardIterator": self._iterator(ShardId, position, self.empty_pages)}

    def get_records(self, *, ShardIterator: str, Limit: int = 1000) -> Any:
        self.calls.append("get")
        self._trim()
        if self.failures and (code := self.failures.pop(0)):
            _refuse(code)
        name, position_text, empty_text, issued = ShardIterator.split("|")
        position, empty = int(position_text), int(empty_text)
        if self.clock() - float(issued) > ITERATOR_LIFE_S:
            _refuse("ExpiredIteratorException")
        if name not in self.shards:
            _refuse("ResourceNotFoundException")
        shard = self.shards[name]
        if position < shard.trimmed:
            _refuse("TrimmedDataAccessException")
        page: list[Any] = []
        if not empty:
            page = shard.records[position : position + min(Limit, self.page_records)]
        answer: dict[str, Any] = {"Records": page}
        position += len(page)
        if not (shard.closed and position == len(shard.records)):
            empty = empty - 1 if empty else self.empty_pages if page else 0
            answer["NextShardIterator"] = self._iterator(name, position, empty)
        return answer

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
        """Records leave after 24 hours; a closed shard leaves with its last."""
        for shard in list(self.shards.values()):
            while shard.trimmed < len(shard.records):
                created = shard.records[shard.trimmed]["dynamodb"]["ApproximateCreationDateTime"]
                if self.clock() - created.timestamp() <= RETENTION_S:
                    break
                shard.trimmed += 1
            if shard.closed and shard.records and shard.trimmed == len(shard.records):
                del self.shards[shard.name]


def _described(shard: Shard) -> dict[str, Any]:
    ends = {"EndingSequenceNumber": "9"} if shard.closed else {}
    described: dict[str, Any] = {
        "ShardId": shard.name,
        "SequenceNumberRange": {"StartingSequenceNumber": "1", **ends},
    }
    return {**described, "ParentShardId": shard.parent} if shard.parent else described

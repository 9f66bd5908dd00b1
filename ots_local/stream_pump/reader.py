"""One shard of a stream goes in, its records come out page by page, wherever the iterator went.

Expired iterators are renewed, trimmed data is skipped and said to be, passing errors are waited
out; what does not pass is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from ots_local.stream_pump.checkpoints import Position

PAGE_RECORDS_MAX = 1000
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html"""

FAILURES_MAX = 20
"""In a row, each after boto3 tried several times. Lambda would go on; a person wants to know."""

PASSING = {
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


class StreamError(Exception):
    """The stream cannot be read; the message says why."""


class StreamsClient(Protocol):
    """What is used of a boto3 `dynamodbstreams` client."""

    def describe_stream(self, *, StreamArn: str, ExclusiveStartShardId: str = ...) -> Any:  # noqa: N803
        """The stream's shards, a page of them."""

    def get_shard_iterator(
        self,
        *,
        StreamArn: str,  # noqa: N803
        ShardId: str,  # noqa: N803
        ShardIteratorType: Any,  # noqa: N803
        SequenceNumber: str = ...,  # noqa: N803
    ) -> Any:
        """A place in a shard."""

    def get_records(self, *, ShardIterator: str, Limit: int = ...) -> Any:  # noqa: N803
        """Records from a place on, and the next place."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one reading brought."""

    answered: bool = True
    """The stream gave a page; else nothing is known of what it holds."""
    records: tuple[dict[str, Any], ...] = ()
    gap: bool = False
    """Records that were not read yet may be gone from the stream."""
    failed: bool = False
    """An error that may pass."""


class ShardReader:
    """Reads on from a position; remembers how far it came."""

    __slots__ = ("_after", "_client", "_failures", "_iterator", "_start", "_where", "closed")

    def __init__(
        self, client: StreamsClient, stream_arn: str, shard_id: str, position: Position
    ) -> None:
        self._client = client
        self._where = {"StreamArn": stream_arn, "ShardId": shard_id}
        self._start, self._after = position.start, position.after
        self._iterator: str | None = None
        self._failures = 0
        self.closed = False
        """The shard has ended and all of it is read."""

    def read(self) -> Page:
        """The next page; an empty one is no sign of the end.

        Raises StreamError after FAILURES_MAX failures in a row, ClientError for what cannot pass.
        """
        try:
            if self._iterator is None:
                self._iterator = self._open()
            answer = self._client.get_records(ShardIterator=self._iterator, Limit=PAGE_RECORDS_MAX)
        except (ClientError, HTTPClientError) as error:
            return self._after_error(error)
        self._failures = 0
        records = tuple(answer["Records"])
        if records:
            self._after = records[-1]["dynamodb"]["SequenceNumber"]
        self._iterator = answer.get("NextShardIterator")
        self.closed = self._iterator is None
        return Page(records=records)

    def _open(self) -> str:
        if self._after is None:
            answer = self._client.get_shard_iterator(**self._where, ShardIteratorType=self._start)
        else:
            answer = self._client.get_shard_iterator(
                **self._where,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                SequenceNumber=self._after,
            )
        return str(answer["ShardIterator"])

    def _after_error(self, error: ClientError | HTTPClientError) -> Page:
        code = error_code(error)
        if code == "ExpiredIteratorException":
            self._iterator = None
            # LATEST is somewhere else now, and nothing tells what lies between.
            return Page(answered=False, gap=self._after is None and self._start == "LATEST")
        if code == "TrimmedDataAccessException":
            self._iterator, self._after, self._start = None, None, "TRIM_HORIZON"
            return Page(answered=False, gap=True)
        # A shard that is not found may have left the stream; DescribeStream will tell.
        if code not in PASSING and code != "ResourceNotFoundException":
            raise error
        self._failures += 1
        if self._failures > FAILURES_MAX:
            raise StreamError(
                f"Shard {self._where['ShardId']} could not be read {self._failures} times in a "
                f"row, last because of {code}. Is the endpoint up, and the stream still there?"
            ) from error
        return Page(answered=False, failed=True)


def error_code(error: ClientError | HTTPClientError) -> str:
    """AWS's name of the error; of a connection that failed, one that may pass."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return "ServiceUnavailable"

"""Read the records of one shard, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from ots_local.event_source.checkpoints import Position

MAX_PAGE_RECORDS = 1000
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html"""

MAX_CONSECUTIVE_FAILURES = 20
"""Each failure is already the end of several attempts by boto3. Lambda would continue; here an
error is more useful."""

TRANSIENT_CODES = {
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


class StreamError(Exception):
    """The stream cannot be read."""


class StreamsClient(Protocol):
    """The methods of a boto3 `dynamodbstreams` client that are used."""

    def describe_stream(self, *, StreamArn: str, ExclusiveStartShardId: str = ...) -> Any:  # noqa: N803
        """Return a page of the stream's shards."""

    def get_shard_iterator(
        self,
        *,
        StreamArn: str,  # noqa: N803
        ShardId: str,  # noqa: N803
        ShardIteratorType: Any,  # noqa: N803
        SequenceNumber: str = ...,  # noqa: N803
    ) -> Any:
        """Return an iterator for a position in a shard."""

    def get_records(self, *, ShardIterator: str, Limit: int = ...) -> Any:  # noqa: N803
        """Return records from an iterator on, and the next iterator."""


@dataclass(frozen=True, slots=True)
class Page:
    """The result of one read."""

    received: bool = True
    """Whether the stream returned a page; if not, its contents are unknown."""
    records: tuple[dict[str, Any], ...] = ()
    gap: bool = False
    """Whether unread records may have left the stream."""
    failed: bool = False
    """Whether a transient error occurred."""


class ShardReader:
    """Reads a shard from a position on.

    It renews expired iterators, skips trimmed records and reports the gap, and retries transient
    errors at the next read.
    """

    __slots__ = ("_after", "_client", "_failures", "_iterator", "_shard", "_start", "closed")

    def __init__(
        self, client: StreamsClient, stream_arn: str, shard_id: str, position: Position
    ) -> None:
        self._client = client
        self._shard = {"StreamArn": stream_arn, "ShardId": shard_id}
        self._start, self._after = position.start, position.after
        self._iterator: str | None = None
        self._failures = 0
        self.closed = False
        """Whether the shard has ended and all of it was read."""

    def read(self) -> Page:
        """Return the next page; an empty page does not mean the end of the shard.

        Raises StreamError after too many consecutive transient errors, and ClientError for any
        other error.
        """
        try:
            if self._iterator is None:
                self._iterator = self._open()
            response = self._client.get_records(
                ShardIterator=self._iterator, Limit=MAX_PAGE_RECORDS
            )
        except (ClientError, HTTPClientError) as error:
            return self._on_error(error)
        self._failures = 0
        records = tuple(response["Records"])
        if records:
            self._after = records[-1]["dynamodb"]["SequenceNumber"]
        self._iterator = response.get("NextShardIterator")
        self.closed = self._iterator is None
        return Page(records=records)

    def _open(self) -> str:
        if self._after is None:
            response = self._client.get_shard_iterator(**self._shard, ShardIteratorType=self._start)
        else:
            response = self._client.get_shard_iterator(
                **self._shard,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                SequenceNumber=self._after,
            )
        return str(response["ShardIterator"])

    def _on_error(self, error: ClientError | HTTPClientError) -> Page:
        code = error_code(error)
        if code == "ExpiredIteratorException":
            self._iterator = None
            # LATEST is a different position now, and the records between are unknown.
            return Page(received=False, gap=self._after is None and self._start == "LATEST")
        if code == "TrimmedDataAccessException":
            self._iterator, self._after, self._start = None, None, "TRIM_HORIZON"
            return Page(received=False, gap=True)
        # A shard that is not found may have left the stream; DescribeStream will show it.
        if code not in TRANSIENT_CODES and code != "ResourceNotFoundException":
            raise error
        self._failures += 1
        if self._failures > MAX_CONSECUTIVE_FAILURES:
            raise StreamError(
                f"Shard {self._shard['ShardId']} could not be read {self._failures} times in a "
                f"row; the last error is {code}. Check that the endpoint is reachable and that "
                "the stream exists."
            ) from error
        return Page(received=False, failed=True)


def error_code(error: ClientError | HTTPClientError) -> str:
    """Return AWS's error code; a failed connection gets a transient one."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return "ServiceUnavailable"

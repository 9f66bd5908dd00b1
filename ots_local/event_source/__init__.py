"""Emulate Lambda's event source mapping for a DynamoDB stream.

The poller reads the shards of a stream and invokes a handler with batches of records. Client,
handler, clock and sleep are arguments; the package imports nothing else of this project.
"""

from ots_local.event_source.checkpoints import CheckpointError
from ots_local.event_source.failures import FunctionTimeoutError, NotInvokedError, object_key
from ots_local.event_source.mapping import EventSourceMapping, MappingError
from ots_local.event_source.poller import EventSourcePoller
from ots_local.event_source.progress import Progress
from ots_local.event_source.reader import StreamError, StreamsClient
from ots_local.event_source.records import lambda_record

__all__ = [
    "CheckpointError",
    "EventSourceMapping",
    "EventSourcePoller",
    "FunctionTimeoutError",
    "MappingError",
    "NotInvokedError",
    "Progress",
    "StreamError",
    "StreamsClient",
    "lambda_record",
    "object_key",
]

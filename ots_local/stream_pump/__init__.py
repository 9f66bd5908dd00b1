"""Behaves as Lambda's event source mapping: a DynamoDB stream goes in, a handler is invoked.

It is handed everything (a streams client, a handler, clock and sleep) and imports nothing of the
function that it invokes. It refuses settings that Lambda would refuse.
"""

from ots_local.stream_pump.batches import NotInvokedError, TimedOutError
from ots_local.stream_pump.checkpoints import CheckpointError
from ots_local.stream_pump.mapping import EventSourceMapping, MappingError
from ots_local.stream_pump.on_failure import object_key
from ots_local.stream_pump.progress import Progress
from ots_local.stream_pump.pump import StreamPump
from ots_local.stream_pump.reader import StreamError, StreamsClient
from ots_local.stream_pump.records import lambda_record

__all__ = [
    "CheckpointError",
    "EventSourceMapping",
    "MappingError",
    "NotInvokedError",
    "Progress",
    "StreamError",
    "StreamPump",
    "StreamsClient",
    "TimedOutError",
    "lambda_record",
    "object_key",
]

"""A function, or a pump's checkpoint, goes in; how far writing is behind the stream comes out.

In seconds; 0 when everything is done, None when nothing was to be done lately.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ots_sync.errors import ConfigurationError

LATELY_S = 900.0
"""An enabled mapping that tells no lag in this time had nothing to do in it."""
PAGES = 20
"""Empty pages that a shard may give in its middle, before it counts as read to its end."""


def of_function(function: str, cloudwatch: Any, now_s: float) -> float | None:
    """The newest IteratorAge: the age of the last record of an invocation.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    now = datetime.fromtimestamp(now_s, timezone.utc)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - timedelta(seconds=LATELY_S),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )
    points = answer["Datapoints"]
    if not points:
        return None
    return float(max(points, key=lambda point: point["Timestamp"])["Maximum"]) / 1000


def of_checkpoint(path: Path, streams: Any, now_s: float) -> float:
    """How old the first record is that the local stream pump has not done yet."""
    try:
        found = json.loads(path.read_text("utf-8"))
        arn, positions = found["stream"], found["shards"]
    except (OSError, ValueError, LookupError, TypeError):
        raise ConfigurationError(f"{path} is no checkpoint of a stream pump.") from None
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    ages = [
        _first_age(streams, arn, shard["ShardId"], positions.get(shard["ShardId"], {}), now_s)
        for shard in shards
    ]
    return max(ages, default=0.0)


def _first_age(streams: Any, arn: str, shard: str, position: dict[str, Any], now_s: float) -> float:
    if position.get("finished"):
        return 0.0
    after = position.get("after")
    where = (
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        if after
        else {"ShardIteratorType": "TRIM_HORIZON"}
    )
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, **where)["ShardIterator"]
    for _ in range(PAGES):
        page = streams.get_records(ShardIterator=iterator, Limit=1)
        for record in page["Records"]:
            made: datetime = record["dynamodb"]["ApproximateCreationDateTime"]
            return max(0.0, now_s - made.timestamp())
        iterator = page.get("NextShardIterator")
        if not iterator:
            break
    return 0.0

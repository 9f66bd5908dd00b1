"""Convert a record from GetRecords to the record in a Lambda event.

The conversion adds the fields that Lambda adds, and corrects envelope fields that local
replacements for DynamoDB get wrong. Attribute values are unchanged, except that bytes become base64
text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

EVENT_ID = re.compile(r"[0-9a-f]{32}")
TTL_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def lambda_record(record: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """Return the record as it is in a Lambda event; unknown fields are preserved."""
    change = dict(record["dynamodb"])
    created = change.get("ApproximateCreationDateTime")
    if created is not None:  # whole seconds: Lambda rounds down
        seconds = created.timestamp() if isinstance(created, datetime) else created
        change["ApproximateCreationDateTime"] = int(seconds)
    images = {part: change[part] for part in ("Keys", "NewImage", "OldImage") if part in change}
    change["SizeBytes"] = change.get("SizeBytes") or sum(map(_image_bytes, images.values()))
    change.update({part: _attributes(image) for part, image in images.items()})
    delivered = {
        **record,
        "eventID": _event_id(str(record.get("eventID", "")), stream_arn, change["SequenceNumber"]),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": _region(stream_arn),
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    }
    if identity := record.get("userIdentity"):  # GetRecords capitalizes, Lambda does not
        delivered["userIdentity"] = {name[0].lower() + name[1:]: v for name, v in identity.items()}
    if delivered.get("eventName") not in ("INSERT", "MODIFY", "REMOVE"):
        # DynamoDB Local 3 uses another name for TTL deletions, and no identity.
        delivered |= {"eventName": "REMOVE", "userIdentity": TTL_IDENTITY}
    return delivered


def _event_id(original: str, stream_arn: str, sequence_number: str) -> str:
    """Return an event ID of 32 hex digits; local replacements use a UUID with dashes."""
    plain = original.replace("-", "").lower()
    if EVENT_ID.fullmatch(plain):
        return plain
    return hashlib.blake2b(f"{stream_arn} {sequence_number}".encode(), digest_size=16).hexdigest()


def _region(stream_arn: str) -> str:
    """Return the stream's Region; DynamoDB Local uses `ddblocal`, which is not a Region."""
    region = stream_arn.split(":")[3] if stream_arn.count(":") >= 5 else ""
    return region if "-" in region else "us-east-1"


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Convert one attribute value; DynamoDB limits nesting to 32 levels, so recursion is safe."""
    ((tag, content),) = value.items()
    if tag == "B":
        return {tag: _base64(content)}
    if tag == "BS":
        return {tag: [_base64(member) for member in content]}
    if tag == "L":
        return {tag: [_value(member) for member in content]}
    if tag == "M":
        return {tag: _attributes(content)}
    return {tag: content}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _image_bytes(attributes: Mapping[str, Any]) -> int:
    """Return about the size that DynamoDB counts, because ministack reports 0.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in attributes.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((tag, content),) = value.items()
    if tag == "M":
        return 3 + len(content) + _image_bytes(content)
    if tag == "L":
        return 3 + len(content) + sum(map(_value_bytes, content))
    if tag in ("SS", "NS", "BS"):
        return sum(_value_bytes({tag[0]: member}) for member in content)
    if tag == "N":
        return len(content) // 2 + 1
    return len(content.encode()) if tag == "S" else len(content) if tag == "B" else 1

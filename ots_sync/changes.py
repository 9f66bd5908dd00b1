"""A stream event goes in, the changes it tells of come out.

Refuses alone a record that cannot be understood; raises ConfigurationError where every record would
fail: no Records, a foreign source, a stream that carries no new images.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ots_sync.errors import ConfigurationError, RefusedError

Image = Mapping[str, Any]
"""An item, or its keys, in DynamoDB's form: attribute name -> tagged value."""

EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
_USELESS_VIEWS = ("KEYS_ONLY", "OLD_IMAGE")
_SOURCE = "aws:dynamodb"
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
_NUMBER_DIGITS = 40


@dataclass(slots=True)  # not frozen: thousands are made per invocation, and frozen cost double
class Change:
    """One change of one item; `record` as received, whole."""

    event_name: str
    keys: Image
    new_image: Image | None
    old_image: Image | None
    record: Mapping[str, Any]


class Refused(NamedTuple):
    """A record that can never be written as it is, whole, with the reason."""

    record: Any
    error: RefusedError


def records_of(event: Any) -> list[Any]:
    """The records of a Lambda event; raises ConfigurationError when it has no list of them."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ConfigurationError(
            "The event has no list 'Records': it does not come from a DynamoDB stream. "
            "Check what invokes the function."
        )
    return records


def read(event: Any) -> tuple[list[Change], list[Refused]]:
    """The event's changes in order, and the records that cannot be understood.

    Raises ConfigurationError when every record would fail.
    """
    changes: list[Change] = []
    refused: list[Refused] = []
    for record in records_of(event):
        try:
            changes.append(understand(record))
        except RefusedError as error:
            refused.append(Refused(record, error))
    return changes, refused


def understand(record: Any) -> Change:
    """The change that one stream record tells of.

    Raises RefusedError when only this record is wrong, ConfigurationError when all would be.
    """
    if not isinstance(record, dict):
        raise RefusedError("MalformedRecord", "a record is not an object")
    if record.get("eventSource", _SOURCE) != _SOURCE:
        raise ConfigurationError(
            "A record's eventSource is not aws:dynamodb. The function takes the events of a "
            "DynamoDB stream only; check its triggers."
        )
    body = record.get("dynamodb")
    if not isinstance(body, dict):
        raise RefusedError("MalformedRecord", "a record has no object 'dynamodb'")
    if body.get("StreamViewType") in _USELESS_VIEWS:
        raise ConfigurationError(
            f"The stream's view type is {body['StreamViewType']}, which carries no new images. "
            "Enable a stream with NEW_AND_OLD_IMAGES (its ARN will be a new one)."
        )
    event_name = record.get("eventName")
    if event_name not in EVENT_NAMES:
        raise RefusedError("MalformedRecord", "an eventName is not INSERT, MODIFY or REMOVE")
    new_image = None if event_name == "REMOVE" else _image(body, "NewImage")
    old_image = _image(body, "OldImage") if body.get("OldImage") is not None else None
    return Change(event_name, _image(body, "Keys"), new_image, old_image, record)


def _image(body: Mapping[str, Any], field: str) -> Image:
    image = body.get(field)
    if isinstance(image, dict) and (image or field == "OldImage"):
        return image
    raise RefusedError("MalformedRecord", f"a record has no object '{field}'")


def sequence_number(record: Any) -> str:
    """The record's sequence number as received, or '' when it has none that Lambda would know."""
    body = record.get("dynamodb") if isinstance(record, dict) else None
    number = body.get("SequenceNumber") if isinstance(body, dict) else None
    if isinstance(number, str) and number.isascii() and number.isdigit():
        return number if len(number) <= _NUMBER_DIGITS else ""
    return ""


def oldest_s(understood: Iterable[Change]) -> float | None:
    """When the oldest of these changes was made, in seconds since 1970, of those that tell."""
    told = [change.record["dynamodb"].get("ApproximateCreationDateTime") for change in understood]
    # Lambda writes whole seconds as a number, sometimes in scientific notation. What is no time of
    # day only costs the lag; it must not stop a record.
    made_s = [one for one in told if type(one) in (int, float) and 0 <= one < 1e12]
    return float(min(made_s)) if made_s else None

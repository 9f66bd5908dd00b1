"""Parse the records of a stream event into changes.

A record that cannot be parsed is rejected. An event that shows a wrong deployment raises
ConfigurationError: no Records, another event source, or a stream without new images.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ots_sync.errors import ConfigurationError, RejectedError
from ots_sync.model import Change, Image, Rejected

EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
_VIEWS_WITHOUT_NEW_IMAGE = ("KEYS_ONLY", "OLD_IMAGE")
_EVENT_SOURCE = "aws:dynamodb"
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
_SEQUENCE_NUMBER_DIGITS = 40


def event_records(event: Any) -> list[Any]:
    """Return the records of a Lambda event; raises ConfigurationError if it has no list of them."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ConfigurationError(
            "The event has no list 'Records', so it does not come from a DynamoDB stream. "
            "Check the triggers of the function."
        )
    return records


def parse_event(event: Any) -> tuple[list[Change], list[Rejected]]:
    """Return the event's changes in order, and the records that cannot be parsed.

    Raises ConfigurationError if every record would fail.
    """
    changes: list[Change] = []
    rejected: list[Rejected] = []
    for record in event_records(event):
        try:
            changes.append(parse_record(record))
        except RejectedError as error:
            rejected.append(Rejected(record, error))
    return changes, rejected


def parse_record(record: Any) -> Change:
    """Return the change that one stream record describes.

    Raises RejectedError if only this record is wrong, ConfigurationError if every record would be.
    """
    if not isinstance(record, dict):
        raise RejectedError("MalformedRecord", "a record is not an object")
    if record.get("eventSource", _EVENT_SOURCE) != _EVENT_SOURCE:
        raise ConfigurationError(
            "A record's eventSource is not aws:dynamodb. The function accepts only events of a "
            "DynamoDB stream. Check its triggers."
        )
    body = record.get("dynamodb")
    if not isinstance(body, dict):
        raise RejectedError("MalformedRecord", "a record has no object 'dynamodb'")
    if body.get("StreamViewType") in _VIEWS_WITHOUT_NEW_IMAGE:
        raise ConfigurationError(
            f"The stream's view type is {body['StreamViewType']}, which has no new images. "
            "Enable a stream with NEW_AND_OLD_IMAGES. It will have another ARN."
        )
    event_name = record.get("eventName")
    if event_name not in EVENT_NAMES:
        raise RejectedError("MalformedRecord", "an eventName is not INSERT, MODIFY or REMOVE")
    new_image = None if event_name == "REMOVE" else _image(body, "NewImage")
    old_image = _image(body, "OldImage") if body.get("OldImage") is not None else None
    return Change(event_name, _image(body, "Keys"), new_image, old_image, record)


def _image(body: Mapping[str, Any], field: str) -> Image:
    image = body.get(field)
    if isinstance(image, dict) and (image or field == "OldImage"):
        return image
    raise RejectedError("MalformedRecord", f"a record has no object '{field}'")


def sequence_number(record: Any) -> str:
    """Return the record's sequence number as received, or '' if Lambda would not accept it."""
    body = record.get("dynamodb") if isinstance(record, dict) else None
    number = body.get("SequenceNumber") if isinstance(body, dict) else None
    if isinstance(number, str) and number.isascii() and number.isdigit():
        return number if len(number) <= _SEQUENCE_NUMBER_DIGITS else ""
    return ""


def oldest_creation_s(changes: Iterable[Change]) -> float | None:
    """Return the creation time of the oldest change, in seconds since 1970; None if none has one.

    Lambda writes whole seconds as a number, sometimes in scientific notation. A value that is no
    time only affects the lag; it must not reject a record.
    """
    values = [change.record["dynamodb"].get("ApproximateCreationDateTime") for change in changes]
    times_s = [value for value in values if type(value) in (int, float) and 0 <= value < 1e12]
    return float(min(times_s)) if times_s else None

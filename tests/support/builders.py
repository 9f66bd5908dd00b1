"""Build items, stream records, events, settings and rows for tests; every argument has a default.

A test names only the values that it is about. Sequence numbers increase, as in a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from ots_sync import changes, settings
from ots_sync.model import Change, Column, Image, PrimaryKey, Row, RowWrite
from ots_sync.rows import columns_size, key_size, name_size, split_write
from ots_sync.settings import Settings

KEY_LIST = ("user_id", "action_time")
ENVIRON = {
    "OTS_ID": "an-id",
    "OTS_SECRET": "a-secret",
    "OTS_INSTANCE": "local",
    "OTS_ENDPOINT": "http://127.0.0.1:9",
    "TABLE_NAME": "target",
    "PRIMARY_KEY": "user_id,action_time",
}

_sequence_numbers = count(1529280000000000000000001)


def item(user_id: str = "user", action_time: int = 1, /, **attributes: Any) -> dict[str, Any]:
    """Return an item in DynamoDB's form; attribute values have their type tags."""
    return {"user_id": {"S": user_id}, "action_time": {"N": str(action_time)}, **attributes}


ITEM = item(note={"S": "a"})


def record(
    old: Image | None = None,
    new: Image | None = ITEM,
    *,
    number: str | None = None,
    created_s: float = 1529280000,
    **body: Any,
) -> dict[str, Any]:
    """Return a stream record as Lambda passes it; the images determine its event name.

    `body` overrides fields of its `dynamodb` object.
    """
    event_name = "REMOVE" if new is None else "MODIFY" if old is not None else "INSERT"
    present = new if new is not None else old
    number = number or str(next(_sequence_numbers))
    images = {"NewImage": new, "OldImage": old}
    return {
        "eventID": f"{int(number):032x}"[-32:],
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": created_s,
            "Keys": {key: present[key] for key in KEY_LIST if present and key in present},
            **{name: image for name, image in images.items() if image is not None},
            "SequenceNumber": number,
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **body,
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/Source/stream/2018",
    }


def event(*records: Any) -> dict[str, Any]:
    """Return a Lambda event with these records."""
    return {"Records": list(records)}


def change(old: Image | None = None, new: Image | None = ITEM, **fields: Any) -> Change:
    """Return the change that `record` with these arguments describes."""
    return changes.parse_record(record(old, new, **fields))


def write(
    kind: str = "put",
    user_id: str = "user",
    action_time: int = 1,
    columns: Sequence[Column] = (),
    delete_columns: Sequence[str] = (),
) -> RowWrite:
    """Return the first write of `row` with these arguments."""
    return row(kind, user_id, action_time, columns, delete_columns).writes[0]


def row(
    kind: str = "put",
    user_id: str = "user",
    action_time: int = 1,
    columns: Sequence[Column] = (),
    delete_columns: Sequence[str] = (),
) -> Row:
    """Return a row to write, with its sizes and without changes."""
    primary_key: PrimaryKey = [("user_id", user_id), ("action_time", action_time)]
    size = columns_size(columns, KEY_LIST) + sum(map(name_size, delete_columns))
    writes = split_write(kind, primary_key, key_size(primary_key), columns, delete_columns, size)
    return Row(writes, ())


def make_settings(**environ: str) -> Settings:
    """Return valid settings, with these variables in the environment."""
    return settings.load({**ENVIRON, **environ}, {})

"""Read DynamoDB items by key, and convert items and keys to changes, text and back."""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any

from ots_sync import numeric
from ots_sync.errors import SyncError
from ots_sync.model import Change, ColumnValue, Image

ITEMS_PER_READ = 100
"""The most keys of a BatchGetItem."""
READ_ATTEMPTS = 8


def item_change(keys: Image, item: Image | None) -> Change:
    """Return the change that puts the whole row of an item, or deletes the row without an item.

    Its record has the form of a stream record without a sequence number, so that it can be redriven
    from quarantine if it is rejected.
    """
    body: dict[str, Any] = {"Keys": keys}
    if item is not None:
        body["NewImage"] = item
    name = "REMOVE" if item is None else "INSERT"
    return Change(name, keys, item, None, {"eventName": name, "dynamodb": body})


def key_attributes(item: Image, key_list: Sequence[str]) -> Image:
    """Return the key attributes of an item."""
    return {name: item[name] for name in key_list}


def key_to_text(keys: Image) -> str:
    """Return key attributes as one line of JSON, bytes in base64; for files, never for a log."""
    return json.dumps(
        {
            name: {tag: b64encode(v).decode() if isinstance(v, (bytes, bytearray)) else v}
            for name, tagged in keys.items()
            for tag, v in tagged.items()
        }
    )


def key_from_text(text: str) -> dict[str, dict[str, Any]]:
    """Return the key attributes in boto3's form, with bytes for B. Raises ValueError."""
    try:
        return {
            name: {tag: b64decode(v, validate=True) if tag == "B" else v}
            for name, tagged in json.loads(text).items()
            for tag, v in tagged.items()
        }
    except (TypeError, AttributeError) as error:
        raise ValueError("not a key") from error


def read_items(client: Any, table: str, keys: Sequence[Image]) -> list[Image | None]:
    """Read the current item of each key, consistently; None where there is no item.

    Raises SyncError if DynamoDB repeatedly leaves keys unprocessed.
    """
    found: list[Image | None] = []
    for start in range(0, len(keys), ITEMS_PER_READ):
        batch = keys[start : start + ITEMS_PER_READ]
        names = list(batch[0])
        items = {
            _identity(key_attributes(item, names)): item
            for item in _read_batch(client, table, batch)
        }
        found += [items.get(_identity(key)) for key in batch]
    return found


def _read_batch(client: Any, table: str, keys: Sequence[Image]) -> list[Image]:
    items: list[Image] = []
    request: Any = {table: {"Keys": list(keys), "ConsistentRead": True}}
    for attempt in range(READ_ATTEMPTS):
        response = client.batch_get_item(RequestItems=request)
        items += response["Responses"].get(table, [])
        request = response.get("UnprocessedKeys")
        if not request:
            return items
        time.sleep(0.05 * 2**attempt)
    raise SyncError(
        f"DynamoDB left keys unprocessed {READ_ATTEMPTS} times in a row, because the table is "
        "throttled. Try again later, or raise the table's read capacity."
    )


def _identity(keys: Image) -> str:
    return repr(sorted((name, sorted(tagged.items())) for name, tagged in keys.items()))


def to_attribute(column: ColumnValue, tag: str) -> dict[str, Any]:
    """Convert a column value to an attribute value of a DynamoDB type, in boto3's form.

    This is the inverse of `converter.py`, for keys that only the target has. Raises KeyError for an
    unknown type.
    """
    return {tag: _FROM_COLUMN[tag](column)}


def _number(column: Any) -> str:
    return numeric.to_decimal_text(repr(column) if isinstance(column, float) else str(column))


def _document(column: Any) -> Any:
    return _with_bytes(json.loads(column))


def _binary_set(column: Any) -> list[bytes]:
    return [b64decode(member) for member in json.loads(column)]


def _with_bytes(document: Any) -> Any:
    """Return the content of an L or M with bytes in place of base64."""
    if isinstance(document, list):
        return [_tagged_with_bytes(element) for element in document]
    return {name: _tagged_with_bytes(element) for name, element in document.items()}


def _tagged_with_bytes(tagged: dict[str, Any]) -> dict[str, Any]:
    ((tag, value),) = tagged.items()
    if tag in ("L", "M"):
        return {tag: _with_bytes(value)}
    if tag == "B":
        return {tag: b64decode(value)}
    if tag == "BS":
        return {tag: [b64decode(member) for member in value]}
    return {tag: value}


_FROM_COLUMN: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "B": bytes,
    "BOOL": bool,
    "NULL": lambda _: True,
    "L": _document,
    "M": _document,
    "SS": json.loads,
    "NS": json.loads,
    "BS": _binary_set,
}

"""An item goes in, the Change that writes its row comes out; and keys as text for a file."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from ots_sync.model import Change, Image


def change_of(keys: Image, item: Image | None) -> Change:
    """Puts the row of the item whole, or deletes the row where there is no item.

    The record has the form of a stream's, without a sequence number, so that a refused one can be
    tried again from quarantine.
    """
    body: dict[str, Any] = {"Keys": keys}
    if item is not None:
        body["NewImage"] = item
    name = "REMOVE" if item is None else "INSERT"
    return Change(name, keys, item, None, {"eventName": name, "dynamodb": body})


def keys_of(item: Image, key_list: Sequence[str]) -> Image:
    """The key attributes of an item."""
    return {name: item[name] for name in key_list}


def key_text(keys: Image) -> str:
    """Key attributes as one line of JSON, bytes as base64: for files, never for a log."""
    return json.dumps(
        {
            name: {tag: b64encode(v).decode() if isinstance(v, (bytes, bytearray)) else v}
            for name, tagged in keys.items()
            for tag, v in tagged.items()
        }
    )


def key_of_text(text: str) -> dict[str, dict[str, Any]]:
    """The key attributes, with bytes for B, as boto3 takes them. Raises ValueError."""
    try:
        return {
            name: {tag: b64decode(v, validate=True) if tag == "B" else v}
            for name, tagged in json.loads(text).items()
            for tag, v in tagged.items()
        }
    except (TypeError, AttributeError) as error:
        raise ValueError("not a key") from error

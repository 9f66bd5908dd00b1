"""A quarantined object goes in; whose it is and which keys it is about come out.

Two kinds: what the function keeps of one refused record, and what Lambda puts into S3 of a batch
that it gave up. An object that is neither, or whose records have no key, is unreadable: it stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ots_sync.model import Image
from ots_tools.items import key_of_text


@dataclass(frozen=True, slots=True)
class Case:
    """One object. `fingerprint`: of the settings that refused it; '' where Lambda wrote it.

    `keys` are the keys of its records, as boto3 takes them; none: it cannot be redriven.
    """

    name: str
    document: dict[str, Any]
    fingerprint: str
    keys: list[Image]


def read_case(name: str, body: bytes, key_names: Mapping[str, str]) -> Case:
    """What an object holds; `key_names` are the source table's key attributes."""
    try:
        document = json.loads(body)
        if "payload" in document:
            records = json.loads(document["payload"])["Records"]
        else:
            records = [document["record"]]
        keys = [_key(record, key_names) for record in records]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Case(name, {}, "", [])
    return Case(name, document, str(document.get("fingerprint") or ""), keys)


def is_ours(name: str, document: Mapping[str, Any], source: str, target: str) -> bool:
    """Whether an object is of this pair of tables: our names begin with the target table's, and
    records and Lambda's documents name the stream. What does not tell is taken for ours.
    """
    batch, record = document.get("DDBStreamBatchInfo"), document.get("record")
    if "record" in document and name.rpartition("/")[0].rpartition("/")[2] != target:
        return False
    stream: Any = None
    if isinstance(batch, Mapping):
        stream = batch.get("streamArn")
    elif isinstance(record, Mapping):
        stream = record.get("eventSourceARN")
    return not isinstance(stream, str) or f":table/{source}/stream/" in stream


def refused_again(case: Case, code: str, reason: str, fingerprint: str, now_s: float) -> bytes:
    """The object with the new reason in the place of the old one."""
    document = case.document | {"code": code, "reason": reason, "redriven_at_s": round(now_s)}
    if "record" in document:
        document["fingerprint"] = fingerprint
    return json.dumps(document).encode()


def _key(record: Any, key_names: Mapping[str, str]) -> Image:
    keys = record["dynamodb"]["Keys"]
    if keys.keys() != key_names.keys():
        raise KeyError("the keys are another table's")
    for name, kind in key_names.items():
        if list(keys[name]) != [kind] or not isinstance(keys[name][kind], str):
            raise KeyError("a key is of another type")
    return key_of_text(json.dumps(keys))

"""Call the backfill function for an export in the order of the state machine, file after file.

ministack does not run every part of a Distributed Map; this is its order of calls and its loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]
MAX_CALLS_PER_FILE = 1000


def load_export(invoke: Invoke, s3: Any, export: str) -> Mapping[str, Any]:
    """Begin, load every line of the manifest, and end; return the response of the last call."""
    begun = invoke({"action": "begin", "export": export})
    body = s3.get_object(Bucket=begun["bucket"], Key=begun["manifest"])["Body"].read()
    for line in body.decode().splitlines():
        load_file(invoke, begun, json.loads(line))
    passed = {name: begun[name] for name in ("step", "table_arn")}
    return invoke({"action": "end", **passed})


def load_file(
    invoke: Invoke, begun: Mapping[str, Any], file: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Call the function until a file is done; return the response of the last call."""
    passed = {name: begun[name] for name in ("export", "step", "kind", "table_arn")}
    event: Mapping[str, Any] = {"action": "load", "file": file, **passed}
    for _ in range(MAX_CALLS_PER_FILE):
        event = invoke(event)
        if event["done"]:
            return event
    raise AssertionError("the file was never done")


def upload(s3: Any, bucket: str, folder: Any) -> None:
    """Put every file of a folder into a new bucket, with its path as the key."""
    s3.create_bucket(Bucket=bucket)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            key = str(path.relative_to(folder))
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

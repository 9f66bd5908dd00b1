"""Drives the backfill function over an export as the state machine would, one file after the other.

No runner on a laptop has all of a Distributed Map; this has its order of calls and its loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]
TURNS_MAX = 1000


def drive(invoke: Invoke, s3: Any, export: str) -> Mapping[str, Any]:
    """Begin, every line of the manifest until it is done, end; what the last call answered."""
    begun = invoke({"action": "begin", "export": export})
    body = s3.get_object(Bucket=begun["bucket"], Key=begun["manifest"])["Body"].read()
    for line in body.decode().splitlines():
        load_file(invoke, begun, json.loads(line))
    passed = {name: begun[name] for name in ("step", "table_arn")}
    return invoke({"action": "end", **passed})


def load_file(
    invoke: Invoke, begun: Mapping[str, Any], file: Mapping[str, Any]
) -> Mapping[str, Any]:
    """One child: the calls until its file is done; what the last one answered."""
    passed = {name: begun[name] for name in ("export", "step", "kind", "table_arn")}
    event: Mapping[str, Any] = {"action": "load", "file": file, **passed}
    for _ in range(TURNS_MAX):
        event = invoke(event)
        if event["done"]:
            return event
    raise AssertionError("the file was never done")


def upload(s3: Any, bucket: str, folder: Any) -> None:
    """Puts every file of a folder into a new bucket, under its path."""
    s3.create_bucket(Bucket=bucket)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            key = str(path.relative_to(folder))
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

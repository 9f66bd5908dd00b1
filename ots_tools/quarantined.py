"""The place of the quarantine goes in, how many records lie there comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

GIVEN_UP = "aws/lambda/"
"""Where Lambda puts batches that it gave up, in the bucket that template.yaml makes for both."""


def count(quarantine: str, s3: Callable[[], Any]) -> int:
    """Refused records, and batches that Lambda gave up beside them; `s3` makes the client."""
    parts = urlsplit(quarantine)
    if parts.scheme == "file":
        return sum(1 for _ in Path(unquote(parts.path)).rglob("*.json"))
    client = s3()
    prefix = parts.path.strip("/")
    prefixes = {f"{prefix}/" if prefix else "", GIVEN_UP if prefix else ""}
    return sum(
        page.get("KeyCount", 0)
        for each in prefixes
        for page in client.get_paginator("list_objects_v2").paginate(
            Bucket=parts.netloc, Prefix=each
        )
    )

"""Store rejected records whole, each with the reason, as one object in S3 or one file.

A record always has the same object name, so that a redelivery adds no second object. The name
consists of the table, the sequence number and a digest, never of keys. S3 encrypts each object by
the bucket's default; template.yaml creates that bucket.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ots_sync.changes import sequence_number
from ots_sync.errors import QuarantineError
from ots_sync.model import Rejected
from ots_sync.settings import Settings

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
MAX_STORE_S = 2 * (CONNECT_TIMEOUT_S + READ_TIMEOUT_S)
"""The longest that storing one object can take, in seconds, including one retry."""

_MAX_CONCURRENT_PUTS = 16

Put = Callable[[str, bytes], None]
"""Stores bytes under a name; raises if they are not stored safely."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The store for rejected records; `fingerprint` identifies the settings that rejected them."""

    put: Put
    table_name: str
    fingerprint: str

    def store(self, rejected: Rejected, now_s: float) -> None:
        """Store one record; raises QuarantineError if it is not stored safely."""
        document = {
            "code": rejected.error.code,
            "reason": str(rejected.error),
            "fingerprint": self.fingerprint,
            "quarantined_at_s": round(now_s),
            "record": rejected.record,
        }
        try:
            body = json.dumps(document, default=_to_json, ensure_ascii=True).encode()
            self.put(object_name(self.table_name, rejected.record), body)
        except Exception as error:  # noqa: BLE001 - whatever the cause, the record is not safe
            raise QuarantineError(_reason(error)) from None

    def store_all(
        self, rejected: Sequence[Rejected], now_s: float, has_time: Callable[[], bool]
    ) -> list[QuarantineError | None]:
        """Store records in parallel while `has_time()`; return None or the error of each."""

        def store_one(record: Rejected) -> QuarantineError | None:
            if not has_time():
                return QuarantineError("DeadlineExceeded")
            try:
                self.store(record, now_s)
            except QuarantineError as error:
                return error
            return None

        with ThreadPoolExecutor(min(_MAX_CONCURRENT_PUTS, len(rejected) or 1)) as executor:
            return list(executor.map(store_one, rejected))


def _reason(error: Exception) -> str:
    """Return S3's error code, such as AccessDenied, or the type of the error; never its message."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(error).__name__)


def object_name(table_name: str, record: Any) -> str:
    """Return the object name of a record: always the same, and different for different records."""
    identity = json.dumps(
        record.get("eventID") or record if isinstance(record, dict) else record,
        sort_keys=True,
        default=_to_json,
    )
    number = sequence_number(record).zfill(40)
    return f"{table_name}/{number}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"


def open_quarantine(settings: Settings) -> Quarantine | None:
    """Return the quarantine in the settings, or None if there is none."""
    if not settings.quarantine:
        return None
    parts = urlsplit(settings.quarantine)
    put = (
        partial(_put_file, Path(unquote(parts.path)))
        if parts.scheme == "file"
        else _s3_put(parts.netloc, parts.path.strip("/"))
    )
    return Quarantine(put, settings.table_name, settings.fingerprint)


def _put_file(folder: Path, name: str, body: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_suffix(".part")
    partial_path.write_bytes(body)
    partial_path.replace(path)  # a reader sees the whole file or none


def _s3_put(bucket: str, prefix: str) -> Put:
    import boto3  # part of the runtime; imported when the first record is rejected
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=_MAX_CONCURRENT_PUTS,
    )
    client = boto3.client("s3", config=config)

    def put(name: str, body: bytes) -> None:
        key = f"{prefix}/{name}" if prefix else name
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    return put


def _to_json(value: Any) -> Any:
    """Convert boto3's bytes to base64, as in Lambda's events."""
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)

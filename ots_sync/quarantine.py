"""A refused record goes in, whole, with its reason; one object in S3, or one file, holds it.

The same record always lands on the same object, so that a redelivery adds nothing. Names are made
of the table, the sequence number and a digest, never of keys. S3 encrypts every object by the
bucket's own default; template.yaml makes that bucket.
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

from ots_sync.changes import Refused, sequence_number
from ots_sync.errors import QuarantineError
from ots_sync.settings import Settings

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
LONGEST_S = 2 * (CONNECT_TIMEOUT_S + READ_TIMEOUT_S)
"""What storing one object takes at most, one more try included."""

_SIDE_BY_SIDE = 16

Put = Callable[[str, bytes], None]
"""Stores an object's bytes under a name; raises when it is not safely there."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Where refused records are kept; `fingerprint` tells which settings refused them."""

    put: Put
    table_name: str
    fingerprint: str

    def keep(self, refused: Refused, now_s: float) -> None:
        """Stores one record; raises QuarantineError when it is not safely there."""
        document = {
            "code": refused.error.code,
            "reason": str(refused.error),
            "fingerprint": self.fingerprint,
            "quarantined_at_s": round(now_s),
            "record": refused.record,
        }
        try:
            body = json.dumps(document, default=_jsonable, ensure_ascii=True).encode()
            self.put(object_name(self.table_name, refused.record), body)
        except Exception as error:  # noqa: BLE001 - whatever it is, the record is not safe
            raise QuarantineError(_reason(error)) from None

    def keep_all(
        self, refused: Sequence[Refused], now_s: float, in_time: Callable[[], bool]
    ) -> list[QuarantineError | None]:
        """Stores records side by side while `in_time()`; for each, None when it is safe."""

        def kept(one: Refused) -> QuarantineError | None:
            if not in_time():
                return QuarantineError("Late")
            try:
                self.keep(one, now_s)
            except QuarantineError as error:
                return error
            return None

        with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(refused) or 1)) as executor:
            return list(executor.map(kept, refused))


def _reason(error: Exception) -> str:
    """S3's own code, such as AccessDenied, or the kind of the error; never its words."""
    response = getattr(error, "response", None)
    told = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(told or type(error).__name__)


def object_name(table_name: str, record: Any) -> str:
    """The name that this record, and no other, always has."""
    identity = json.dumps(
        record.get("eventID") or record if isinstance(record, dict) else record,
        sort_keys=True,
        default=_jsonable,
    )
    number = sequence_number(record).zfill(40)
    return f"{table_name}/{number}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"


def open_quarantine(settings: Settings) -> Quarantine | None:
    """The quarantine that the settings name, or None when they name none."""
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
    half = path.with_suffix(".part")
    half.write_bytes(body)
    half.replace(path)  # a reader sees all of it or nothing


def _s3_put(bucket: str, prefix: str) -> Put:
    import boto3  # comes with the runtime; imported when the first record is refused
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=_SIDE_BY_SIDE,
    )
    client = boto3.client("s3", config=config)

    def put(name: str, body: bytes) -> None:
        key = f"{prefix}/{name}" if prefix else name
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    return put


def _jsonable(value: Any) -> Any:
    """Bytes as boto3 has them become base64, as Lambda's events have them."""
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)

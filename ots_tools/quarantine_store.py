"""Read, replace and remove the objects of a quarantine, in a folder or a bucket.

An object contains either one record that the function rejected, or a batch that Lambda's on-failure
destination stored. An object of another form, or without keys of the table, is unreadable.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from ots_sync.errors import ConfigurationError
from ots_sync.model import Image
from ots_tools.aws import error_code
from ots_tools.items import key_from_text

LAMBDA_PREFIX = "aws/lambda/"
"""Where Lambda stores batches that it gave up, in the bucket that template.yaml creates."""


class QuarantineStore(Protocol):
    """A place where rejected records are stored."""

    def names(self) -> list[str]:
        """Return the name of every object, sorted."""

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""

    def replace(self, name: str, body: bytes) -> None:
        """Replace an object's bytes."""

    def remove(self, name: str) -> None:
        """Remove an object; one that no longer exists is not an error."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A quarantine in a folder."""

    path: Path

    def names(self) -> list[str]:
        """Return the name of every file below the folder that is written completely."""
        if not self.path.is_dir():
            raise ConfigurationError(
                f"{self.path} is not a folder. The function creates it with the first record that "
                "it rejects."
            )
        return sorted(
            str(path.relative_to(self.path))
            for path in self.path.rglob("*")
            if path.is_file() and path.suffix != ".part"
        )

    def read(self, name: str) -> bytes:
        """Return the file's bytes."""
        with _map_errors(self.path, name):
            return (self.path / name).read_bytes()

    def replace(self, name: str, body: bytes) -> None:
        """Replace the file; a reader sees the old content or the new one."""
        with _map_errors(self.path, name):
            draft = self.path / f"{name}.{os.getpid()}.part"
            draft.write_bytes(body)
            draft.replace(self.path / name)

    def remove(self, name: str) -> None:
        """Remove the file."""
        with _map_errors(self.path, name):
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class S3Store:
    """A quarantine in a bucket; `prefix` ends with a slash, or is empty."""

    client: Any
    bucket: str
    prefix: str

    def names(self) -> list[str]:
        """Return every key below the prefix, without the prefix."""
        with _map_errors(self.bucket, self.prefix, "s3:ListBucket on the bucket"):
            pages = self.client.get_paginator("list_objects_v2")
            return [
                found["Key"].removeprefix(self.prefix)
                for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix)
                for found in page.get("Contents", ())
            ]

    def read(self, name: str) -> bytes:
        """Return the object's bytes."""
        with _map_errors(self.bucket, name, "s3:GetObject"):
            response = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)
            body: bytes = response["Body"].read()
            return body

    def replace(self, name: str, body: bytes) -> None:
        """Replace the object; the bucket's default encrypts it, as it does the function's."""
        with _map_errors(self.bucket, name, "s3:PutObject"):
            self.client.put_object(
                Bucket=self.bucket,
                Key=self.prefix + name,
                Body=body,
                ContentType="application/json",
            )

    def remove(self, name: str) -> None:
        """Remove the object; a bucket with versioning keeps its older versions."""
        with _map_errors(self.bucket, name, "s3:DeleteObject"):
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)


def open_store(location: str, s3: Callable[[], Any]) -> QuarantineStore:
    """Open the quarantine at s3://bucket/prefix or file:///path; `s3` creates the client.

    Raises ConfigurationError for another location.
    """
    parts = urlsplit(location)
    if parts.scheme == "s3" and parts.netloc:
        prefix = parts.path.strip("/")
        return S3Store(s3(), parts.netloc, f"{prefix}/" if prefix else "")
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return FolderStore(Path(unquote(parts.path)))
    raise ConfigurationError(
        f"{location!r} is not a quarantine. Name s3://bucket/prefix, or file:///path on a laptop."
    )


def count_objects(location: str, s3: Callable[[], Any]) -> int:
    """Count rejected records, and the batches that Lambda gave up in the same bucket."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return sum(1 for _ in Path(unquote(parts.path)).rglob("*.json"))
    client = s3()
    prefix = parts.path.strip("/")
    prefixes = {f"{prefix}/" if prefix else "", LAMBDA_PREFIX if prefix else ""}
    return sum(
        page.get("KeyCount", 0)
        for each in prefixes
        for page in client.get_paginator("list_objects_v2").paginate(
            Bucket=parts.netloc, Prefix=each
        )
    )


@dataclass(frozen=True, slots=True)
class QuarantinedObject:
    """One object of a quarantine.

    `fingerprint`: of the settings that rejected the record; '' for a batch that Lambda stored.
    `keys`: the keys of its records, in boto3's form; empty if the object is unreadable.
    """

    name: str
    document: dict[str, Any]
    fingerprint: str
    keys: list[Image]


def parse_object(name: str, body: bytes, key_types: Mapping[str, str]) -> QuarantinedObject:
    """Parse an object; `key_types` are the source table's key attributes and their types."""
    try:
        document = json.loads(body)
        if "payload" in document:
            records = json.loads(document["payload"])["Records"]
        else:
            records = [document["record"]]
        keys = [_key(record, key_types) for record in records]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return QuarantinedObject(name, {}, "", [])
    return QuarantinedObject(name, document, str(document.get("fingerprint") or ""), keys)


def belongs_to(name: str, document: Mapping[str, Any], source: str, target: str) -> bool:
    """Return whether an object is of this source and target table.

    The function's object names begin with the target table's name, and records and Lambda's
    documents contain the stream's ARN. An object with neither counts as belonging.
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


def with_new_reason(
    quarantined: QuarantinedObject, code: str, reason: str, fingerprint: str, now_s: float
) -> bytes:
    """Return the object's bytes with the reason of a new rejection."""
    document = quarantined.document | {
        "code": code,
        "reason": reason,
        "redriven_at_s": round(now_s),
    }
    if "record" in document:
        document["fingerprint"] = fingerprint
    return json.dumps(document).encode()


def _key(record: Any, key_types: Mapping[str, str]) -> Image:
    keys = record["dynamodb"]["Keys"]
    if keys.keys() != key_types.keys():
        raise KeyError("the keys are of another table")
    for name, kind in key_types.items():
        if list(keys[name]) != [kind] or not isinstance(keys[name][kind], str):
            raise KeyError("a key is of another type")
    return key_from_text(json.dumps(keys))


@contextmanager
def _map_errors(place: Any, name: str, permission: str = "") -> Iterator[None]:
    """Raise errors of files and of AWS as ConfigurationError, with the permission to allow."""
    try:
        yield
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except Exception as error:
        reason = error_code(error)
        if not reason:
            raise
    advice = f" Allow {permission}." if permission else ""
    raise ConfigurationError(f"{place}, {name}: {reason}.{advice}")

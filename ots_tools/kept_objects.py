"""The name of a quarantine goes in, its objects by name come out, are written anew and removed.

A folder (file:///path) or a bucket (s3://bucket/prefix). Refuses any other name, and a place that
cannot be read, with what it takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from ots_sync.errors import ConfigurationError


class Kept(Protocol):
    """Where refused records are kept."""

    def names(self) -> list[str]:
        """Every object's name, in order."""

    def read(self, name: str) -> bytes:
        """An object's bytes."""

    def write(self, name: str, body: bytes) -> None:
        """The same object with other bytes."""

    def remove(self, name: str) -> None:
        """Takes the object away; one that is gone already is fine."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A quarantine on this machine."""

    path: Path

    def names(self) -> list[str]:
        """Every file's name below the folder, but for those that are being written."""
        if not self.path.is_dir():
            raise ConfigurationError(f"{self.path} is no folder: nothing was quarantined here.")
        return sorted(
            str(path.relative_to(self.path))
            for path in self.path.rglob("*")
            if path.is_file() and path.suffix != ".part"
        )

    def read(self, name: str) -> bytes:
        """The file's bytes."""
        with _told(self.path, name):
            return (self.path / name).read_bytes()

    def write(self, name: str, body: bytes) -> None:
        """All of the file or nothing."""
        with _told(self.path, name):
            half = self.path / f"{name}.{os.getpid()}.part"
            half.write_bytes(body)
            half.replace(self.path / name)

    def remove(self, name: str) -> None:
        """Takes the file away."""
        with _told(self.path, name):
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A quarantine in S3; `prefix` ends with a slash, or is empty."""

    client: Any
    name: str
    prefix: str

    def names(self) -> list[str]:
        """Every key below the prefix, without it."""
        with _told(self.name, self.prefix, "s3:ListBucket on the bucket"):
            pages = self.client.get_paginator("list_objects_v2")
            return [
                found["Key"].removeprefix(self.prefix)
                for page in pages.paginate(Bucket=self.name, Prefix=self.prefix)
                for found in page.get("Contents", ())
            ]

    def read(self, name: str) -> bytes:
        """The object's bytes."""
        with _told(self.name, name, "s3:GetObject"):
            answer = self.client.get_object(Bucket=self.name, Key=self.prefix + name)
            body: bytes = answer["Body"].read()
            return body

    def write(self, name: str, body: bytes) -> None:
        """Encrypted by the bucket's own default, as the function's objects are."""
        with _told(self.name, name, "s3:PutObject"):
            self.client.put_object(
                Bucket=self.name,
                Key=self.prefix + name,
                Body=body,
                ContentType="application/json",
            )

    def remove(self, name: str) -> None:
        """Takes the object away; an older version stays where the bucket keeps versions."""
        with _told(self.name, name, "s3:DeleteObject"):
            self.client.delete_object(Bucket=self.name, Key=self.prefix + name)


def open_kept(text: str, s3: Callable[[], Any]) -> Kept:
    """The quarantine that a person names; `s3` makes the client when it is a bucket."""
    parts = urlsplit(text)
    if parts.scheme == "s3" and parts.netloc:
        prefix = parts.path.strip("/")
        return Bucket(s3(), parts.netloc, f"{prefix}/" if prefix else "")
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return Folder(Path(unquote(parts.path)))
    raise ConfigurationError(
        f"{text!r} is no quarantine: name s3://bucket/prefix, or file:///path on a laptop."
    )


@contextmanager
def _told(place: Any, name: str, takes: str = "") -> Iterator[None]:
    try:
        yield
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except Exception as error:
        reason = _aws_reason(error)
        if not reason:
            raise
    needs = f" It takes {takes}." if takes else ""
    raise ConfigurationError(f"{place}, {name}: {reason}.{needs}")


def _aws_reason(error: Exception) -> str:
    """AWS's own word for it; '' where the error is not AWS's."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__ if isinstance(error, BotoCoreError) else ""

"""Where an export lies, a bucket or a folder, goes in; its files as streams of bytes come out.

Refuses a place that is neither `s3://bucket/...` nor a folder, and says which file is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

from ots_sync.errors import ConfigurationError

SHARED = "AWSDynamoDB/"
"""The folder that holds the exports of a bucket, and the data files of incremental ones."""


class MissingFileError(ConfigurationError):
    """An export lacks a file, or it cannot be read."""


class Place(Protocol):
    """The folder of one export."""

    def open_beside(self, name: str) -> BinaryIO:
        """A file of the export's own folder, by name."""

    def open_key(self, key: str) -> BinaryIO:
        """A file by its key in the bucket, as manifests name files."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An export that was copied to a disk: `path` is the folder with manifest-summary.json."""

    path: Path

    def open_beside(self, name: str) -> BinaryIO:
        """A file of the export's own folder, by name."""
        return self._open(self.path / name)

    def open_key(self, key: str) -> BinaryIO:
        """A file by its key: what follows AWSDynamoDB/ stands beside or in the export's folder."""
        return self._open(self.path.parent / key.rpartition(SHARED)[2])

    def _open(self, path: Path) -> BinaryIO:
        try:
            return path.open("rb")
        except OSError as error:
            raise MissingFileError(f"{path} cannot be read: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Bucket:
    """An export where DynamoDB put it: `prefix` is the key of its folder, without a slash."""

    client: Any
    name: str
    prefix: str

    def open_beside(self, name: str) -> BinaryIO:
        """A file of the export's own folder, by name."""
        return self.open_key(f"{self.prefix}/{name}")

    def open_key(self, key: str) -> BinaryIO:
        """A file by its key."""
        from botocore.exceptions import ClientError

        try:
            return cast("BinaryIO", self.client.get_object(Bucket=self.name, Key=key)["Body"])
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise MissingFileError(
                f"s3://{self.name}/{key} cannot be read: {code}. It takes s3:GetObject on it, and "
                "kms:Decrypt where a key of yours encrypts the bucket."
            ) from None


def place(text: str, s3: Callable[[], Any]) -> Place:
    """The place that a person names: the export's folder, or its manifest-summary.json.

    `s3` makes the client when the export is in a bucket.
    """
    text = text.removesuffix("manifest-summary.json").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme == "s3" and parts.netloc:
        return Bucket(s3(), parts.netloc, parts.path.strip("/"))
    path = Path(text)
    if not path.is_dir():
        raise ConfigurationError(
            f"{text} is neither a folder nor s3://bucket/.../AWSDynamoDB/<export id>: name the "
            "folder that holds the export's manifest-summary.json."
        )
    return Folder(path.resolve())

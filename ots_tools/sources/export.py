"""Read the manifests of a DynamoDB export: its kind, its times and its data files.

Full and incremental exports in DynamoDB JSON are supported, in a bucket or a folder. Other formats
are rejected, and so is a manifest whose checksum is missing or wrong or whose counts disagree.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

from ots_sync.errors import ConfigurationError
from ots_tools.aws import map_aws_errors

SUMMARY = "manifest-summary"
CHECKSUM_FILES = ("{}.checksum", "{}.md5")
"""Names of a manifest's checksum file: as documented, and as found in buckets."""

EXPORT_AGAIN = "Export the table again."
"""The advice for a manifest that matches its checksum and is still not valid."""

KINDS = {"FULL_EXPORT": "full", "INCREMENTAL_EXPORT": "increment"}

SHARED_FOLDER = "AWSDynamoDB/"
"""The folder of all exports in a bucket, and of the data files of incremental ones."""


class ExportError(ConfigurationError):
    """The export does not match its manifests, or is of a kind that is not supported."""


class MissingFileError(ConfigurationError):
    """A file of an export does not exist or cannot be read."""


class ExportLocation(Protocol):
    """The folder of one export."""

    def open_file(self, name: str) -> BinaryIO:
        """Open a file of the export's own folder by its name."""

    def open_key(self, key: str) -> BinaryIO:
        """Open a file by its key in the bucket, as in the manifests."""


@dataclass(frozen=True, slots=True)
class FolderLocation:
    """An export on a disk; `path` is the folder that contains manifest-summary.json."""

    path: Path

    def open_file(self, name: str) -> BinaryIO:
        """Open a file of the export's own folder by its name."""
        return self._open(self.path / name)

    def open_key(self, key: str) -> BinaryIO:
        """Open a file by its key: the path after AWSDynamoDB/, from the parent folder."""
        return self._open(self.path.parent / key.rpartition(SHARED_FOLDER)[2])

    def _open(self, path: Path) -> BinaryIO:
        try:
            return path.open("rb")
        except OSError as error:
            raise MissingFileError(f"{path} cannot be read: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class S3Location:
    """An export in the bucket that DynamoDB wrote to; `prefix` is its folder, without a slash."""

    client: Any
    bucket: str
    prefix: str

    def open_file(self, name: str) -> BinaryIO:
        """Open a file of the export's own folder by its name."""
        return self.open_key(f"{self.prefix}/{name}")

    def open_key(self, key: str) -> BinaryIO:
        """Open a file by its key."""
        with map_aws_errors(lambda code: self._unreadable(key, code)):
            return cast("BinaryIO", self.client.get_object(Bucket=self.bucket, Key=key)["Body"])

    def _unreadable(self, key: str, code: str) -> MissingFileError:
        return MissingFileError(
            f"s3://{self.bucket}/{key} cannot be read: {code}. Allow s3:GetObject on it, and "
            "kms:Decrypt if a key of yours encrypts the bucket."
        )


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of items: its key in the bucket, its number of items, and its MD5 in base64."""

    key: str
    items: int
    md5: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. `kind` is full or increment; `name` is the id that DynamoDB gave it.

    It contains the table as of `to_s` (seconds since 1970); an increment contains the items that
    were written since `from_s`.
    """

    name: str
    kind: str
    table_arn: str
    from_s: float | None
    to_s: float
    items: int
    billed_bytes: int
    files: Sequence[DataFile]


def parse_location(text: str, s3: Callable[[], Any]) -> ExportLocation:
    """Return the location of an export, given its folder or the path of its summary manifest.

    `s3` creates the client for an export in a bucket. Raises ConfigurationError for other text.
    """
    text = text.removesuffix(f"{SUMMARY}.json").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme == "s3" and parts.netloc:
        return S3Location(s3(), parts.netloc, parts.path.strip("/"))
    path = Path(text)
    if not path.is_dir():
        raise ConfigurationError(
            f"{text} is neither a folder nor s3://bucket/.../AWSDynamoDB/<export id>. Name the "
            f"folder that contains the export's {SUMMARY}.json."
        )
    return FolderLocation(path.resolve())


def read_export(location: ExportLocation) -> Export:
    """Read and check the manifests of an export. Raises ExportError or MissingFileError."""
    summary = _read_summary(location)
    kind = KINDS.get(str(summary.get("exportType") or "FULL_EXPORT"))
    if kind is None:
        raise ExportError(
            f"{SUMMARY}.json has an exportType that is not supported. Supported are "
            f"{' and '.join(KINDS)}."
        )
    if summary.get("outputFormat") != "DYNAMODB_JSON":
        raise ExportError(
            "The export is not in DynamoDB JSON. Export again with --export-format DYNAMODB_JSON."
        )
    key = _text(summary, "manifestFilesS3Key")
    files = _read_files(location, key)
    items, listed = _count(summary, "itemCount"), sum(file.items for file in files)
    if listed != items:
        raise ExportError(
            f"{SUMMARY}.json counts {items} items, but the files in {key.rpartition('/')[2]} have "
            f"{listed}. One of the two is damaged or belongs to another export. {EXPORT_AGAIN}"
        )
    is_increment = kind == "increment"
    return Export(
        name=_export_name(summary, key),
        kind=kind,
        table_arn=_text(summary, "tableArn"),
        from_s=_time_s(summary, "exportFromTime") if is_increment else None,
        to_s=_time_s(summary, "exportToTime" if is_increment else "exportTime"),
        items=items,
        billed_bytes=_count(summary, "billedSizeBytes") if summary.get("billedSizeBytes") else 0,
        files=files,
    )


def matches_md5(checksum: str, digest: bytes) -> bool:
    """Return whether a checksum, in base64 or in hexadecimal, is this digest."""
    checksum = checksum.strip().strip('"')
    try:
        decoded = base64.b64decode(checksum, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    return decoded == digest or checksum.lower() == digest.hex()


def _read_summary(location: ExportLocation) -> Mapping[str, Any]:
    summary = _parse_json(_read_checked(location, SUMMARY), f"{SUMMARY}.json")
    if not isinstance(summary, dict):
        raise ExportError(f"{SUMMARY}.json is not a JSON object.")
    return summary


def _read_files(location: ExportLocation, key: str) -> Sequence[DataFile]:
    name = key.rpartition("/")[2].removesuffix(".json")
    files = []
    for number, line in enumerate(_read_checked(location, name).splitlines(), 1):
        if line.strip():
            entry = _parse_json(line, f"{name}.json")
            try:
                files.append(
                    DataFile(
                        str(entry["dataFileS3Key"]),
                        _whole_number(entry["itemCount"]),
                        str(entry["md5Checksum"]),
                    )
                )
            except (TypeError, KeyError, ValueError):
                raise ExportError(
                    f"{name}.json, line {number}: a file's key, count or checksum is missing, or "
                    f"the count is not a whole number. {EXPORT_AGAIN}"
                ) from None
    return files


def _read_checked(location: ExportLocation, name: str) -> bytes:
    with location.open_file(f"{name}.json") as file:
        content = file.read()
    for pattern in CHECKSUM_FILES:
        try:
            with location.open_file(pattern.format(name)) as file:
                checksum = file.read().decode("ascii", "replace")
        except MissingFileError:
            continue
        if not matches_md5(checksum, hashlib.md5(content, usedforsecurity=False).digest()):
            raise ExportError(f"{name}.json does not match its checksum. Copy the export again.")
        return content
    raise ExportError(
        f"{name}.json has no checksum file ({name}.checksum or {name}.md5). The export is not "
        "complete, or it was not copied completely."
    )


def _parse_json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        raise ExportError(f"{name} is not JSON.") from None


def _required(summary: Mapping[str, Any], field: str) -> Any:
    if summary.get(field) is None:
        raise ExportError(f"{SUMMARY}.json has no {field}. {EXPORT_AGAIN}")
    return summary[field]


def _text(summary: Mapping[str, Any], field: str) -> str:
    found = _required(summary, field)
    if not isinstance(found, str) or not found:
        raise _invalid(field, "a string")
    return found


def _count(summary: Mapping[str, Any], field: str) -> int:
    try:
        return _whole_number(_required(summary, field))
    except ValueError:
        raise _invalid(field, "a whole number") from None


def _time_s(summary: Mapping[str, Any], field: str) -> float:
    try:
        return datetime.fromisoformat(_text(summary, field).replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        raise _invalid(field, "a time such as 2023-11-14T22:13:20Z") from None


def _export_name(summary: Mapping[str, Any], key: str) -> str:
    """Return the export's id: the end of its ARN, or the folder of its manifests."""
    arn = "" if summary.get("exportArn") in (None, "") else _text(summary, "exportArn")
    folder = key.rpartition("/")[0].rpartition("/")[2]
    name = arn.rpartition("/")[2] or folder
    if not name:
        raise _invalid("manifestFilesS3Key", "a key in the export's folder")
    return name


def _whole_number(found: object) -> int:
    """Return a count in DynamoDB's form. Raises ValueError for anything else."""
    if isinstance(found, bool) or not isinstance(found, (int, str)) or int(found) < 0:
        raise ValueError("not a count")
    return int(found)


def _invalid(field: str, expected: str) -> ExportError:
    return ExportError(f"{SUMMARY}.json: {field} is not {expected}. {EXPORT_AGAIN}")

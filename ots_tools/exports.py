"""The manifests of a DynamoDB export go in, what it holds comes out: its kind, times and files.

Full and incremental exports in DynamoDB JSON. Refuses Ion, and a manifest whose checksum is absent
or wrong or whose counts disagree.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ots_sync.errors import ConfigurationError
from ots_tools.places import MissingFileError, Place

SUMMARY = "manifest-summary"
CHECKSUMS = ("{}.checksum", "{}.md5")
"""Names of a manifest's checksum file: as documented, and as found in buckets."""

AGAIN = "Take the export again."
"""What is to be done about a manifest that fits its checksum and is broken all the same."""

KINDS = {"FULL_EXPORT": "full", "INCREMENTAL_EXPORT": "increment"}


class ExportError(ConfigurationError):
    """The export is not what its manifests say, or of a kind that cannot be loaded."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of items: its key in the bucket, how many, and its base64 MD5."""

    key: str
    items: int
    md5: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. `kind` is full or increment; it holds the table as of `to_s` (seconds since
    1970), an increment what was written from `from_s` on. `name` is DynamoDB's id of it.
    """

    name: str
    kind: str
    table_arn: str
    from_s: float | None
    to_s: float
    items: int
    billed_bytes: int
    files: Sequence[DataFile]


def read_export(place: Place) -> Export:
    """What the manifests say, after their checksums were found right."""
    summary = _summary(place)
    kind = KINDS.get(str(summary.get("exportType") or "FULL_EXPORT"))
    if kind is None:
        raise ExportError("manifest-summary.json names an exportType that is not known here.")
    if summary.get("outputFormat") != "DYNAMODB_JSON":
        raise ExportError(
            "The export is not in DynamoDB JSON. Export again with --export-format DYNAMODB_JSON."
        )
    key = _text(summary, "manifestFilesS3Key")
    files = _files(place, key)
    items, listed = _count(summary, "itemCount"), sum(file.items for file in files)
    if listed != items:
        raise ExportError(
            f"{SUMMARY}.json tells {items} items, the files in {key.rpartition('/')[2]} {listed}: "
            f"one of the two is of another export, or broken. {AGAIN}"
        )
    increment = kind == "increment"
    return Export(
        name=_name(summary, key),
        kind=kind,
        table_arn=_text(summary, "tableArn"),
        from_s=_seconds(summary, "exportFromTime") if increment else None,
        to_s=_seconds(summary, "exportToTime" if increment else "exportTime"),
        items=items,
        billed_bytes=_count(summary, "billedSizeBytes") if summary.get("billedSizeBytes") else 0,
        files=files,
    )


def same_md5(told: str, found: bytes) -> bool:
    """Whether a checksum, in base64 or in hexadecimal, is this digest."""
    told = told.strip().strip('"')
    try:
        return base64.b64decode(told, validate=True) == found or told.lower() == found.hex()
    except (binascii.Error, ValueError):
        return told.lower() == found.hex()


def _summary(place: Place) -> Mapping[str, Any]:
    summary = _json(_checked(place, SUMMARY), f"{SUMMARY}.json")
    if not isinstance(summary, dict):
        raise ExportError(f"{SUMMARY}.json is not a JSON object.")
    return summary


def _files(place: Place, key: str) -> Sequence[DataFile]:
    name = key.rpartition("/")[2].removesuffix(".json")
    files = []
    for number, line in enumerate(_checked(place, name).splitlines(), 1):
        if line.strip():
            entry = _json(line, f"{name}.json")
            try:
                files.append(
                    DataFile(
                        str(entry["dataFileS3Key"]),
                        _whole(entry["itemCount"]),
                        str(entry["md5Checksum"]),
                    )
                )
            except (TypeError, KeyError, ValueError):
                raise ExportError(
                    f"{name}.json, line {number}: it lacks key, count or checksum of a file, or "
                    f"the count is no whole number. {AGAIN}"
                ) from None
    return files


def _checked(place: Place, name: str) -> bytes:
    with place.open_beside(f"{name}.json") as file:
        content = file.read()
    for pattern in CHECKSUMS:
        try:
            with place.open_beside(pattern.format(name)) as file:
                told = file.read().decode("ascii", "replace")
        except MissingFileError:
            continue
        if not same_md5(told, hashlib.md5(content, usedforsecurity=False).digest()):
            raise ExportError(f"{name}.json does not match its checksum: fetch the export again.")
        return content
    raise ExportError(
        f"{name}.json has no checksum beside it ({name}.checksum or {name}.md5): the export is "
        "not complete, or was not copied whole."
    )


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        raise ExportError(f"{name} is not JSON.") from None


def _needed(summary: Mapping[str, Any], field: str) -> Any:
    if summary.get(field) is None:
        raise ExportError(f"{SUMMARY}.json has no {field}. {AGAIN}")
    return summary[field]


def _text(summary: Mapping[str, Any], field: str) -> str:
    found = _needed(summary, field)
    if not isinstance(found, str) or not found:
        raise _unreadable(field, "a string")
    return found


def _count(summary: Mapping[str, Any], field: str) -> int:
    try:
        return _whole(_needed(summary, field))
    except ValueError:
        raise _unreadable(field, "a whole number") from None


def _seconds(summary: Mapping[str, Any], field: str) -> float:
    try:
        return datetime.fromisoformat(_text(summary, field).replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        raise _unreadable(field, "a time such as 2023-11-14T22:13:20Z") from None


def _name(summary: Mapping[str, Any], key: str) -> str:
    """DynamoDB's id of the export: the end of its ARN, or the folder of its manifests."""
    arn = "" if summary.get("exportArn") in (None, "") else _text(summary, "exportArn")
    folder = key.rpartition("/")[0].rpartition("/")[2]
    name = arn.rpartition("/")[2] or folder
    if not name:
        raise _unreadable("manifestFilesS3Key", "a key in the export's folder")
    return name


def _whole(found: object) -> int:
    """A count as DynamoDB writes it. Raises ValueError for anything else."""
    if isinstance(found, bool) or not isinstance(found, (int, str)) or int(found) < 0:
        raise ValueError("no count")
    return int(found)


def _unreadable(field: str, wanted: str) -> ExportError:
    return ExportError(f"{SUMMARY}.json: {field} is not {wanted}. {AGAIN}")

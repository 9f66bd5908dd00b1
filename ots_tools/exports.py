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
    files = _files(place, str(_needed(summary, "manifestFilesS3Key")))
    items = int(_needed(summary, "itemCount"))
    if sum(file.items for file in files) != items:
        raise ExportError("The manifests disagree about how many items the export holds.")
    increment = kind == "increment"
    arn = str(summary.get("exportArn") or "")
    return Export(
        name=arn.rpartition("/")[2] or str(_needed(summary, "manifestFilesS3Key")).split("/")[-2],
        kind=kind,
        table_arn=str(_needed(summary, "tableArn")),
        from_s=_seconds(_needed(summary, "exportFromTime")) if increment else None,
        to_s=_seconds(_needed(summary, "exportToTime" if increment else "exportTime")),
        items=items,
        billed_bytes=int(summary.get("billedSizeBytes") or 0),
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
    for line in _checked(place, name).splitlines():
        if line.strip():
            entry = _json(line, f"{name}.json")
            try:
                files.append(
                    DataFile(
                        str(entry["dataFileS3Key"]),
                        int(entry["itemCount"]),
                        str(entry["md5Checksum"]),
                    )
                )
            except (TypeError, KeyError, ValueError):
                raise ExportError(f"A line of {name}.json lacks key, count or checksum.") from None
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
        raise ExportError(f"{SUMMARY}.json has no {field}.")
    return summary[field]


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise ExportError(f"{SUMMARY}.json holds a time that cannot be read.") from None

"""Write a DynamoDB export in the documented layout to a folder.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
A test can damage one part of it. This module is independent of the code that reads exports.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Source"
T0 = 1_700_000_000.0


def full_line(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line of a full export."""
    return {"Item": item}


def increment_line(
    keys: Mapping[str, Any], new: Mapping[str, Any] | None, old: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return one line of an incremental export: an item's last state, or its deletion."""
    line: dict[str, Any] = {
        "Metadata": {"WriteTimestampMicros": {"N": "1700000000000000"}},
        "Keys": keys,
    }
    images = {"NewImage": new, "OldImage": old}
    return {**line, **{name: image for name, image in images.items() if image is not None}}


def write(
    root: Path,
    name: str,
    files: Sequence[Sequence[Mapping[str, Any]]],
    *,
    window: tuple[float, float] | None = None,
    at_s: float = T0,
    checksum: str = "md5",
    table_arn: str = TABLE_ARN,
    **summary: Any,
) -> Path:
    """Write an export of files of lines, incremental with a window; return its folder.

    `summary` overrides fields of its manifest. Data files of increments are in the shared folder.
    """
    folder = root / "AWSDynamoDB" / name
    data = root / "AWSDynamoDB" / "data" if window else folder / "data"
    folder.mkdir(parents=True)
    data.mkdir(exist_ok=True)
    entries = []
    for number, lines in enumerate(files):
        path = data / f"{name}-{number}.json.gz"
        path.write_bytes(gzip.compress("".join(json.dumps(x) + "\n" for x in lines).encode()))
        entries.append(_entry(path.relative_to(root), path.read_bytes(), len(lines)))
    count = sum(map(len, files))
    fields: dict[str, Any] = {
        "version": "2023-08-01" if window else "2020-06-30",
        "exportArn": f"{table_arn}/export/{name}",
        "tableArn": table_arn,
        "manifestFilesS3Key": f"AWSDynamoDB/{name}/manifest-files.json",
        "billedSizeBytes": 1000,
        "itemCount": count,
        "outputFormat": "DYNAMODB_JSON",
    }
    if window:
        fields |= {"exportType": "INCREMENTAL_EXPORT", "outputView": "NEW_AND_OLD_IMAGES"}
        fields |= {"exportFromTime": _iso(window[0]), "exportToTime": _iso(window[1])}
    else:
        fields |= {"exportTime": _iso(at_s)}
    manifest(folder, "manifest-files", "".join(json.dumps(e) + "\n" for e in entries), checksum)
    manifest(folder, "manifest-summary", json.dumps(fields | summary), checksum)
    return folder


def manifest(folder: Path, name: str, text: str, checksum: str) -> None:
    """Write one manifest and its checksum."""
    (folder / f"{name}.json").write_text(text)
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    (folder / f"{name}.{checksum}").write_text(base64.b64encode(digest).decode())


def _entry(key: Path, content: bytes, items: int) -> dict[str, Any]:
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return {
        "itemCount": items,
        "md5Checksum": base64.b64encode(digest).decode(),
        "etag": f"{digest.hex()}-1",
        "dataFileS3Key": str(key),
    }


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, timezone.utc).isoformat().replace("+00:00", "Z")

"""Test that an invalid field of a manifest with a correct checksum is named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ots_tools.sources.export import Export, ExportError, FolderLocation, read_export
from tests.support import exports
from tests.support.builders import item
from tests.support.exports import full_line

INVALID: Mapping[str, Sequence[Any]] = {
    "itemCount": ("zz", "", [], {"N": "1"}, 1e999, -1, 1.5, True),
    "billedSizeBytes": ("zz", [1], -1),
    "exportTime": (17, "", "today", ["2023-11-14"], True),
    "manifestFilesS3Key": (17, "", []),
    "tableArn": (17, "", []),
    "exportArn": (17, []),
}


def open_export(folder: Path) -> Export:
    return read_export(FolderLocation(folder))


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in INVALID.items() for value in values],
)
def test_invalid_field_is_named(tmp_path: Path, field: str, value: Any) -> None:
    folder = exports.write(tmp_path, "x", [[full_line(item())]], **{field: value})
    with pytest.raises(
        ExportError, match=rf"^manifest-summary\.json: {field} .* Export the table again"
    ):
        open_export(folder)


@pytest.mark.parametrize("count", ["zz", [], 1e999, -1, 1.5, None])
def test_invalid_count_of_a_file_is_named_with_its_line(tmp_path: Path, count: Any) -> None:
    folder = exports.write(tmp_path, "x", [[full_line(item())]])
    line = (folder / "manifest-files.json").read_text()
    entry = json.dumps(json.loads(line) | {"itemCount": count})
    exports.manifest(folder, "manifest-files", f"{line}{entry}\n", "md5")
    with pytest.raises(
        ExportError, match=r"^manifest-files\.json, line 2: .* Export the table again"
    ):
        open_export(folder)


def test_export_without_arn_is_named_by_its_folder(tmp_path: Path) -> None:
    folder = exports.write(tmp_path, "0170-full", [[full_line(item())]], exportArn=None)
    assert open_export(folder).name == "0170-full"


def test_export_without_arn_and_folder_is_rejected(tmp_path: Path) -> None:
    key = "manifest-files.json"
    lines = [[full_line(item())]]
    folder = exports.write(tmp_path, "x", lines, exportArn=None, manifestFilesS3Key=key)
    with pytest.raises(ExportError, match="manifestFilesS3Key"):
        open_export(folder)

"""Manifests that fit their checksums and hold what cannot be read: the field is named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ots_tools.exports import Export, ExportError, read_export
from ots_tools.places import Folder
from tests.support.builders import item
from tests.tools import exported
from tests.tools.exported import full_line

BROKEN: Mapping[str, Sequence[Any]] = {
    "itemCount": ("zz", "", [], {"N": "1"}, 1e999, -1, 1.5, True),
    "billedSizeBytes": ("zz", [1], -1),
    "exportTime": (17, "", "today", ["2023-11-14"], True),
    "manifestFilesS3Key": (17, "", []),
    "tableArn": (17, "", []),
    "exportArn": (17, []),
}


def opened(folder: Path) -> Export:
    return read_export(Folder(folder))


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in BROKEN.items() for value in values],
)
def test_field_that_cannot_be_read_is_named(tmp_path: Path, field: str, value: Any) -> None:
    folder = exported.write(tmp_path, "x", [[full_line(item())]], **{field: value})
    with pytest.raises(ExportError, match=rf"^manifest-summary\.json: {field} .* export again"):
        opened(folder)


@pytest.mark.parametrize("count", ["zz", [], 1e999, -1, 1.5, None])
def test_count_of_a_file_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, count: Any
) -> None:
    folder = exported.write(tmp_path, "x", [[full_line(item())]])
    line = (folder / "manifest-files.json").read_text()
    entry = json.dumps(json.loads(line) | {"itemCount": count})
    exported.manifest(folder, "manifest-files", f"{line}{entry}\n", "md5")
    with pytest.raises(ExportError, match=r"^manifest-files\.json, line 2: .* export again"):
        opened(folder)


def test_export_without_an_arn_is_named_by_its_folder(tmp_path: Path) -> None:
    folder = exported.write(tmp_path, "0170-full", [[full_line(item())]], exportArn=None)
    assert opened(folder).name == "0170-full"


def test_export_without_an_arn_or_a_folder_is_refused(tmp_path: Path) -> None:
    key = "manifest-files.json"
    lines = [[full_line(item())]]
    folder = exported.write(tmp_path, "x", lines, exportArn=None, manifestFilesS3Key=key)
    with pytest.raises(ExportError, match="manifestFilesS3Key"):
        opened(folder)

"""Test that exports are read as documented, or rejected with the name of the wrong file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ots_local.dynamodb import DynamoDB
from ots_sync.errors import ConfigurationError
from ots_sync.model import Change
from ots_tools.sources.export import (
    Export,
    ExportError,
    ExportLocation,
    parse_location,
    read_export,
)
from ots_tools.sources.export_lines import check_file, read_lines
from tests.support import exports
from tests.support.builders import KEY_LIST, item
from tests.support.exports import T0, full_line, increment_line


def no_s3() -> Any:
    raise AssertionError("the export is in a folder")


def open_export(folder: Path) -> tuple[ExportLocation, Export]:
    location = parse_location(str(folder), no_s3)
    return location, read_export(location)


def changes(location: ExportLocation, export: Export, line: int = 0) -> list[Change]:
    found: list[Change] = []
    for file in export.files:
        check_file(location, file)
        for chunk in read_lines(location, file, export.kind, KEY_LIST, line):
            found += chunk.changes
    return found


@pytest.mark.parametrize("checksum", ["md5", "checksum"])
def test_full_export_yields_an_insert_per_item(tmp_path: Path, checksum: str) -> None:
    files = [[full_line(item("a", 1, note={"S": "x"}))], [], [full_line(item("b", 2))]]
    location, export = open_export(exports.write(tmp_path, "0170-full", files, checksum=checksum))
    assert (export.name, export.kind, export.items) == ("0170-full", "full", 2)
    assert (export.from_s, export.to_s) == (None, T0)
    found = changes(location, export)
    assert [(c.event_name, c.keys, c.new_image) for c in found] == [
        ("INSERT", item("a", 1), item("a", 1, note={"S": "x"})),
        ("INSERT", item("b", 2), item("b", 2)),
    ]


def test_increment_yields_last_states_and_deletions(tmp_path: Path) -> None:
    lines = [
        increment_line(item("a", 1), item("a", 1, note={"S": "new"}), item("a", 1)),
        increment_line(item("b", 2), None, item("b", 2)),
    ]
    folder = exports.write(tmp_path, "0171-inc", [lines], window=(T0 - 60, T0 + 900))
    location, export = open_export(folder)
    assert (export.kind, export.from_s, export.to_s) == ("increment", T0 - 60, T0 + 900)
    assert [(c.event_name, c.new_image) for c in changes(location, export)] == [
        ("INSERT", item("a", 1, note={"S": "new"})),
        ("REMOVE", None),
    ]


def test_reading_continues_after_the_given_line(tmp_path: Path) -> None:
    lines = [full_line(item("a", number)) for number in range(5)]
    location, export = open_export(exports.write(tmp_path, "x", [lines]))
    assert [c.new_image for c in changes(location, export, line=3)] == [item("a", 3), item("a", 4)]


def test_file_of_zero_bytes_has_no_items(tmp_path: Path) -> None:
    """An empty partition has a file without items; whether that is gzip is not documented."""
    folder = exports.write(tmp_path, "x", [[]])
    path = next((folder / "data").iterdir())
    path.write_bytes(b"")
    _update_checksum(folder, path)
    assert changes(*open_export(folder)) == []


def test_export_in_a_bucket_is_read_like_a_folder(tmp_path: Path, dynamodb: DynamoDB) -> None:
    exports.write(tmp_path, "x", [[full_line(item("a", 1))], []])
    s3 = dynamodb.client("s3")
    s3.create_bucket(Bucket="exports")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            s3.put_object(
                Bucket="exports",
                Key=str(path.relative_to(tmp_path)),
                Body=path.read_bytes(),
            )
    for text in ("s3://exports/AWSDynamoDB/x", "s3://exports/AWSDynamoDB/x/manifest-summary.json"):
        location = parse_location(text, lambda: s3)
        export = read_export(location)
        assert [c.new_image for c in changes(location, export)] == [item("a", 1)]
    with pytest.raises(ConfigurationError, match=r"AWSDynamoDB/y.*cannot be read"):
        read_export(parse_location("s3://exports/AWSDynamoDB/y", lambda: s3))


def _rewrite(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a function that edits a manifest and updates its checksum."""

    def edit(folder: Path) -> None:
        text = (folder / f"{name}.json").read_text()
        assert old in text
        exports.manifest(folder, name, text.replace(old, new), "md5")

    return edit


def _overwrite(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text("other")  # type: ignore[return-value]


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("damage", "output"),
    [
        (_overwrite("manifest-summary.json"), "manifest-summary.json does not match its checksum"),
        (_overwrite("manifest-files.md5"), "manifest-files.json does not match its checksum"),
        (_remove("manifest-files.md5"), "manifest-files.json has no checksum file"),
        (_remove("manifest-summary.json"), "manifest-summary.json cannot be read"),
        (_rewrite("manifest-summary", "DYNAMODB_JSON", "ION"), "not in DynamoDB JSON"),
        (
            _rewrite("manifest-summary", '"itemCount": 1', '"itemCount": 2'),
            r"manifest-summary.json counts 2 items, .* manifest-files.json have 1\. .* Export",
        ),
        (_rewrite("manifest-summary", "tableArn", "table"), "has no tableArn"),
        (_rewrite("manifest-summary", '"exportTime": "2', '"exportTime": "x'), "a time"),
        (_rewrite("manifest-summary", '"version"', '"exportType": "NEW", "v"'), "exportType"),
        (_rewrite("manifest-files", "md5Checksum", "sha"), "key, count or checksum is missing"),
        (_rewrite("manifest-files", "{", "["), "manifest-files.json is not JSON"),
    ],
)
def test_invalid_manifest_is_rejected_by_name(
    tmp_path: Path, damage: Callable[[Path], None], output: str
) -> None:
    folder = exports.write(tmp_path, "x", [[full_line(item())]])
    damage(folder)
    with pytest.raises(ConfigurationError, match=output):
        open_export(folder)


def test_data_file_with_wrong_checksum_is_rejected(tmp_path: Path) -> None:
    folder = exports.write(tmp_path, "x", [[full_line(item())]])
    next((folder / "data").iterdir()).write_bytes(gzip.compress(b"{}\n"))
    location, export = open_export(folder)
    with pytest.raises(ExportError, match=r"x-0\.json\.gz does not match.*nothing of it"):
        check_file(location, export.files[0])


@pytest.mark.parametrize(
    ("content", "output"),
    [
        (
            gzip.compress(b'{"Item": {"user_id": {"S": "a"}, "action_time": {"N": "1"}}}\n')[:-4],
            "cut",
        ),
        (b"plain text, no gzip", "damaged after line 0"),
        (gzip.compress(b'{"Item": {"user_id": {"S": "a"}}}\n'), "line 1 is not a line"),
        (gzip.compress(b"not json\n"), "line 1 is not a line"),
        (gzip.compress(b""), "has 0 lines, but the manifest says 1"),
    ],
    ids=["cut", "no gzip", "no key", "no JSON", "empty"],  # gzip contains the time
)
def test_damaged_data_file_is_rejected_with_its_line(
    tmp_path: Path, content: bytes, output: str
) -> None:
    """The manifest's checksum matches; the export itself is damaged."""
    folder = exports.write(tmp_path, "x", [[full_line(item())]])
    path = next((folder / "data").iterdir())
    path.write_bytes(content)
    _update_checksum(folder, path)
    with pytest.raises(ExportError, match=output) as error:
        changes(*open_export(folder))
    assert "x-0.json.gz" in str(error.value)
    assert "user_id" not in str(error.value)


def _update_checksum(folder: Path, path: Path) -> None:
    entry = json.loads((folder / "manifest-files.json").read_text())
    entry["md5Checksum"] = exports._entry(Path(), path.read_bytes(), 0)["md5Checksum"]
    exports.manifest(folder, "manifest-files", json.dumps(entry) + "\n", "md5")


def test_location_that_is_not_a_folder_is_rejected() -> None:
    with pytest.raises(ConfigurationError, match="neither a folder nor s3://"):
        parse_location("/nowhere", no_s3)

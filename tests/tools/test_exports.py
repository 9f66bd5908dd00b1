"""Exports of both kinds are read as documented, or refused with the file that is at fault."""

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
from ots_tools import export_lines
from ots_tools.exports import Export, ExportError, read_export
from ots_tools.places import Place, place
from tests.support.builders import KEY_LIST, item
from tests.tools import exported
from tests.tools.exported import T0, full_line, increment_line


def no_s3() -> Any:
    raise AssertionError("the export is in a folder")


def opened(folder: Path) -> tuple[Place, Export]:
    where = place(str(folder), no_s3)
    return where, read_export(where)


def changes(where: Place, export: Export, done: int = 0) -> list[Change]:
    found = []
    for file in export.files:
        export_lines.check(where, file)
        for lines in export_lines.chunks(where, file, export.kind, KEY_LIST, done):
            found += lines.changes
    return found


@pytest.mark.parametrize("checksum", ["md5", "checksum"])
def test_full_export_gives_each_item_as_an_insert(tmp_path: Path, checksum: str) -> None:
    files = [[full_line(item("a", 1, note={"S": "x"}))], [], [full_line(item("b", 2))]]
    where, export = opened(exported.write(tmp_path, "0170-full", files, checksum=checksum))
    assert (export.name, export.kind, export.items) == ("0170-full", "full", 2)
    assert (export.from_s, export.to_s) == (None, T0)
    found = changes(where, export)
    assert [(c.event_name, c.keys, c.new_image) for c in found] == [
        ("INSERT", item("a", 1), item("a", 1, note={"S": "x"})),
        ("INSERT", item("b", 2), item("b", 2)),
    ]


def test_increment_gives_last_states_and_deletes(tmp_path: Path) -> None:
    lines = [
        increment_line(item("a", 1), item("a", 1, note={"S": "new"}), item("a", 1)),
        increment_line(item("b", 2), None, item("b", 2)),
    ]
    folder = exported.write(tmp_path, "0171-inc", [lines], window=(T0 - 60, T0 + 900))
    where, export = opened(folder)
    assert (export.kind, export.from_s, export.to_s) == ("increment", T0 - 60, T0 + 900)
    assert [(c.event_name, c.new_image) for c in changes(where, export)] == [
        ("INSERT", item("a", 1, note={"S": "new"})),
        ("REMOVE", None),
    ]


def test_reading_goes_on_behind_the_lines_that_are_done(tmp_path: Path) -> None:
    lines = [full_line(item("a", number)) for number in range(5)]
    where, export = opened(exported.write(tmp_path, "x", [lines]))
    assert [c.new_image for c in changes(where, export, done=3)] == [item("a", 3), item("a", 4)]


def test_file_without_a_byte_is_an_empty_file(tmp_path: Path) -> None:
    """An empty partition gives a file without items; whether it is gzip is not documented."""
    folder = exported.write(tmp_path, "x", [[]])
    path = next((folder / "data").iterdir())
    path.write_bytes(b"")
    _mend_checksum(folder, path)
    assert changes(*opened(folder)) == []


def test_export_in_a_bucket_reads_the_same(tmp_path: Path, dynamodb: DynamoDB) -> None:
    exported.write(tmp_path, "x", [[full_line(item("a", 1))], []])
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
        where = place(text, lambda: s3)
        export = read_export(where)
        assert [c.new_image for c in changes(where, export)] == [item("a", 1)]
    with pytest.raises(ConfigurationError, match=r"AWSDynamoDB/y.*cannot be read"):
        read_export(place("s3://exports/AWSDynamoDB/y", lambda: s3))


def _rewrite(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Alters a manifest and makes its checksum right again."""

    def alter(folder: Path) -> None:
        text = (folder / f"{name}.json").read_text()
        assert old in text
        exported.manifest(folder, name, text.replace(old, new), "md5")

    return alter


def _spoil(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text("other")  # type: ignore[return-value]


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (_spoil("manifest-summary.json"), "manifest-summary.json does not match its checksum"),
        (_spoil("manifest-files.md5"), "manifest-files.json does not match its checksum"),
        (_remove("manifest-files.md5"), "manifest-files.json has no checksum beside it"),
        (_remove("manifest-summary.json"), "manifest-summary.json cannot be read"),
        (_rewrite("manifest-summary", "DYNAMODB_JSON", "ION"), "not in DynamoDB JSON"),
        (
            _rewrite("manifest-summary", '"itemCount": 1', '"itemCount": 2'),
            r"manifest-summary.json tells 2 items, .* manifest-files.json 1: .* export again",
        ),
        (_rewrite("manifest-summary", "tableArn", "table"), "has no tableArn"),
        (_rewrite("manifest-summary", '"exportTime": "2', '"exportTime": "x'), "a time"),
        (_rewrite("manifest-summary", '"version"', '"exportType": "NEW", "v"'), "exportType"),
        (_rewrite("manifest-files", "md5Checksum", "sha"), "lacks key, count or checksum"),
        (_rewrite("manifest-files", "{", "["), "manifest-files.json is not JSON"),
    ],
)
def test_broken_manifest_is_refused_by_name(
    tmp_path: Path, breaks: Callable[[Path], None], said: str
) -> None:
    folder = exported.write(tmp_path, "x", [[full_line(item())]])
    breaks(folder)
    with pytest.raises(ConfigurationError, match=said):
        opened(folder)


def test_data_file_with_another_checksum_gives_nothing(tmp_path: Path) -> None:
    folder = exported.write(tmp_path, "x", [[full_line(item())]])
    next((folder / "data").iterdir()).write_bytes(gzip.compress(b"{}\n"))
    where, export = opened(folder)
    with pytest.raises(ExportError, match=r"x-0\.json\.gz does not match.*nothing of it"):
        export_lines.check(where, export.files[0])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            gzip.compress(b'{"Item": {"user_id": {"S": "a"}, "action_time": {"N": "1"}}}\n')[:-4],
            "cut",
        ),
        (b"plain text, no gzip", "damaged after line 0"),
        (gzip.compress(b'{"Item": {"user_id": {"S": "a"}}}\n'), "line 1: not a line"),
        (gzip.compress(b"not json\n"), "line 1: not a line"),
        (gzip.compress(b""), "holds 0 lines where the manifest says 1"),
    ],
    ids=["cut", "no gzip", "no key", "no JSON", "empty"],  # gzip holds the time: no stable name
)
def test_broken_data_file_is_refused_with_its_line(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """The manifest's checksum fits here: the export itself is what is broken."""
    folder = exported.write(tmp_path, "x", [[full_line(item())]])
    path = next((folder / "data").iterdir())
    path.write_bytes(content)
    _mend_checksum(folder, path)
    with pytest.raises(ExportError, match=said) as error:
        changes(*opened(folder))
    assert "x-0.json.gz" in str(error.value)
    assert "user_id" not in str(error.value)


def _mend_checksum(folder: Path, path: Path) -> None:
    entry = json.loads((folder / "manifest-files.json").read_text())
    entry["md5Checksum"] = exported._entry(Path(), path.read_bytes(), 0)["md5Checksum"]
    exported.manifest(folder, "manifest-files", json.dumps(entry) + "\n", "md5")


def test_place_that_is_no_folder_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="neither a folder nor s3://"):
        place("/nowhere", no_s3)

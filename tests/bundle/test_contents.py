"""Test the contents of the bundle against a complete list of names."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from ots_local import bundle

pytestmark = pytest.mark.bundle

OURS = {"lambda_function.py", "ots_sync", "config"}
DEPENDENCIES = {
    "aiohappyeyeballs",
    "aiohttp",
    "aiosignal",
    "attr",
    "attrs",
    "aws_lambda_powertools",
    "certifi",
    "crc32c",
    "flatbuffers",
    "frozenlist",
    "future",
    "google",
    "idna",
    "jmespath",
    "libfuturize",
    "libpasteurize",
    "multidict",
    "past",
    "propcache",
    "six.py",
    "tablestore",
    "typing_extensions.py",
    "urllib3",
    "yarl",
}


def test_bundle_has_exactly_the_listed_names(bundle_dir: Path) -> None:
    """The bundle has no numpy, boto3, tools or tests; every new name must be added here."""
    found = {path.name for path in bundle_dir.iterdir()}
    metadata = {name for name in found if name.endswith(".dist-info")} | {"__pycache__"}
    assert found - metadata == OURS | DEPENDENCIES


@pytest.mark.parametrize("name", ["ots_sync", "config"])
def test_own_packages_are_complete_and_unchanged(bundle_dir: Path, name: str) -> None:
    def files(root: Path) -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in (root / name).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }

    assert files(bundle_dir) == files(bundle.ROOT)


def test_bundle_has_no_files_that_never_run_in_lambda(bundle_dir: Path) -> None:
    directories = {path.name for path in bundle_dir.rglob("*") if path.is_dir()}
    assert not directories & {"tests", "test", "bin", "numpy", "numpy.libs"}
    foreign = [path.name for path in bundle_dir.rglob("*.so") if "darwin" in path.name]
    assert foreign == []


def test_bundle_has_the_native_codec(bundle_dir: Path) -> None:
    assert (bundle_dir / "tablestore" / "ots_sdk" / "ots_sdk.so").exists()


def test_bundle_has_at_most_60_megabytes(bundle_dir: Path) -> None:
    assert sum(bundle.sizes(bundle_dir).values()) <= 60_000_000


def test_every_own_module_is_compiled(bundle_dir: Path) -> None:
    """Lambda cannot store bytecode, so it compiles other modules at each cold start."""
    if sys.version_info[:2] != (3, 12):
        pytest.skip("only Python 3.12 compiles bytecode for Lambda")
    for source in (bundle_dir / "ots_sync").glob("*.py"):
        assert (source.parent / "__pycache__" / f"{source.stem}.cpython-312.pyc").exists()


def test_zip_file_has_the_files_of_the_directory(bundle_dir: Path) -> None:
    with zipfile.ZipFile(bundle.ROOT / "dist" / "lambda_function.zip") as packed:
        assert packed.testzip() is None
        names = {
            path.relative_to(bundle_dir).as_posix()
            for path in bundle_dir.rglob("*")
            if path.is_file()
        }
        assert set(packed.namelist()) == names

"""The bundle's lists and its packing; the built bundle itself is tested under tests/bundle."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ots_local import bundle
from ots_local.lambda_runtime import python312
from tests.support.paths import ROOT

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
LAMBDA = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux"}


def pins(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall((ROOT / name).read_text("utf-8")):
        found.setdefault(package, set()).add(version)
    return found


def needed_by(package: str) -> set[str]:
    """The package and all that it needs in Lambda, by the metadata of what is installed here."""
    found: set[str] = set()
    open_names = [package]
    while open_names:
        name = canonicalize_name(open_names.pop())
        if name in found:
            continue
        found.add(name)
        for line in requires(name) or []:
            requirement = Requirement(line)
            if not requirement.marker or requirement.marker.evaluate({**LAMBDA, "extra": ""}):
                open_names.append(requirement.name)
    return found


def test_lock_holds_what_the_function_needs_less_numpy_and_boto3() -> None:
    """numpy is optional for the one package that asks for it; boto3 is in Lambda's runtime."""
    wanted = needed_by("tablestore") | needed_by("aws-lambda-powertools")
    assert set(pins("requirements-bundle.txt")) == wanted - {"numpy"}


def test_lock_ships_the_versions_that_the_tests_ran_on() -> None:
    tested = pins("constraints.txt")
    for package, versions in pins("requirements-bundle.txt").items():
        assert versions <= tested[package], package


def test_lock_has_a_hash_for_every_pin() -> None:
    text = (ROOT / "requirements-bundle.txt").read_text("utf-8")
    entries = re.split(PIN, text)[3::3]
    assert len(entries) == len(pins("requirements-bundle.txt"))
    assert all("--hash=sha256:" in entry for entry in entries)


def test_only_the_function_and_its_configuration_are_deployed() -> None:
    """Tools, local parts and tests are never deployed."""
    assert set(bundle.SHIP_LIST) == {"lambda_function.py", "ots_sync", "config"}
    assert all((ROOT / name).exists() for name in bundle.SHIP_LIST)


def test_a_directory_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(bundle.BundleError, match="not empty"):
        bundle.build(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_pack_equal_files_make_equal_zips(tmp_path: Path) -> None:
    """Neither the order of writing nor a file's date changes a byte."""
    one, other = tmp_path / "one", tmp_path / "other"
    for directory, names in ((one, ["b", "a"]), (other, ["a", "b"])):
        (directory / "package").mkdir(parents=True)
        for name in names:
            (directory / "package" / f"{name}.py").write_text(name)
    os.utime(one / "package" / "a.py", (1, 1))
    bundle.pack(one, tmp_path / "one.zip")
    bundle.pack(other, tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.namelist() == ["package/a.py", "package/b.py"]


def test_sizes_add_up_with_the_largest_first(tmp_path: Path) -> None:
    for name, count in {
        "a/x.py": 1,
        "b/y.py": 5,
        "c.dist-info/z": 2,
        "__pycache__/six.c.pyc": 4,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"0" * count)
    assert list(bundle.sizes(tmp_path).items()) == [
        ("b", 5),
        ("six.py", 4),
        ("(package metadata)", 2),
        ("a", 1),
    ]


def test_python_for_lambda_is_one_that_runs() -> None:
    python = python312.find()
    if python is None:
        pytest.skip("no Python 3.12 here")
    found = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    assert found.startswith("Python 3.12.")

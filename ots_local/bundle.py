"""The ship list and the locked dependencies go in; the directory and zip file for Lambda come out.

Runs on any Python from 3.10 with pip, without SAM or Docker, for Lambda's Python 3.12 on x86_64.
Refuses a directory that is not empty, a wrong hash, and a bundle that grew too large.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ots_local import python312

ROOT = Path(__file__).parent.parent
# Everything of ours that is deployed; a package whole. Nothing is deployed that is not named here
# or in requirements-bundle.txt.
SHIP_LIST = ("lambda_function.py", "ots_sync", "config")
# The function of a full load has the tools beside it.
TOOLS = ("ots_tools",)
REQUIREMENTS = "requirements-bundle.txt"
# Parts of the dependencies that never run in Lambda: their tests, their commands, a library for
# macOS that the SDK's wheel carries along, and pip's notes, which differ from machine to machine.
LEFT_OUT = (
    "bin",
    "*/tests",
    "future/backports/test",
    "future/moves/test",
    "*/native/*darwin.so",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)
UNPACKED_BYTES_MAX = 60_000_000
# Lambda's libc is newer than both; wheels are built for one or the other.
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_34_x86_64")
# Zip files begin in 1980; a fixed date makes equal bundles equal files.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class BundleError(Exception):
    """The bundle cannot be built; the message says what to do."""


def build(target: Path, *, tools: bool = False) -> None:
    """Fill `target` with what Lambda unpacks under /var/task; with the tools for a full load."""
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise BundleError(f"{target} is not empty. Empty it, or name another directory.")
    _install(target)
    for pattern in LEFT_OUT:
        for path in sorted(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in SHIP_LIST + (TOOLS if tools else ()):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=_all_but_python)
        else:
            shutil.copy(ROOT / name, target / name)
    _compile(target)


def _install(target: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise BundleError(
            f"{sys.executable} has no pip. On Debian or Ubuntu: apt-get install python3-pip"
        )
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"]
    command += ["--python-version", "3.12", "--implementation", "cp", "--target", str(target)]
    # The lock was made for 3.12; pip would ask whether the Python that runs it is new enough.
    command += ["--ignore-requires-python"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    # pip says on its own what went wrong.
    if subprocess.run([*command, "-r", str(ROOT / REQUIREMENTS)], check=False).returncode:
        raise BundleError("pip could not install the dependencies; its message is above.")


def _all_but_python(directory: str, names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if not (name.endswith(".py") or Path(directory, name).is_dir()) or name == "__pycache__"
    ]


def _compile(target: Path) -> None:
    """Lambda's disk is read-only: without bytecode each cold start would compile every module."""
    python = python312.find()
    if python is None:
        _say("No Python 3.12 here to compile with: cold starts will take some 0.3 s longer.")
        return
    command = [
        python,
        "-W",
        "ignore",
        "-m",
        "compileall",
        "-q",
        "-s",
        str(target),
        "-p",
        "/var/task",
    ]
    # Unchecked: no date of a source file goes in, so the zip is the same whenever it is built.
    command += ["--invalidation-mode", "unchecked-hash", str(target)]
    if subprocess.run(command, check=False).returncode:
        raise BundleError(f"{python} could not compile what is in {target}.")


def pack(source: Path, archive: Path) -> None:
    """Write `archive`: the same bytes for the same files, whenever and wherever."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in _files(source):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), ZIP_DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file())


def sizes(directory: Path) -> dict[str, int]:
    """Top-level name -> unpacked bytes, the largest first; metadata of packages in one line."""
    found: dict[str, int] = {}
    for path in _files(directory):
        name = path.relative_to(directory).parts[0]
        if name == "__pycache__":
            name = path.name.partition(".")[0] + ".py"
        name = "(names and licences)" if name.endswith(".dist-info") else name
        found[name] = found.get(name, 0) + path.stat().st_size
    return dict(sorted(found.items(), key=lambda part: -part[1]))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """The command line: `python -m ots_local.bundle DIRECTORY [--zip FILE]`."""
    parser = argparse.ArgumentParser(prog="python -m ots_local.bundle", description=__doc__)
    parser.add_argument("directory", type=Path, help="where the files go; empty, or made")
    parser.add_argument("--zip", type=Path, help="also pack them, for an upload in the console")
    parser.add_argument("--tools", action="store_true", help="add what loads exports")
    arguments = parser.parse_args()
    _say("Installing the dependencies for Python 3.12 on x86_64 ...")
    try:
        build(arguments.directory, tools=arguments.tools)
    except BundleError as error:
        sys.exit(f"error: {error}")
    parts = sizes(arguments.directory)
    for name, count in parts.items():
        _say(f"{count / 1e6:9.2f} MB  {name}")
    total = sum(parts.values())
    _say(f"{total / 1e6:9.2f} MB  in all, unpacked (at most {UNPACKED_BYTES_MAX / 1e6:.0f})")
    if total > UNPACKED_BYTES_MAX:
        sys.exit("error: the bundle grew too large; the list above shows where.")
    if arguments.zip:
        pack(arguments.directory, arguments.zip)
        _say(f"{arguments.zip.stat().st_size / 1e6:9.2f} MB  {arguments.zip}")


if __name__ == "__main__":
    main()
